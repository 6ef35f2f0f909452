"""Shared by the tests: where the project is, a made-up one, interventions that are undone, hypothesis without deadlines."""

import importlib
import shutil
import sys
from contextlib import contextmanager
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


@pytest.fixture
def under():
    """``with under("fit"):`` has that intervention in this process, undone afterwards."""
    from qbc.interventions import apply, learners, reached, swaps  # torch: slow to import

    @contextmanager
    def held(intervention):
        modules = {importlib.import_module(s.target.partition(":")[0]) for s in swaps()}
        modules |= {m for n, m in sys.modules.items() if n == "qbc" or n.startswith("qbc.")}
        owners = modules | {c for m in modules for c in vars(m).values() if isinstance(c, type) and c.__module__.startswith("qbc.")}
        before = [(o, dict(vars(o))) for o in owners]
        learners.RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state
        apply(intervention)
        try:
            yield
        finally:
            for owner, names in before:
                for n in [n for n, value in names.items() if vars(owner)[n] is not value]:
                    setattr(owner, n, names[n])
            reached.clear()

    return held
