"""Streaming SGD: its steps are the ones written down, its averages those of its iterates, its checkpoints policies."""

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from qbc import learn
from qbc.learn import device


def test_three_steps_by_hand():
    data = iter([(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])), (np.array([[1.0, 1.0]]), np.array([[2.0, 0.0]]))])
    run = learn.stream_gains(lambda: next(data), [0.0], lr=[0.1, 0.2], steps=2, gammas=[0.5], keep=2)
    # gradient of half the mean squared error: -1/2 * (1 * 1 + 0 * 2) = -.5; then (.05 - 2 + .05) / 2 = -.95
    np.testing.assert_allclose(run.raw[:, 0], [0.05, 0.05 + 0.2 * 0.95])
    np.testing.assert_allclose(run.ema[0, :, 0], [0.025, (0.025 + 0.24) / 2])


def test_chains_do_not_mix_and_zero_noise_converges(rng):
    truth = np.array([0.5, -2.0, 3.0])

    def batches():
        x = rng.normal(size=(3, 8))
        return x, truth[:, None] * x

    run = learn.stream_gains(batches, np.zeros(3), lr=0.2, steps=300, gammas=[0.1])
    np.testing.assert_allclose(run.raw[-1], truth, atol=1e-9)
    np.testing.assert_allclose(run.ema[0, -1], truth, atol=1e-9)


def network_stream(rng, added=0.0, **more):
    """Of two tokens the second is likelier where x is large; ``added`` spoils the codes."""
    nets = learn.Networks(learn.Ensemble(3, (1, 8, 2), seed=0))

    def batches():
        x = rng.uniform(-1, 1, size=(3, 4, 1))
        return x, (x + 0.3 * rng.normal(size=x.shape) > 0) + added

    kwargs = dict(lr=0.1, steps=100, gamma=0.2, count=5, every=4, tokens=2) | more
    return nets, learn.stream_networks(nets, batches, **kwargs)


def test_checkpoints_are_networks_in_order_and_the_start_is_left_alone(rng):
    x = np.linspace(-1, 1, 7)[:, None]
    nets, run = network_stream(rng)
    again = learn.Networks(learn.Ensemble(3, (1, 8, 2), seed=0))
    np.testing.assert_array_equal(nets(x), again(x))
    assert run.count == 5
    assert run.raw(x).shape == run.ema(x).shape == (15, 7, 2)
    spread = [net(x).reshape(5, 3, 14).std(axis=0).mean() for net in (run.raw, run.ema)]
    assert 0 < spread[1] < spread[0]
    odds = [np.diff(net(x), axis=2)[..., 0] @ x[:, 0] for net in (nets, run.raw)]
    assert odds[0].max() < odds[1].min()  # and they have learned something


def test_an_average_that_follows_at_once_is_the_iterate(rng):
    x = np.linspace(-1, 1, 7)[:, None]
    _, run = network_stream(rng, gamma=1.0)
    np.testing.assert_allclose(run.raw(x), run.ema(x), atol=1e-6)


def test_a_step_on_tokens_goes_down_the_mean_log_loss(rng):
    nets = learn.Networks(learn.Ensemble(2, (2, 5, 6), seed=0))
    x, codes = rng.normal(size=(2, 7, 2)), rng.integers(3, size=(2, 7, 2))

    def losses(net):
        log_p = torch.as_tensor(learn.Networks(net)(x)).reshape(2, 7, 2, 3).log_softmax(dim=3)
        return -np.take_along_axis(log_p.numpy(), codes[..., None], axis=3).mean(axis=(1, 2, 3))

    run = learn.stream_networks(nets, lambda: (x, codes.astype(float)), lr=1e-3, steps=1, gamma=1, count=1, every=1, tokens=3)
    step = [after.detach() - before.detach() for before, after in zip(nets.net.parameters(), run.raw.net.parameters(), strict=True)]
    gained = losses(nets.net) - losses(run.raw.net)
    squared = sum((d**2).flatten(1).sum(dim=1) for d in step).numpy() / 1e-3  # lr |gradient|^2
    np.testing.assert_allclose(gained, squared, rtol=0.02)


def test_tokens_that_do_not_fit_are_named():
    nets = learn.Networks(learn.Ensemble(2, (1, 3, 6), seed=0))
    how = dict(lr=0.1, steps=1, gamma=1, count=1, every=1)
    x, codes = np.zeros((2, 4, 1)), np.zeros((2, 4, 2))
    for tokens in (0, 1, 4, 12):
        with pytest.raises(
            ValueError, match=f"tokens: at least 2, and a divisor of the width 6 of the networks' output, got {tokens}$"
        ):
            learn.stream_networks(nets, lambda: (x, codes), tokens=tokens, **how)
    for bad in (-1, 3, 0.5):
        with pytest.raises(ValueError, match=r"batch 0: u must be codes, whole numbers from 0 to 2$"):
            learn.stream_networks(nets, lambda bad=bad: (x, codes + bad), tokens=3, **how)
    with pytest.raises(ValueError, match=r"batch 0: u must be of the shape \(2, 4, 2\), got \(2, 4, 3\)"):
        learn.stream_networks(nets, lambda: (x, np.zeros((2, 4, 3))), tokens=3, **how)


def test_networks_and_batches_stay_on_one_device(monkeypatch):
    """As in test_learn_device: fake tensors elsewhere refuse to meet one that was left on the processor."""
    elsewhere = torch.device("meta")
    monkeypatch.setattr(device, "DEVICE", elsewhere)
    with FakeTensorMode():
        nets = learn.Networks(learn.Ensemble(2, (1, 3, 2), seed=0))
        batch = np.zeros((2, 4, 1)), np.zeros((2, 4, 1))
        run = learn.stream_networks(nets, lambda: batch, lr=0.1, steps=2, gamma=0.5, count=1, every=1, tokens=2)
        assert {p.device for net in (run.raw, run.ema) for p in net.net.parameters()} == {elsewhere}


def test_bad_input_is_named(rng):
    nothing = lambda: (np.zeros((1, 1)), np.zeros((1, 1)))  # noqa: E731
    with pytest.raises(ValueError, match="one lr or 3"):
        learn.stream_gains(nothing, [0.0], lr=[0.1], steps=3)
    with pytest.raises(ValueError, match="keep <= steps"):
        learn.stream_gains(nothing, [0.0], lr=0.1, steps=3, keep=4)
    with pytest.raises(ValueError, match="gammas must lie"):
        learn.stream_gains(nothing, [0.0], lr=0.1, steps=3, gammas=[0.0])
    with pytest.raises(ValueError, match="count \\* every"):
        network_stream(rng, count=50)
    for lr in (np.nan, np.inf, 0.0):
        with pytest.raises(ValueError, match="finite lr > 0"):
            network_stream(rng, lr=lr)
    with pytest.raises(ValueError, match=r"^lr: step 1 is nan"):
        learn.stream_gains(nothing, [0.0], lr=[0.1, np.nan], steps=2)
    nets, how = learn.Networks(learn.Ensemble(3, (1, 8, 2), seed=0)), dict(lr=0.1, steps=2, gamma=0.5, count=1, every=1, tokens=2)
    with pytest.raises(ValueError, match=r"^batch 0: u must be of the shape \(3, 4, 1\), got \(3, 4\)$"):
        learn.stream_networks(nets, lambda: (np.zeros((3, 4, 1)), np.zeros((3, 4))), **how)


def test_gradients_are_taken_and_threads_given_back_whatever_the_caller_has_set(rng):
    threads = torch.get_num_threads()
    with torch.no_grad():
        _, run = network_stream(rng)
    assert run.count == 5
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_batch_that_is_no_number_is_named(rng, bad):
    batches = iter([(np.ones((2, 3)), np.ones((2, 3))), (np.ones((2, 3)), np.array([[1.0, 1, 1], [1, bad, 1]]))])
    with pytest.raises(ValueError, match="batch 1: u: network 1, row 1 is"):
        learn.stream_gains(lambda: next(batches), [0.0, 0.0], lr=0.1, steps=2)
    with pytest.raises(ValueError, match="batch 0: u: network 0, row 0, column 0 is"):
        network_stream(rng, bad)


@pytest.mark.parametrize(
    ("start", "x", "u"), [(np.zeros(3), (3, 3), (3,)), (np.zeros(3), (1, 4), (1, 4)), (0.0, (4,), (4,)), (0.0, (2, 4), (1, 4))]
)
def test_batches_have_a_row_for_each_chain(start, x, u):
    with pytest.raises(ValueError, match=r"^batch 0: x and u must be of one shape \((3|n), B\), got"):
        learn.stream_gains(lambda: (np.ones(x), np.ones(u)), start, lr=0.1, steps=2)
