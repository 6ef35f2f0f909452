"""TV_eps, what rounding may not decide: points on a lattice, the slack of a distance, points far out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc.divergences import tv_eps

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("per_unit", [10, 100])
@pytest.mark.parametrize("offset", [0.0, 0.3, 7.0, 1e3, -1e6])
def test_neighbours_on_a_lattice_are_at_its_step_wherever_it_lies(d, per_unit, offset):
    grid, step = np.full((100, d), offset), 1 / per_unit
    grid[:, 0] += np.arange(100) / per_unit
    for a, b, c in zip(grid, grid[1:], grid[2:], strict=False):
        assert tv_eps([a], [b], step) == 0
        assert tv_eps([a], [c], step) == 1
        assert tv_eps([a], [b], 0.999 * step) == 1
    assert tv_eps(grid[1:], grid[:-1], step) == 0
    assert tv_eps(grid[2:], grid[:-2], step) == pytest.approx(1 / 98)
    assert tv_eps(grid[2:], grid[:-2], 2 * step) == 0


@pytest.mark.parametrize("offset", [0.0, 0.3, 1e3])
@given(seed=SEEDS, eps=st.sampled_from([0.0, 0.1, 0.2, 0.5]))
def test_a_lattice_in_tenths_is_one_in_whole_numbers(offset, seed, eps):
    """Triples 3, 4, 5 put pairs at distance .5 along a diagonal too."""
    x, y = np.random.default_rng(seed).integers(0, 12, size=(2, 30, 2))
    assert tv_eps(offset + x / 10, offset + y / 10, eps) == tv_eps(x, y, 10 * eps)
    assert tv_eps(offset + x[:, 0] / 10, offset + y[:, 0] / 10, eps) == tv_eps(x[:, 0], y[:, 0], 10 * eps)


def test_the_slack_is_a_share_of_eps_and_of_the_pairs_own_coordinates():
    assert tv_eps([0.7], [0.8], 0.1) == 0
    assert tv_eps([0.0], [1 + 5e-10], 1.0) == 0
    assert tv_eps([0.0], [1 + 5e-9], 1.0) == 1
    assert tv_eps([0.1 + 0.2], [0.3], 0.0) == 0
    assert tv_eps([1.0], [1 + 1e-14], 0.0) == 1
    for at, ulps, value in ((1.0, 4, 0), (1.0, 5, 1), (-1.0, -4, 0), (-1.0, -5, 1)):
        assert tv_eps([at], [at + ulps * np.spacing(1.0)], 0.0) == value
        assert tv_eps([[at, 0.0]], [[at + ulps * np.spacing(1.0), 0.0]], 0.0) == value
    assert tv_eps([1e6, 1.0], [1e6, 1 + 1e-14], 0.0) == 0.5  # a large point elsewhere lends it nothing
    assert tv_eps([[1e6, 0], [1, 0]], [[1e6, 0], [1 + 1e-14, 0]], 0.0) == 0.5


U = 2.0**-52  # the slack at 1 is 4 U


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(
    ("far", "near"),
    [
        (1.0, 1 - 4 * U),
        (2.0, 2 - 8 * U),  # twice as far out as most: it is sought as they are
        (2 + 2 * U, 2 - 6 * U),  # farther: it searches alone
    ],
)
def test_two_points_are_near_if_one_reaches_the_other(far, near, swap):
    """The one that is farther out, and to the last bit; the others are a unit away from 0, and from each other."""
    x, y = [[far, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 2.0]], [[near, 0.0], [0.0, -1.0], [0.5, -0.5]]
    one, other = (y, x) if swap else (x, y)
    assert tv_eps(one, other, 0.0) == 0.75
    assert tv_eps([one[0]], [other[0]], 0.0) == tv_eps([one[0][0]], [other[0][0]], 0.0) == 0
    assert tv_eps([[near - U, 0.0]], [[far, 0.0]], 0.0) == tv_eps([near - U], [far], 0.0) == 1


@pytest.mark.parametrize("far", [1e15, -3e12])
def test_a_far_point_costs_the_others_nothing(far, rng):
    """Its rounding is as wide as all the others lie; they are matched as without it."""
    x, y = rng.normal(size=(2, 5000, 2))
    x_far, y_far = np.vstack([x, [[far, far]]]), np.vstack([y, [[far, far]]])
    assert 5001 * tv_eps(x_far, y_far, 0.05) == pytest.approx(5000 * tv_eps(x, y, 0.05))
    assert tv_eps(x_far[-1:], y, 0.05) == tv_eps(x, y_far[-1:], 0.05) == 1
