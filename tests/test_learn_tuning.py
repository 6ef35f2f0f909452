"""Denoising chains, agents and policy gradient: laws of a chain, log-probabilities against their definitions, a bandit by hand."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from qbc import learn
from qbc.demonstrations import demonstrations
from qbc.learn.chains import normal
from qbc.learn.device import alone, tensor
from qbc.learn.tuning import clipped, standing

K, LANE = 2, 0.05


def data(h=1, n=1500):
    rng = np.random.default_rng(0)
    u = rng.choice([-1.0, 1.0], (K, n, 1, 1)) + LANE * rng.normal(size=(K, n, h, 2))
    return demonstrations(rng.normal(size=(K, n, 1)), u)


@pytest.fixture(scope="module")
def fit():
    return learn.Fit(seed=0, steps=500, lr=1e-2, batch=128, width=32, activation="tanh")


@pytest.fixture(scope="module")
def sampler(fit):
    return learn.fit_denoiser(data(), fit, guess="data")


@pytest.fixture(scope="module")
def agents(fit, sampler):
    return {
        "chain": learn.Denoising(learn.Chain(sampler, 0.1), tuned=12),
        "bare chain": learn.Denoising(learn.Chain(sampler), tuned=12),
        "tokens": learn.Speaking(learn.fit_tokens(data(), fit, bins=8)),
        "warm tokens": learn.Speaking(learn.fit_tokens(data(), fit, bins=8), temperature=2.0),
        "mixture": learn.Dense(learn.fit_mixture(data(), fit, components=2)),
        "gaussian": learn.Gaussian(learn.fit_regression(data(), fit), 0.3),
    }


NAMES = ("chain", "bare chain", "tokens", "warm tokens", "mixture", "gaussian")
each = pytest.mark.parametrize("name", NAMES)
X = np.random.default_rng(5).normal(size=(K, 40, 1))


def drawn(agent, seed=0):
    with alone():
        obs = agent.head.view.see(X)
        said, moves = agent.act(obs, np.random.default_rng(seed))
        return obs, said, moves


# --- chains


def test_without_a_floor_a_chain_is_its_sampler(sampler):
    """Oracle: the same random numbers lead to the same chunks."""
    ours, theirs = (f(X, np.random.default_rng(3)) for f in (learn.Chain(sampler), sampler))
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_a_floor_raises_deviations_and_spares_steps_that_are_not_told(sampler):
    bare, floored, told = (list(learn.Chain(sampler, f, told=t).steps()) for f, t in ((0.0, False), (0.2, False), (0.2, True)))
    chain = learn.Chain(sampler)
    for plain, high, spared in zip(bare, floored, told, strict=True):
        assert (high.sd, high.room) == (max(plain.sd, 0.2), plain.sd)
        below = plain.then == 1 or chain.parts(plain.then)[1] < 0.2
        assert spared.sd == spared.room == (plain.sd if below else high.sd)
    assert bare[-1].sd == told[-1].sd == 0
    assert floored[-1].sd == 0.2


def test_the_last_step_of_a_floor_is_noise_of_that_deviation(sampler):
    """Worked example: the same chain with and without the last addition differ by f times standard normal numbers."""
    chain, f = learn.Chain(sampler, 0.3), 0.3
    steps = list(chain.steps())
    with alone():
        obs = sampler.view.see(np.zeros((K, 4000, 1)))
        z = normal(torch.empty(K, 4000, 2), np.random.default_rng(0))
        clean = chain.mean(z, steps[-1], obs)
        said = chain.along(z, obs, np.random.default_rng(1), steps[-1:])
    gap = (said - clean).numpy() / f
    assert stats.kstest(gap.ravel(), "norm").pvalue > 1e-4


def test_again_at_a_low_level_comes_back_and_at_a_high_one_forgets(sampler):
    chain, rng = learn.Chain(sampler), np.random.default_rng(2)
    x = np.zeros((K, 400, 1))
    u = chain(x, rng)
    near, far = (np.sign(chain.again(u, level, x, rng)) == np.sign(u) for level in (0.1, 20.0))
    assert near.mean() > 0.95
    assert 0.4 < far.mean() < 0.6


def test_a_completed_chunk_keeps_what_is_known_and_goes_on_from_it(fit):
    rng = np.random.default_rng(3)
    side = rng.choice([-1.0, 1.0], (1, 2000, 1, 1)) * np.ones((1, 1, 3, 1))
    u = side + LANE * rng.normal(size=side.shape)
    chain = learn.Chain(learn.fit_denoiser(demonstrations(np.zeros((1, 2000, 0)), u), fit, guess="data"))
    ours = chain.completed(u[:, :200, :2], np.zeros((1, 200, 0)), rng)
    assert ours.shape == (1, 200, 3, 1)
    assert (np.sign(ours[0, :, 2, 0]) == np.sign(u[0, :200, 0, 0])).mean() > 0.9
    assert abs(ours[:, :, :2] - u[:, :200, :2]).max() < 0.6


# --- agents


@each
def test_an_agent_begins_as_its_head(name, agents):
    """Drawn from the same law: means and deviations agree."""
    agent = agents[name]
    if name in ("chain", "warm tokens", "gaussian"):  # which explore on purpose
        return
    x = np.zeros((K, 3000, 1))
    ours, theirs = agent(x, np.random.default_rng(0)), agent.head(x, np.random.default_rng(1))
    assert abs(ours).mean(axis=1) == pytest.approx(abs(theirs).mean(axis=1), abs=0.03)
    assert ours.std(axis=1) == pytest.approx(theirs.std(axis=1), abs=0.06)


@each
def test_moves_are_scored_and_what_was_drawn_scores_alike_twice(name, agents):
    obs, said, moves = drawn(agents[name])
    assert said.shape == (K, 40, 2)
    with alone():
        logs = agents[name].logs(obs, moves)
        again = agents[name].logs(obs, moves)
    assert logs.shape[:2] == (K, 40)
    assert logs.shape[2] == {"chain": 12, "bare chain": 11, "tokens": 2, "warm tokens": 2}.get(name, 1)
    assert torch.equal(logs, again)
    assert len(agents[name].weights) in (1, logs.shape[2])


def test_token_laws_add_up_and_score_what_was_drawn(agents):
    agent = agents["warm tokens"]
    obs, _, moves = drawn(agent)
    with alone():
        law = agent.law(obs, np.zeros((K, 40, 2)), 0)
        cold = agents["tokens"].law(obs, np.zeros((K, 40, 2)), 0)
        logs = agent.logs(obs, moves)
    assert law.exp().sum(dim=2).numpy() == pytest.approx(1.0, abs=1e-5)
    half = (cold / 2).log_softmax(dim=2)  # the two were fitted alike
    assert law.numpy() == pytest.approx(half.numpy(), abs=1e-4)
    assert logs[:, :, 0].numpy() == pytest.approx(law.gather(2, moves[:, :, :1])[:, :, 0].numpy(), abs=1e-5)


def test_the_density_of_a_mixture_is_that_of_its_parts(agents):
    """Oracle: scipy, in the units of the networks."""
    agent = agents["mixture"]
    obs, _, moves = drawn(agent)
    with alone():
        logs = agent.logs(obs, moves).numpy()[..., 0] * 2
        weights, centres, widths = (t.numpy() for t in agent.head.logs(obs))
    parts = stats.norm.logpdf(moves.numpy()[:, :, None], centres, np.exp(widths)).sum(axis=3)
    assert logs == pytest.approx(np.logaddexp.reduce(weights + parts, axis=2), abs=1e-3)


def test_a_gaussian_by_hand(agents):
    obs, said, moves = drawn(agents["gaussian"])
    with alone():
        mean = agents["gaussian"].net(obs)
        logs = agents["gaussian"].logs(obs, moves)
    assert logs.numpy()[..., 0] == pytest.approx((-0.5 * ((said - mean) / 0.3) ** 2).mean(dim=2).numpy(), abs=1e-5)


def test_later_steps_of_a_chain_count_more(agents):
    assert agents["chain"].weights.numpy() == pytest.approx(0.95 ** np.arange(12.0)[::-1])


# --- tuning


def test_standing_has_mean_zero_and_unit_spread_and_is_zero_where_all_earn_alike():
    r = np.array([[1.0, 2.0, 6.0], [5.0, 5.0, 5.0]])
    s = standing(r)
    assert s.mean(axis=1) == pytest.approx([0.0, 0.0])
    assert s[0].std() == pytest.approx(1.0)
    assert not s[1].any()


@pytest.mark.parametrize(
    ("ratio", "worth", "value"), [(1.3, 2.0, 2.2), (1.3, -2.0, -2.6), (0.7, 2.0, 1.4), (0.7, -2.0, -1.8), (1.0, 3.0, 3.0)]
)
def test_the_clipped_objective_by_hand(ratio, worth, value):
    assert float(clipped(tensor(ratio), tensor(worth), 0.1)) == pytest.approx(value)


def upper(act, rng):
    """One step: paid on the upper lane."""
    return (act(np.zeros((K, 128, 1)), rng)[:, :, 0, 0] > 0.5).astype(float)


@each
def test_what_is_paid_is_done_more_often(name, agents):
    agent = agents[name]
    head = agent.head.net.weights[0].clone()
    trace = learn.tune(agent, upper, learn.Tuning(iterations=25, epochs=4, lr=5e-3), np.random.default_rng(0))
    assert trace.shape == (25, K)
    if name != "gaussian":  # which lies between the lanes, and is paid now and then
        assert trace[0].mean() == pytest.approx(0.5, abs=0.25)
        assert trace[-3:].mean() > 0.85
    assert torch.equal(agent.head.net.weights[0], head)  # what it began as stays


def test_two_runs_are_identical(fit):
    def run():
        agent = learn.Gaussian(learn.fit_regression(data(), fit), 1.0)
        return learn.tune(agent, upper, learn.Tuning(iterations=3), np.random.default_rng(4)), agent(X, np.random.default_rng(0))

    (a, u), (b, v) = run(), run()
    assert np.array_equal(a, b)
    assert np.array_equal(u, v)


def test_an_episode_of_two_asks_earns_for_both(agents):
    agent = agents["gaussian"]

    def twice(act, rng):
        first, second = (act(np.zeros((K, 32, 1)), rng)[:, :, 0, 0] for _ in range(2))
        return first + second

    before = agent(np.zeros((K, 500, 1)), np.random.default_rng(0)).mean()
    learn.tune(agent, twice, learn.Tuning(iterations=20, lr=5e-3), np.random.default_rng(0))
    assert agent(np.zeros((K, 500, 1)), np.random.default_rng(0)).mean() > before + 0.05


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda a, s: learn.Chain(s, -0.1), "floor: >= 0 and finite, got -0.1"),
        (
            lambda a, s: learn.Chain(s).again(np.zeros((K, 3, 1, 2)), 1e9, np.zeros((K, 3, 1)), np.random.default_rng(0)),
            "level: at most",
        ),
        (lambda a, s: learn.Chain(s).completed(np.zeros((K, 3, 1, 2)), X[:, :3], np.random.default_rng(0)), "completed: 1 to 0 known"),
        (lambda a, s: learn.Denoising(learn.Chain(s), tuned=21), "tuned: 1 to 20 steps, got 21"),
        (lambda a, s: learn.Denoising(learn.Chain(s.using(eta=0.0)), tuned=3), "tuned: steps that add noise, but for the last one"),
        (lambda a, s: learn.Denoising(learn.Chain(s), tuned=1), "tuned: steps that add noise, but for the last one"),
        (lambda a, s: learn.Speaking(a["tokens"].head, temperature=0.0), "temperature: > 0 and finite, got 0.0"),
        (lambda a, s: learn.Gaussian(a["gaussian"].head, math.inf), "sd: > 0 and finite, got inf"),
        (lambda a, s: learn.Tuning(iterations=0), "iterations and epochs: >= 1, got 0 and 5"),
        (lambda a, s: learn.Tuning(iterations=1, clip=1.0), "lr: > 0 and finite, clip: in"),
        (
            lambda a, s: learn.tune(a["gaussian"], lambda act, rng: act(X, rng)[0, :, 0], learn.Tuning(1), np.random.default_rng(0)),
            "returns: .2, episodes., got .40, 2.",
        ),
    ],
)
def test_refusals(make, said, agents, sampler):
    with pytest.raises(ValueError, match=f"^{said}"):
        make(agents, sampler)
