"""Chapter 13, right-hand sides: worked by hand, against simulation, refusing what lies outside their domain."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import bounds, learn, tasks
from qbc.demonstrations import demonstrations
from qbc.representations import Dct


def test_worked_by_hand():
    assert bounds.one_mode_spread(2.0) == pytest.approx(0.2)
    assert bounds.blind_coverage(0.5, 2, 3) == pytest.approx(1 - 2 / 8)
    assert bounds.blind_coverage(1.0, 1, 1) == bounds.blind_coverage(1 / 16, 16, 2000) == 1
    assert bounds.blind_coverage(0.02, 16, 20) == 0  # the union bound says nothing
    assert bounds.fork_blind() == pytest.approx(196 / 375)
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
    assert bounds.circle_blind(6000) == pytest.approx(1 - corner, abs=2e-4)
    p, s = np.linspace(0.5, 1, 40_001)[:, None], np.linspace(0, 2 * np.pi, 60, endpoint=False)
    hit = np.zeros(len(p), dtype=bool)
    for a in s:
        hit |= ((np.abs(0.2 * p * np.sin(a)) <= 0.08) & (np.abs(0.2 * p * (1 - np.cos(a)) - 0.2) <= 0.05))[:, 0]
    assert bounds.circle_blind() == pytest.approx((~hit).mean() / 2, abs=5e-5)
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


@pytest.mark.parametrize(("K", "noise", "positions"), [(8, 0.006, 60), (16, 0.006, 60), (2, 0.0, 60), (5, 0.01, 7)])
def test_ring_blind_is_the_share_of_random_headings(K, noise, positions, rng):
    h = rng.uniform(0, 2 * np.pi, size=40_000)
    w, free = (0.2 * np.sin(np.pi / K) - 3 * noise) / np.sqrt(2), np.ones(h.size, dtype=bool)
    for middle in (2 * np.arange(K) + 1) * np.pi / K:
        for r in np.linspace(0, 0.4, positions):
            x, y = r * np.cos(h) - 0.2 * np.cos(middle), r * np.sin(h) - 0.2 * np.sin(middle)
            free &= (np.abs(x) > w) | (np.abs(y) > w)
    assert free.mean() == pytest.approx(bounds.ring_blind(K, noise, positions=positions), abs=0.015)


def test_blindness_succeeds_by_a_third_to_a_half():
    """The numbers that the text of the chapter gives."""
    shares = [bounds.circle_blind(), bounds.fork_blind(), bounds.ring_blind(8, 0.006), bounds.ring_blind(16, 0.006)]
    assert shares == pytest.approx([0.319, 0.523, 0.347, 0.527], abs=5e-4)


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
    chunks = demonstrations(None, np.diff(paths, axis=1)[None]).represented(Dct(paths.shape[1] - 1, 8))
    untrained = learn.fit_tokens(chunks, learn.Fit(seed=0, steps=1, width=8))
    s = task.score(task.replay(untrained(np.zeros((200, 0)), rng)[0]))
    assert s.success.mean() < bounds.ring_blind(16, 0.006)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.one_mode_spread(0.0), "distance must lie in (0, inf), got 0"),
        (lambda: bounds.blind_coverage(-1, 16, 20), "least must lie in (0, 1], got -1"),
        (lambda: bounds.blind_coverage(0.02, 0, 20), "K must lie in [1, inf), got 0"),
        (lambda: bounds.blind_coverage(0.2, 16, 20), "K * least <= 1 must hold, got least=0.2, K=16"),
        (lambda: bounds.blind_coverage(0.02, 16, 2.5), "n must be a whole number in [1, inf), got 2.5"),
        (lambda: bounds.ring_blind(64, 0.006), "3 * noise < 0.2 * sin(pi / K) must hold, got K=64, noise=0.006"),
        (lambda: bounds.ring_blind(8, -1), "noise must lie in [0, inf), got -1"),
        (lambda: bounds.ring_blind(0, 0.006), "K must lie in [2, inf), got 0"),
        (lambda: bounds.ring_blind(2.5, 0.006), "K must be a whole number in [2, inf), got 2.5"),
        (lambda: bounds.circle_blind(0), "positions must lie in [2, 10000], got 0"),
        (lambda: bounds.fork_blind(0.3), "box must lie in (0, 1/4), got 0.3"),
        (lambda: bounds.mended(-0.1), "exact must lie in [0, 1], got -0.1"),
        (lambda: bounds.mended(0.5, 7), "share must lie in [0, 1], got 7"),
        (lambda: bounds.unimodal_overhead(1.0, 0.0, 0.5), "e != 0 must hold, got e=0"),
        (lambda: bounds.unimodal_overhead(1.0, math.nan, 0.5), "e must lie in (-inf, inf), got nan"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
