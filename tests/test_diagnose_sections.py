"""The sections of the report, each against another way to compute it, or by hand."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from diagnose_data import clean
from hypothesis import given
from hypothesis import strategies as st

from qbc import bounds
from qbc.claims import Estimate
from qbc.datasets import Piece
from qbc.diagnose.alignment import align
from qbc.diagnose.drift import BINS, drift
from qbc.diagnose.findings import sparse
from qbc.diagnose.horizon import carried, geometric, horizon
from qbc.diagnose.marginals import LEVELS, Marginals
from qbc.diagnose.motion import motion
from qbc.diagnose.neighbours import LEAST, NEAR, neighbours, ratio, two_groups
from qbc.diagnose.rows import LARGEST, STRETCH, Blocks, Sampler, sound, stretches


def sampled(episodes, budget=2**15, seed=0):
    """The sample and the dimensions of episodes (u, x), x None where there is no state."""
    sampler, blocks, marginals = Sampler(np.random.default_rng(seed), budget), Blocks(), Marginals(episodes[0][0].shape[1])
    for i, (u, x) in enumerate(episodes):
        p = Piece(i, 0, u, x)
        ok = sound(p)
        for s in stretches(p, ok):
            sampler.offer(s)
        blocks.add(p, ok)
    marginals.add(*blocks.take())
    names = tuple(f"u{i}" for i in range(episodes[0][0].shape[1]))
    dx = 0 if episodes[0][1] is None else episodes[0][1].shape[1]
    return sampler.sample(len(names), dx), marginals.dimensions(names)


# --- rows


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(0, 99), st.sampled_from([0.0, 0.2, 1.0]))
def test_sound_rows_are_kept_and_follow_one_another_only_where_none_is_missing(lengths, seed, share):
    rng = np.random.default_rng(seed)
    blocks, kept, want, follows = Blocks(), [], [], []
    for e, n in enumerate(lengths):
        u = rng.normal(size=(n, 2))
        u[rng.random(n) < share, 1] = rng.choice([np.nan, np.inf, -2 * LARGEST])
        ok = np.abs(u[:, 1]) <= LARGEST
        for a in range(0, n, 4):  # pieces of an episode
            p = Piece(e, a, u[a : a + 4])
            assert (sound(p) == ok[a : a + 4]).all()
            kept += list(stretches(p, sound(p)))
            blocks.add(p, sound(p))
        want += list(u[ok])
        follows += [bool(t and ok[t - 1]) for t in range(n) if ok[t]]
    block = blocks.take()
    if not want:
        assert block is None
        assert kept == []
        return
    np.testing.assert_array_equal(block[0], want)
    assert block[1].tolist() == follows
    np.testing.assert_array_equal(np.concatenate([s.actions for s in kept]), want)


def test_stretches_are_as_long_as_they_may_be_and_say_where_they_start():
    u = np.zeros((2 * STRETCH + 10, 1))
    u[STRETCH + 3] = np.nan
    found = list(stretches(Piece(7, 100, u), sound(Piece(7, 100, u))))
    assert [(s.start, len(s.actions)) for s in found] == [
        (100, STRETCH),
        (100 + STRETCH, 3),
        (104 + STRETCH, STRETCH),
        (104 + 2 * STRETCH, 6),
    ]


def test_the_sample_takes_every_stretch_equally_often():
    """Forty stretches of ten rows, a budget of a hundred rows: each is in a quarter of the samples (four standard deviations)."""
    counts = np.zeros(40)
    for seed in range(120):
        sample, _ = sampled([(np.full((10, 1), float(i)), None) for i in range(40)], budget=100, seed=seed)
        assert len(sample.actions) == 100
        assert not sample.whole
        counts[np.unique(sample.actions).astype(int)] += 1
    assert np.abs(counts - 30).max() < 4 * np.sqrt(120 * 0.25 * 0.75)
    assert sampled([(np.zeros((10, 1)), None)] * 5)[0].whole


# --- marginals


@given(st.integers(1, 60), st.integers(1, 3), st.integers(0, 99), st.sampled_from([1.0, 1e-3, 1e6]))
def test_what_is_counted_block_by_block_is_what_numpy_counts_at_once(n, d, seed, unit):
    rng = np.random.default_rng(seed)
    u = unit * rng.integers(-3, 4, (n, d)) * 1.0
    follows = rng.random(n) < 0.8
    follows[0] = False
    marginals = Marginals(d)
    for rows in np.split(np.arange(n), range(7, n, 7)):
        marginals.add(u[rows], follows[rows])
    steps = np.abs(np.diff(u, axis=0, prepend=u[:1]))[follows]
    for i, found in enumerate(marginals.dimensions(tuple("abc"[:d]))):
        c = u[:, i]
        assert (found.min, found.max) == (c.min(), c.max())
        assert (found.at_min, found.at_max, found.zero) == tuple(float((c == v).mean()) for v in (c.min(), c.max(), 0.0))
        assert found.mean == pytest.approx(c.mean(), abs=1e-12 * unit)
        assert found.std == pytest.approx(c.std(), abs=1e-9 * unit)
        assert found.repeats == (float((steps[:, i] == 0).mean()) if len(steps) else 0.0)
        assert found.largest_step == (steps[:, i].max() if len(steps) else 0.0)
        assert sum(found.histogram) == n
        if found.kind == "discrete":
            assert found.levels == tuple(np.unique(c))


def test_a_dimension_is_discrete_up_to_so_many_values():
    for n in (LEVELS, LEVELS + 1):
        _, (d,) = sampled([(np.tile(np.arange(float(n)), 9)[:, None], None)])
        assert d.kind == ("discrete" if n == LEVELS else "continuous")


def test_rounding_is_no_movement():
    _, (d,) = sampled([(1e6 + np.array([[0.0], [1e-7], [-1e-7]] * 5), None)])
    assert d.kind == "constant"
    assert not sparse(d)


# --- alignment


@pytest.mark.parametrize("late", range(-4, 5))
@pytest.mark.parametrize("increments", [False, True])
def test_the_lag_that_was_planted_is_found(late, increments, rng):
    episodes = []
    for u, x in clean(rng, increments=increments):
        n = len(u) - abs(late)
        episodes.append((u[:n], x[late:]) if late >= 0 else (u[-late:], x[:n]))
    found = align(*sampled(episodes), ("a", "b", "c"))
    assert found.kind == ("increments" if increments else "targets")
    assert found.lag == (0 if increments else 1) - late
    assert [a.state for a in found.dimensions] == ["a", "b", "c"]
    scale = 1.0 if increments else 0.9  # of a target the state makes up eight tenths at once
    assert all(abs(a.scale - scale) < 0.2 for a in found.dimensions if late == 0)


def test_states_in_another_order_are_found_by_what_they_do_or_by_their_names(rng):
    order = [2, 0, 1]
    sample, dimensions = sampled([(u, x[:, order]) for u, x in clean(rng)])
    assert [a.state for a in align(sample, dimensions, ("c", "a", "b")).dimensions] == ["a", "b", "c"]
    named = align(sample, dimensions, ("u2", "u0", "u1"))
    assert [a.state for a in named.dimensions] == ["u0", "u1", "u2"]


def test_a_state_that_has_nothing_to_do_with_the_actions_is_followed_by_none(rng):
    sample, dimensions = sampled([(rng.normal(size=(60, 2)), rng.normal(size=(60, 3)).cumsum(axis=0)) for _ in range(20)])
    assert {a.kind for a in align(sample, dimensions, tuple("abc")).dimensions} == {"unknown"}


# --- motion and drift


def test_pauses_by_hand():
    """Rows 1, 2 and 5 stand still; the first two are one pause at the start, and the other episode never moves."""
    u = np.array([0.0, 0, 0, 1, 2, 2])[:, None]
    sample, dimensions = sampled([(u, None), (np.zeros((3, 1)), None), (np.arange(50.0)[:, None], None)])
    found = motion(sample, dimensions, "targets")
    assert found.rows == 5 + 2 + 49
    assert found.pauses == (3 + 2) / 56
    assert (found.longest, found.leading) == (2, 2)
    assert found.steps == (1.0,)
    as_increments = motion(sample, dimensions, "increments")
    assert as_increments.pauses == (2 + 2) / 56  # a row counts where its increment is 0; the first of an episode follows none


def test_summed_bins_by_hand():
    """Increments of .3, range 1: 15 bins of 2 / 15 decode it to 4 / 15, 16 bins of 1 / 8 to 5 / 16."""
    u = np.concatenate([np.full(90, 0.3), [-1.0, 1.0] * 5])[:, None]
    sample, dimensions = sampled([(u[:90], None), (u[90:], None)])
    (found,) = drift(sample, [replace(d, kind="continuous") for d in dimensions])
    assert tuple(found.by_bins) == BINS
    ends = {n: 1 / n for n in (15, 16)}  # at 1 the last bin decodes to its middle, 1 - 1 / n; the sums stay within one step
    for n, back in ((15, 4 / 15), (16, 5 / 16)):
        both = [abs(back - 0.3) / 0.3, ends[n] / 1.0]
        assert found.by_bins[n] == pytest.approx(np.median(both))


# --- horizon


def loop(rng, a, b, L, n=60, T=50, noise=0.05):
    """Episodes of x' = a x + b u + noise with u = L x + noise."""
    x, u, found = rng.normal(size=n), None, []
    for _ in range(T):
        u = L * x + noise * rng.normal(size=n)
        found.append((u, x))
        x = a * x + b * u + noise * rng.normal(size=n)
    us, xs = (np.stack([f[i] for f in found], axis=1)[..., None] for i in (0, 1))
    return list(zip(us, xs, strict=True))


@pytest.mark.parametrize(("a", "b", "L"), [(0.9, 0.4, -1.0), (1.05, 0.3, -0.5), (0.5, 1.0, 0.2), (1.0, 1.0, -0.3)])
def test_the_loop_that_was_made_is_within_the_intervals(a, b, L, rng):
    sample, dimensions = sampled(loop(rng, a, b, L))
    (found,) = horizon(sample, align(sample, dimensions, ("x",)), dimensions, ("x",), 400, None, rng).loops or [None]
    for estimate, true in ((found.memory, a), (found.effect, b), (found.pole, a + b * L)):
        assert abs(estimate.value - true) < 0.05
        assert estimate.low - 0.02 < true < estimate.high + 0.02
    assert found.holds == "yes"
    assert found.carried.low <= bounds.stabilised_gap(a, b, L, 1.0) <= found.carried.high  # 400 steps are for ever here


@given(st.floats(0.05, 0.95), st.floats(0.1, 3), st.integers(1, 30), st.integers(0, 99))
def test_what_is_carried_bounds_a_rollout_is_attained_and_tends_to_chapter_02(pole, b, H, seed):
    """The largest state gap of two loops whose actions differ by at most 1; equality where they always differ by 1."""
    exactly = carried(Estimate(b, b, b), Estimate(pole, pole, pole), H)
    errors, x, worst = np.random.default_rng(seed).uniform(-1, 1, H), 0.0, 0.0
    for e in errors:
        x, worst = pole * x + b * e, pole * worst + b
    assert abs(x) <= exactly.value * (1 + 1e-9)
    assert exactly.value == pytest.approx(worst)
    forever = carried(Estimate(b, b, b), Estimate(pole, pole, pole), 10_000)
    assert forever.value == pytest.approx(bounds.stabilised_gap(pole, b, 0.0, 1.0))


@pytest.mark.parametrize(("p", "steps", "sum_"), [(1.0, 7, 7), (2.0, 4, 15), (0.5, 3, 1.75), (0.0, 5, 1), (3.0, 5000, np.inf)])
def test_the_sum_by_hand(p, steps, sum_):
    assert geometric(p, steps) == pytest.approx(sum_)


def test_a_pole_that_may_be_either_side_of_one_is_told_so(rng):
    sample, dimensions = sampled(loop(rng, 1.0, 1.0, 0.0, n=12))
    aligned = align(sample, dimensions, ("x",))
    if found := horizon(sample, aligned, dimensions, ("x",), 50, None, rng).loops:
        assert found[0].holds in ("?", "yes")
        assert found[0].carried.high > found[0].carried.value


def test_a_given_gain_is_taken_and_nothing_is_fitted(rng):
    sample, dimensions = sampled(clean(rng))
    found = horizon(sample, align(sample, dimensions, tuple("abc")), dimensions, tuple("abc"), 50, 3.0, rng)
    assert (found.gain, found.loops) == (3.0, ())
    assert found.half_bin == tuple((d.name, pytest.approx(3.0 * d.spread / 512)) for d in dimensions)


# --- neighbours


def test_the_ratio_by_hand():
    """0, 0, 2, 10, 12: means 2/3 and 11, within sums of squares 8/3 and 2."""
    gap, smaller = ratio(np.array([0.0, 0, 2, 10, 12])[:, None])
    assert gap == pytest.approx((11 - 2 / 3) / np.sqrt((8 / 3 + 2) / 5))
    assert smaller == 2


def test_the_cut_is_the_best_of_all_cuts(rng):
    """Oracle: every way to cut the sorted projections."""
    a = rng.normal(size=(NEAR, 3)) * [5, 0.1, 0.1]
    v = np.sort(a[:, 0])
    least = min(sum(((p - p.mean()) ** 2).sum() for p in (v[:k], v[k:])) for k in range(1, NEAR))
    parts = [(v[:k], v[k:]) for k in range(1, NEAR)]
    best = min(parts, key=lambda p: sum(((q - q.mean()) ** 2).sum() for q in p))
    assert ratio(a)[0] == pytest.approx((best[1].mean() - best[0].mean()) / np.sqrt(least / NEAR), rel=0.05)


@pytest.mark.parametrize(("d", "law"), [*itertools.product((1, 8, 50), ("normal", "uniform", "laplace"))])
def test_one_group_is_seldom_taken_for_two(d, law, rng):
    seen = [two_groups(getattr(rng, law)(size=(NEAR, d))) for _ in range(400)]
    assert np.mean(seen) < 0.02


@pytest.mark.parametrize("smaller", [LEAST, NEAR // 2])
def test_two_groups_are_seen(smaller, rng):
    for _ in range(50):
        a = rng.normal(size=(NEAR, 5))
        a[:smaller, 0] += 20.0
        assert two_groups(a)
        assert ratio(a)[1] == smaller
    assert not two_groups(np.zeros((NEAR, 2)))


def test_the_state_explains_what_it_explains(rng):
    """Actions that are linear in the state have one way, however steep, and their jump is the slope."""
    x = [rng.normal(size=(40, 2)) for _ in range(30)]
    sample, dimensions = sampled([(s @ [[3.0], [-1.0]] + 0.01 * rng.normal(size=(40, 1)), s) for s in x])
    found = neighbours(sample, dimensions, 1, rng)
    assert found.ways_at == 0
    assert found.jump < 0.2 * found.apart
    (d,) = dimensions
    assert found.slope * d.spread == pytest.approx(2.0, rel=0.5)  # between the gradient's length, √10, and 0


def test_ways_that_a_recorded_state_decides_are_none(rng):
    """Control of the fault: the side is a state, so neighbours agree."""
    sides = [np.full((40, 1), s) for s in rng.permutation(np.repeat([-1.0, 1.0], 20))]
    hidden = [(s + 0.05 * rng.normal(size=(40, 1)), rng.normal(size=(40, 1))) for s in sides]
    shown = [(u, np.hstack([x, s])) for (u, x), s in zip(hidden, sides, strict=True)]
    assert neighbours(*sampled(hidden), 4, rng).two_ways.value > 0.9
    assert neighbours(*sampled(shown), 4, rng).two_ways.value < 0.02


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ([(np.ones((9, 1)), np.ones((9, 1)))] * 20, "no action dimension varies"),
        ([(np.arange(9.0)[:, None], None)] * 20, "no state was recorded"),
        ([(np.arange(9.0)[:, None], np.ones((9, 1)))] * 60, "the state does not vary"),
        ([(np.arange(9.0)[:, None], np.arange(9.0)[:, None])] * 5, "fewer than 18 episodes are longer than a chunk of 4 steps"),
    ],
)
def test_says_why_it_sees_nothing(found, why, rng):
    wide = [(u * 1.0 + 0.001 * i * (u > 0), x) for i, (u, x) in enumerate(found)] if why != "no action dimension varies" else found
    seen = neighbours(*sampled(wide), 4, rng)
    assert (seen.places, seen.why, seen.two_ways) == (0, why, None)
