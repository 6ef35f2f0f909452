"""Learners keep every tensor on one device, seen on a machine without an accelerator too: torch's fake tensors compute nothing,
claim to be elsewhere, and refuse to meet a tensor of the processor, so that a loop run through shows what was left behind."""

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from qbc import learn
from qbc.learn import diffusion, ensemble, heads, training

X = np.linspace(-1, 1, 12)[:, None]
ELSEWHERE = torch.device("meta")


@pytest.fixture
def elsewhere(monkeypatch):
    """Everything is put elsewhere; the loops take two steps and skip the look at the numbers."""
    monkeypatch.setattr(training, "DEVICE", ELSEWHERE)

    def two_steps(parameters, loss, *, steps, lr):
        opt = torch.optim.SGD(parameters, lr=lr)
        for _ in range(2):
            opt.zero_grad()
            value = loss()
            assert value.device == ELSEWHERE
            value.backward()
            opt.step()

    for module in (diffusion, ensemble, heads):
        monkeypatch.setattr(module, "minimise", two_steps)
        monkeypatch.setattr(module, "array", lambda t: np.zeros(t.shape))
    with FakeTensorMode():
        yield


@pytest.mark.parametrize("batch", [None, 4])
def test_an_ensemble_trains_and_acts_on_one_device(elsewhere, batch):
    fit = learn.fit_ensemble(X, X, k=2, seed=0, steps=2, lr=0.1, batch=batch, penalty=0.1)
    assert {p.device for p in fit.net.snapshot().parameters()} == {ELSEWHERE}
    assert fit(X).shape == (2, 12, 1)
    assert fit.jacobian(X[0]).shape == (2, 1, 1)


def test_a_diffusion_policy_trains_and_acts_on_one_device(elsewhere, rng):
    fit = learn.fit_diffusion(X, X, [0.0, 0.5], seed=0, steps=2, width=4)
    assert fit(np.zeros((2, 3, 1)), rng).shape == (2, 3, 1)


def test_the_loop_for_one_network_stays_on_its_device(elsewhere, monkeypatch):
    monkeypatch.setattr(heads, "float", lambda t: 0.0, raising=False)  # a fake loss has no value
    learn.train(learn.Ensemble(1, (1, 4, 1), seed=0), lambda out, u: ((out[0] - u) ** 2).mean(), X, X, seed=0, steps=2, lr=0.1, batch=4)


def test_a_tensor_left_behind_is_noticed(elsewhere):
    with pytest.raises(RuntimeError, match="device"):
        learn.Ensemble(1, (1, 1), seed=0)(torch.ones(3, 1))
