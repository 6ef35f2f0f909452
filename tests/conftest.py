"""Shared by the tests: where the project is, and hypothesis without deadlines (the machines are shared)."""

from pathlib import Path

import hypothesis
import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
hypothesis.settings.register_profile("qbc", deadline=None, max_examples=60, derandomize=True)
hypothesis.settings.load_profile("qbc")


@pytest.fixture(scope="session")
def top() -> Path:
    return Path(__file__).parent.parent


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
