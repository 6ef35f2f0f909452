"""Shared by the tests: where the project is, interventions that are undone, and hypothesis without deadlines (machines are shared)."""

import importlib
import sys
from contextlib import contextmanager
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
