"""Chapter 13, right-hand sides: worked by hand, against simulation, refusing what lies outside their domain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import bounds, learn, tasks


def test_worked_by_hand():
    assert [bounds.mean_success(1), bounds.mean_success(2)] == [1, 0]
    assert bounds.one_mode_coverage(4) == 0.25
    assert bounds.one_mode_spread(2.0) == pytest.approx(0.2)
    assert bounds.standing_coverage(16, 2000) == bounds.blind_coverage(0.02, 16, 50_000) == 1
    assert bounds.wall_blind() == bounds.blind_bridge() == 0.5
    assert bounds.exact_law_success(16) == 0.98
    assert bounds.clears(0.5) == (0.5, 0.9)
    assert bounds.mended(0.9) == pytest.approx(0.6)
    assert bounds.unimodal_overhead(2.0, 1.0, 0.8) == pytest.approx(1 + 4 / 9)
    assert bounds.unimodal_overhead(2.0, 1.0, 0.0) == pytest.approx(5)


def test_fork_blind_is_the_share_of_a_grid(rng):
    a, b = rng.uniform(-1, 1, size=(2, 1_000_000))
    ok = (np.abs(a) > 0.24) & (np.abs(np.abs(0.25 * a + 0.15 * b) - 0.25) > 0.06)
    assert bounds.fork_blind() == pytest.approx(ok.mean(), abs=0.003)


def test_circle_blind_is_the_share_of_circles_with_the_far_corners_inside(rng):
    """60 positions may step over a corner, so a little more."""
    corner = (0.08**2 + 0.25**2) / (2 * 0.2 * 0.25)
    assert 0 <= bounds.circle_blind() - (1 - corner) < 0.01
    assert bounds.circle_blind(positions=6000, grid=2000) == pytest.approx(1 - corner, abs=0.002)
    task = tasks.Circle()
    assert task.score(task.blind(50_000, rng)).success.mean() == pytest.approx(bounds.circle_blind(), abs=0.01)


@pytest.mark.parametrize("K", [8, 16])
def test_ring_blind_is_above_the_share_of_continuous_rays(K):
    """Corners subtend angles; a ray of 60 points may jump over a corner, and loses little by it."""
    task, hidden = tasks.Radial(K), 0.0
    for x, y, w, h in task.obstacles - [0.5, 0.5, 0, 0]:
        corners = np.array([(x + a * w) + 1j * (y + b * h) for a in (-1, 1) for b in (-1, 1)])
        hidden += np.ptp(np.angle(corners / (x + 1j * y)))
    assert 0 <= bounds.ring_blind(K, 0.006) - (1 - hidden / (2 * np.pi)) < 0.03


@given(st.floats(0.1, 3), st.floats(0.1, 3), st.floats(0, 0.95))
def test_overhead_is_above_one_and_falls_with_memory(s, e, lam):
    assert 1 < bounds.unimodal_overhead(s, e, lam) <= bounds.unimodal_overhead(s, e, 0.0)


def test_overhead_against_simulation(rng):
    x = np.zeros(200_000)
    for _ in range(60):
        x = 0.8 * x + 0.1 + 0.2 * rng.normal(size=x.size)
    assert (x**2).mean() / 0.25 == pytest.approx(bounds.unimodal_overhead(0.2, 0.1, 0.8), rel=0.02)


def test_the_bar_is_not_cleared_without_learning(rng):
    """The main verdict with an untrained head in the fitted one's place turns."""
    task = tasks.Radial(16)
    paths, _ = task.demonstrations(200, rng)
    chunks, none = np.diff(paths, axis=1)[None], np.zeros((1, 200, 0))
    untrained = learn.fit_coefficients(none, chunks, seed=0, steps=1, width=8)
    s = task.score(task.replay(untrained(none, rng)[0]))
    assert s.success.mean() < bounds.clears(bounds.ring_blind(16, 0.006))[0]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.mean_success(0), "some answer"),
        (lambda: bounds.one_mode_coverage(0), "some mode"),
        (lambda: bounds.one_mode_spread(0.0), "distance positive"),
        (lambda: bounds.standing_coverage(16, 20), "enough rollouts"),
        (lambda: bounds.blind_coverage(0.02, 16, 20), "enough rollouts"),
        (lambda: bounds.ring_blind(64, 0.006), "room for squares"),
        (lambda: bounds.exact_law_success(8), "enough bins"),
        (lambda: bounds.clears(1.5), "blind a probability"),
        (lambda: bounds.mended(-0.1), "exact a probability"),
        (lambda: bounds.unimodal_overhead(1.0, 0.0, 0.5), "bias nonzero"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=said):
        call()
