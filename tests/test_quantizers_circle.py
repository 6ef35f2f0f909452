"""Angles: what a turn leaves alone, errors round the circle, and the broken subject that takes a circle for a line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import quantizers as qz

over_circles = pytest.mark.parametrize("name", qz.CIRCLES)
DYADIC = qz.periodic(16, -4.0, 4.0)  # turns by 8 are exact


def law_seam(q, period, rng):
    """A full turn changes nothing, and the error round the circle never exceeds the radius, the seam included."""
    u = np.concatenate([rng.uniform(q.low, q.high, 500), [q.low, q.high, np.nextafter(q.high, -np.inf), np.nextafter(q.low, -np.inf)]])
    for turn in (-3, 0, 1, 2):
        off = np.mod(np.abs(q(u + turn * period) - u), period)
        assert np.minimum(off, period - off).max() <= q.radius * (1 + 1e-9)


@over_circles
def test_nothing_happens_at_the_seam(name):
    q = qz.CIRCLES[name]
    law_seam(q, q.high - q.low, np.random.default_rng(0))
    assert q.encode(q.high) == q.encode(q.low) == 0
    assert q.encode(np.nextafter(q.high, -np.inf)) == q.encode(np.nextafter(q.low, -np.inf)) == q.n_codes - 1


@given(u=st.floats(-4, 4, exclude_max=True, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-3), turns=st.integers(-9, 9))
def test_turns_leave_the_code_alone(u, turns):
    u = float(np.float32(u)) % 8 - 4  # few digits: no turn is rounded
    assert DYADIC.encode(u + 8 * turns) == DYADIC.encode(u)


@over_circles
@pytest.mark.parametrize("order", ["C", "F"])
def test_entries_are_treated_alike_whatever_lies_beside_them(name, order):
    q, rng = qz.CIRCLES[name], np.random.default_rng(0)
    u = np.array(rng.uniform(q.low, q.high, (700, 3)), order=order)
    inside = q.encode(u)
    u[rng.random(u.shape) < 0.01] += q.high - q.low
    codes = q.encode(u)
    assert codes.tolist() == [[int(q.encode(x)) for x in row] for row in u.tolist()]
    assert (codes == inside).mean() > 0.98
    assert type(q.encode(u[0, 0])) is np.int64


@over_circles
@given(a=st.floats(-1e3, 1e3), b=st.floats(-1e3, 1e3))
def test_distance_is_the_shorter_way(name, a, b):
    """Oracle: the least of the distances to many turns of b."""
    q = qz.CIRCLES[name]
    period = q.high - q.low
    turns = b + period * np.arange(-1000, 1001)
    assert np.isclose(q.distance(a, b), np.abs(a - turns).min(), atol=1e-9)


@over_circles
def test_everything_lies_inside(name):
    q = qz.CIRCLES[name]
    u = np.random.default_rng(0).normal(size=2000) * 100
    assert q.share_outside(u) == 0
    assert q.rms_error(u) <= q.worst_error(u) <= q.radius * (1 + 1e-9)
    assert ((q.low <= q(u)) & (q(u) < q.high)).all()


@over_circles
def test_jumps_go_round(name):
    q = qz.CIRCLES[name]
    gaps = np.diff([*q.values, q.values[0] + q.high - q.low])
    assert np.isclose(q.jump, np.minimum(gaps, q.high - q.low - gaps).max())


def test_worked_quarters():
    """Four cells of π/2 from −π: centres at ±π/4 and ±3π/4; −π and π are one angle, at the seam of the last cell and the first."""
    q = qz.periodic(4)
    assert np.allclose(q.values / np.pi, [-0.75, -0.25, 0.25, 0.75])
    assert q.encode([-np.pi, np.pi, 3.2, -3.2, 0.0, 2 * np.pi + 0.1]).tolist() == [0, 0, 0, 3, 2, 2]
    assert np.isclose(q.radius, np.pi / 4)
    assert np.isclose(q.worst_error([np.pi, -np.pi, 5 * np.pi]), np.pi / 4)
    assert np.isclose(q.jump, np.pi / 2)


def test_worked_degrees():
    q = qz.periodic(360, 0.0, 360.0)
    assert q([359.7, -0.2, 720.2]).tolist() == [359.5, 359.5, 0.5]
    assert q.distance(359.5, 0.5) == 1.0


def test_what_is_no_angle_is_named():
    for u, where in (([0.0, np.inf], r"\[1\]"), ([[np.nan, 0.0]], r"\[0, 0\]"), ([[0.0], [-np.inf]], r"\[1, 0\]")):
        with pytest.raises(ValueError, match=f"^u: on a circle finite, .*, as it is not at {where}$"):
            qz.periodic(4).encode(u)
    assert qz.periodic(4).encode(np.empty((0, 3))).shape == (0, 3)


def test_the_seam_is_low_and_not_high():
    assert qz.Periodic(np.array([0.0, 7.0]), np.array([0.0, 4.0, 8.0]))(8.0) == 0.0
    with pytest.raises(ValueError, match=r"^values: below high, which is low$"):
        qz.Periodic(np.array([1.0, 8.0]), np.array([0.0, 4.0, 8.0]))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="an angle just beyond π is sent to the other end")
def test_broken_line_for_a_circle():
    law_seam(qz.uniform(64, -np.pi, np.pi), 2 * np.pi, np.random.default_rng(0))
