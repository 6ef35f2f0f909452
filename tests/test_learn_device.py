"""Learners keep every tensor on one device, seen on a machine without an accelerator too: torch's fake tensors compute nothing,
claim to be elsewhere, and refuse to meet a tensor of the processor, so that a loop run through shows what was left behind."""

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from qbc import learn
from qbc.demonstrations import demonstrations
from qbc.learn import device
from qbc.learn.examples import EXAMPLES

X = np.linspace(-1, 1, 12)[:, None]
ELSEWHERE = torch.device("meta")
SMALL = learn.Fit(seed=0, steps=2, width=4, batch=4)


@pytest.fixture
def elsewhere(monkeypatch):
    """Everything is put elsewhere; the loops take two steps and skip the look at the numbers."""
    monkeypatch.setattr(device, "DEVICE", ELSEWHERE)

    def two_steps(parameters, loss, *, steps, lr, **how):
        opt = torch.optim.SGD(parameters, lr=lr)
        for _ in range(2):
            opt.zero_grad()
            value = loss()
            assert value.device == ELSEWHERE
            value.backward()
            opt.step()

    def no_numbers(t):
        return np.random.default_rng(0).random(t.shape)

    def no_indices(t):
        return np.zeros(t.shape, dtype=np.int64)

    for module in [m for name, m in vars(learn).items() if hasattr(m, "__file__") and m is not device]:
        for name, fake in (("minimise", two_steps), ("array", no_numbers), ("indices", no_indices)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, fake)
    with FakeTensorMode():
        yield


COUNTED = {
    "alike": {},
    "weights": {"weights": np.ones((2, 12))},
    "mask": {"mask": np.arange(72).reshape(2, 12, 3) % 5 > 0},
    "rows padded": {"mask": np.broadcast_to(np.arange(12)[:, None] > 0, (2, 12, 3))},
}


@pytest.mark.parametrize("counted", COUNTED)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_head_trains_and_acts_on_one_device(elsewhere, name, counted):
    if "mask" in COUNTED[counted] and not EXAMPLES[name].padded:
        pytest.skip("takes no padded steps")
    u = np.random.default_rng(0).normal(size=(2, 12, 3, 2))
    head = EXAMPLES[name].fit(demonstrations(np.tile(X, (2, 1, 1)), u, **COUNTED[counted]).noised(0.1).waved(1), SMALL)
    assert head(np.zeros((2, 5, 1)), np.random.default_rng(0)).shape == (2, 5, 3, 2)


def test_networks_differentiate_on_one_device(elsewhere):
    nets = learn.fit_regression(demonstrations(X, X), SMALL, penalty=0.1).networks()
    assert {p.device for p in nets.net.parameters()} == {ELSEWHERE}
    assert nets.jacobian(X[0]).shape == (1, 1, 1)


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("activation", ["relu", "groupsort"])
def test_generators_train_and_act_on_one_device(elsewhere, activation, normalise):
    fit = learn.fit_lipschitz(X, X[:, 0], [1.0, 2.0], SMALL, activation=activation, normalise=normalise)
    assert {w.device for w in (*fit.weights, *fit.biases)} == {ELSEWHERE}
    assert fit(np.zeros((3, 1))).shape == (2, 3)


def test_autoencoders_encode_and_decode_on_one_device(elsewhere):
    fit = learn.fit_autoencoders(demonstrations(X, X).times(2), SMALL, penalties=[0.1, 1.0])
    assert fit.encode(X, X)[0].shape == (2, 12, 4)
    assert fit.decode(np.zeros((12, 4)), X).shape == (2, 12, 1, 1)


def test_a_tensor_left_behind_is_noticed(elsewhere):
    with pytest.raises(RuntimeError, match="device"):
        learn.Ensemble(1, (1, 1), seed=0)(torch.ones(3, 1))
