"""Shared by the tests: where the project is, a made-up one, and hypothesis without deadlines (the machines are shared)."""

import shutil
from pathlib import Path

import hypothesis
import matplotlib as mpl
import numpy as np
import pytest
from made_up import BODY, edit, write

from qbc.pipeline import chapters, jobs

mpl.use("Agg")
hypothesis.settings.register_profile("qbc", deadline=None, max_examples=60, derandomize=True)
hypothesis.settings.load_profile("qbc")


@pytest.fixture(scope="session")
def top() -> Path:
    return Path(__file__).parent.parent


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """A book of two chapters, executed once; for reading."""
    top = tmp_path_factory.mktemp("book")
    write(top, _01_a=BODY, _02_b=BODY)
    edit(top / "book" / "02-b.md", "thm-a", "thm-b")
    jobs.run(chapters.find(top), top / "_build" / "executed", jobs=2, say=lambda _: None)
    return top


@pytest.fixture
def done(executed, tmp_path, monkeypatch):
    """The same book to work in: the current folder is its clone."""
    shutil.copytree(executed, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A book of one chapter that was not executed yet, and the current folder its clone."""
    write(tmp_path, _01_a=BODY)
    monkeypatch.chdir(tmp_path)
    return tmp_path
