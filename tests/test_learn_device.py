"""Learners keep every tensor on one device, seen on a machine without an accelerator too: torch's fake tensors compute nothing,
claim to be elsewhere, and refuse to meet a tensor of the processor, so that a loop run through shows what was left behind."""

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from qbc import learn
from qbc.learn import flows, heads, training

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

    for module in vars(learn).values():
        if hasattr(module, "minimise") and module is not training:
            monkeypatch.setattr(module, "minimise", two_steps)
        if hasattr(module, "array") and module is not training:
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


def test_a_flow_trains_and_acts_on_one_device(elsewhere, rng):
    fit = learn.fit_flow(X, np.tile(X, 2), k=2, seed=0, steps=2, width=4)
    assert fit(np.zeros((2, 3, 1)), rng, evaluations=3).shape == (2, 3, 2)


def test_a_denoiser_trains_and_acts_on_one_device(elsewhere, rng, monkeypatch):
    fit = learn.fit_denoiser(X, np.tile(X, 2), k=2, seed=0, steps=2, width=4)
    shares = np.linspace(0.1, 1, 4)  # of a walk in three steps: fake ones have no value
    monkeypatch.setattr(flows, "array", lambda t: shares if t.ndim == 1 else np.zeros(t.shape))
    assert fit(np.zeros((2, 3, 1)), rng, evaluations=3).shape == (2, 3, 2)


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("activation", ["relu", "groupsort"])
def test_generators_train_and_act_on_one_device(elsewhere, activation, normalise):
    fit = learn.fit_lipschitz(X, X[:, 0], [1.0, 2.0], seed=0, activation=activation, normalise=normalise, steps=2, width=4)
    assert {w.device for w in (*fit.weights, *fit.biases)} == {ELSEWHERE}
    assert fit(np.zeros((3, 1))).shape == (2, 3)


def test_the_loop_for_one_network_stays_on_its_device(elsewhere, monkeypatch):
    monkeypatch.setattr(heads, "float", lambda t: 0.0, raising=False)  # a fake loss has no value
    learn.train(learn.Ensemble(1, (1, 4, 1), seed=0), lambda out, u: ((out[0] - u) ** 2).mean(), X, X, seed=0, steps=2, lr=0.1, batch=4)


@pytest.mark.parametrize("how", [{"penalty": "kl"}, {"penalty": "mmd", "jitter": 0.1, "batch": 4}, {"s": X}])
def test_autoencoders_train_and_decode_on_one_device(elsewhere, how):
    fit = learn.fit_autoencoders(X, [0.1, 1.0], seed=0, steps=2, **how)
    assert fit.encode(X, how.get("s"))[0].shape == fit.decode(X, how.get("s")).shape == (2, 12, 1)
    assert fit.only(1).decode(X, how.get("s")).shape == (1, 12, 1)


CHUNKS = {
    "points": lambda x, u: learn.fit_points(x, u, loss="squared", seed=0, steps=2, batch=4),
    "mixture": lambda x, u: learn.fit_chunk_mixture(x, u, components=3, seed=0, steps=2, batch=4),
    "latents": lambda x, u: learn.fit_latents(x, u, [0.1, 1.0], penalty="kl", seed=0, steps=2, batch=4),
    "codes": lambda x, u: learn.fit_codes(x, u, [2, 3], seed=0, steps=2, batch=4),
    "coefficients": lambda x, u: learn.fit_coefficients(x, u.reshape(2, 12, 3, 2), kept=2, bins=4, seed=0, steps=2, rows=4),
    "steps": lambda x, u: learn.fit_steppers(
        x, u.reshape(2, 12, 3, 2), np.zeros((2, 2)), learn.Sight(), bins=4, seed=0, steps=2, rows=4
    ),
}


@pytest.mark.parametrize("name", CHUNKS)
def test_heads_of_chunks_train_and_act_on_one_device(elsewhere, rng, name):
    head = CHUNKS[name](np.tile(X, (2, 1, 1)), rng.normal(size=(2, 12, 6)))
    assert len(head(np.zeros((2, 5, 1)), rng)) == 2


def test_a_tensor_left_behind_is_noticed(elsewhere):
    with pytest.raises(RuntimeError, match="device"):
        learn.Ensemble(1, (1, 1), seed=0)(torch.ones(3, 1))
