"""Fits worked by hand: atoms with no float between them, ranges of a few floats, shares that are just no atom, what is told."""

import numpy as np
import pytest
from quantizer_fits import told

from qbc import quantizers as qz
from qbc.quantizers.fits import on_circle

ULP = np.spacing(0.8)
decodes = pytest.mark.parametrize("decode", ["left", "center", "right"])


def ulps(*steps):
    """Floats so many steps above 0.8."""
    return 0.8 + ULP * np.array(steps, dtype=float)


def edges(q):
    return ((q.edges - 0.8) / ULP).tolist()


def test_names_are_named():
    rng = np.random.default_rng(0)
    for call in (
        lambda: qz.fit_uniform([0.0, 1.0], 2, "v"),
        lambda: qz.fit_mu_law([0.0, 1.0], 2, "v"),
        lambda: qz.fit_openvla([0.0, 1.0], 2, "v"),
        lambda: qz.quantile([0.0, 1.0], 2, "left", "v"),
        lambda: qz.kmeans([0.0, 1.0], 2, rng, "v"),
        lambda: on_circle([0.0, 1.0], 2, 0.0, 1.0, "v"),
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.filterwarnings("error")
def test_three_turns_are_served_and_more_are_told():
    assert on_circle([0.0, 6.0], 64, 1.0, 3.0, name="v").n_codes == 64  # one angle, which no code is: nothing deviates
    with pytest.warns(qz.ManyTurns, match=r"^v: data from 0 to 6.5 on a circle of length 2$"):
        on_circle([0.0, 6.5], 64, 1.0, 3.0, name="v")


# --- atoms


def test_the_share_of_a_code_is_no_atom_yet():
    """Two of four actions are one half, which two codes may be."""
    u = np.array([0.0, 0.0, 1.0, 10.0])
    q = qz.quantile(u, 2)
    assert (q.edges.tolist(), q.values.tolist()) == ([0, 0.5, 10], [0.25, 5.25])
    assert qz.kmeans(u, 2, np.random.default_rng(0)).values == pytest.approx([1 / 3, 10])


@decodes
def test_two_atoms_with_no_float_between(decode):
    u = np.r_[np.repeat(ulps(0, 1), 5), ulps(5, 9, 20)]
    with told():
        q = qz.quantile(u, 4, decode)
    assert edges(q) == ([-1, 0, 3, 9, 20] if decode == "right" else [0, 1, 3, 9, 20])
    assert np.array_equal(q(ulps(0, 1)), ulps(0, 1))


def test_an_atom_at_an_end_with_no_float_to_its_neighbour():
    with told():
        low = qz.quantile(np.r_[np.repeat(ulps(0), 5), ulps(1, 9, 19, 20)], 3, "right")
        high = qz.quantile(np.r_[ulps(0, 1, 9, 19), np.repeat(ulps(20), 5)], 3, "left")
    assert edges(low)[:2] == [-1, 0]
    assert edges(high)[-2:] == [20, 21]
    assert (low(0.8), high(ulps(20)[0])) == (0.8, ulps(20)[0])


def test_two_values_with_no_float_between_are_a_codebook():
    q = qz.quantile(ulps(0, 1, 1), 2)
    assert edges(q) == [0, 1, 2]
    assert np.array_equal(q(ulps(0, 1)), ulps(0, 1))


def test_what_lies_between_two_atoms_without_a_code_goes_to_the_nearer():
    u = 10 + np.concatenate([np.zeros(70), [0.1], np.full(11, 1.0), np.arange(2.0, 8.0)])
    with told():
        assert qz.quantile(u, 3).edges.tolist() == [10, 10.5, 11.5, 17]


# --- ranges of a few floats


@pytest.mark.parametrize(("steps", "codes"), [(8, 1), (9, 2)])
def test_a_range_has_room_for_cells_of_four_floats(steps, codes):
    high = 1 + steps * np.spacing(1.0)
    with told():
        q = qz.fit_uniform([1.0, high], 2)
    assert q.n_codes == codes
    assert codes == 2 or q.values[0] == 1 + 4 * np.spacing(1.0)


def test_the_floats_of_a_range_are_those_of_its_larger_end():
    """Below 1 they lie half as far apart."""
    with told():
        assert qz.fit_uniform([1 - 4 * np.spacing(1.0), 1 + 4 * np.spacing(1.0)], 2).n_codes == 1


# --- what is told


def test_errors_are_told_in_the_units_of_the_data():
    u = np.r_[np.zeros(995), np.full(5, 100.0)]
    said = r"^u: rms error 7\.07 where the data deviate by 7\.05: 1 codes on \[0, 0\], data on \[0, 100\]$"
    with pytest.warns(qz.FewerCodes, match=r"^u: fewer codes than asked for, 1 of 255$"), pytest.warns(qz.LargeError, match=said):
        qz.fit_openvla(u)


@pytest.mark.filterwarnings("error")
def test_huge_data_that_begin_at_zero_are_fitted_in_silence():
    u = 1e300 * np.arange(100.0)
    assert qz.fit_uniform(u, 50).n_codes == 50
    assert qz.fit_uniform(-u, 50).n_codes == 50
