"""Quantizers worked by hand: what they show, measure and refuse, at the ends of what is allowed."""

import json
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from qbc import quantizers as qz
from qbc.quantizers import checks, grids
from qbc.quantizers.quantizer import Quantizer, root_mean_square

LOOSE: Any = qz  # wrong types on purpose
MOST, NEXT = checks.LARGEST, float(np.nextafter(1.0, 2.0))


def test_what_is_shown():
    assert repr(qz.uniform(4)) == "Cells(4 codes on [-1, 1], radius 0.25)"
    assert repr(qz.codebook([0.3], 0.3, 0.3)) == "Cells(1 code on [0.3, 0.3], radius 0)"
    assert repr(qz.uniform(2, 0, 8)) == "Cells(2 codes on [0, 8], radius 2)"
    assert repr(qz.fit_uniform([0.0, 8.0], 2)) == "Cells(2 codes on [0, 8], radius 2, fitted uniform)"
    assert repr(qz.Dithered(np.array([0.0, 3.0]))) == "Dithered(2 codes on [0, 3], radius 3)"
    assert repr(qz.periodic(8, 0.0, 4.0)) == "Periodic(8 codes on [0, 4], radius 0.25)"


def test_equal_are_those_of_equal_fields():
    for make in (qz.periodic, qz.uniform, lambda n: qz.Dithered(np.arange(n) * 1.0)):
        assert make(4) == make(4) != make(5)
        assert hash(make(4)) == hash(make(4))


def test_none_changes_afterwards():
    vector = qz.PerCoordinate((qz.uniform(4),))
    for one in (qz.uniform(4), qz.periodic(4), qz.Dithered(np.array([0.0, 1.0])), qz.Fitted("uniform", 4, 9, 0.0, 1.0), vector):
        with pytest.raises(FrozenInstanceError):
            one.low = 3.0


def test_a_quantizer_says_its_ends_its_radius_and_codes():
    assert Quantizer.__abstractmethods__ == {"ends", "radius", "encode"}
    for missing in Quantizer.__abstractmethods__:
        parts = {name: lambda self: None for name in Quantizer.__abstractmethods__ - {missing}}
        with pytest.raises(TypeError, match=missing):
            type("Some", (Quantizer,), parts)(np.array([0.0]))


def test_what_is_measured():
    q, u = qz.uniform(4), [-2.0, -1.0, 0.0, 1.0, 3.0]
    assert q.share_outside(u) == 0.4
    assert (q.worst_error(u), q.worst_error([[0.3], [0.25]])) == (2.25, pytest.approx(0.05))
    assert q.rms_error(u) == pytest.approx(np.sqrt((1.25**2 + 3 * 0.25**2 + 2.25**2) / 5))
    assert (q.jump, qz.codebook([0.3], 0.0, 1.0).jump) == (0.5, 0.0)


@pytest.mark.parametrize(
    ("x", "right"),
    [([3.0, 4.0, 0.0], np.sqrt(25 / 3)), ([3e-200, 4e-200], 5e-200 / np.sqrt(2)), ([0.0, 0.0], 0.0), ([1.0, np.inf], np.inf)],
)
def test_the_root_of_the_mean_of_squares(x, right):
    assert root_mean_square(np.array(x)) == pytest.approx(right, rel=1e-14, abs=0)


@pytest.mark.parametrize("codes", [[-1, 2], [0, 4], [0.0], ["a"]])
def test_what_is_no_code_is_not_decoded(codes):
    with pytest.raises(ValueError, match=r"^codes: integers in 0 … 3$"):
        qz.uniform(4).decode(codes)


@pytest.mark.parametrize(("low", "high"), [(-np.inf, 0.0), (0.0, np.inf), (1.0, 0.0), (np.nan, 0.0)])
def test_what_a_fit_saw_lies_between_two_numbers(low, high):
    assert qz.Fitted("uniform", 4, 9, 2.0, 2.0).low == 2.0
    with pytest.raises(ValueError, match=r"^(low|high): a finite number, not |^low, high: low ≤ high, not 1.0, 0.0$"):
        qz.Fitted("uniform", 4, 9, low, high)


def test_the_largest_float_is_stored_too():
    most = float(np.finfo(float).max)
    q = replace(qz.uniform(4), fitted=qz.Fitted("uniform", 4, 2, -most, most))
    assert qz.from_json(qz.to_json(q)).fitted == q.fitted
    text = json.dumps(json.loads(qz.to_json(q))).replace(str(most), "1" + "0" * 309)
    with pytest.raises(ValueError, match="finite"):
        qz.from_json(text)


class Lowest(np.random.Generator):
    """Draws the least number that may be drawn."""

    def random(self, *shape):
        return np.zeros(*shape)


def test_dithering_leaves_values_alone_and_stays_in_range():
    q = qz.Dithered(np.array([0.0, 1.0]))
    assert q.encode([0.0, 1e-9, 1.0, 2.0, -1.0], Lowest(np.random.PCG64(0))).tolist() == [0, 1, 1, 1, 0]
    assert q.encode(np.full(50, np.nextafter(1.0, 0.0)), np.random.default_rng(0)).tolist() == [1] * 50


# --- grids


def test_a_lattice_of_small_reach_has_cells_on_both_sides():
    assert grids.lattice(1.0, 0.3).edges.tolist() == [-1.5, -0.5, 0.5, 1.5]
    assert grids.lattice(1.0, 0.3, "mid-rise").edges.tolist() == [-1, 0, 1]
    assert grids.lattice(1.0, 2.0).edges.tolist() == [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]
    assert grids.lattice(0.5, 1.0, "mid-rise").edges.tolist() == [-1, -0.5, 0, 0.5, 1]
    assert grids.lattice(1.0, 2.0, "mid-rise").edges.tolist() == [-2, -1, 0, 1, 2]
    assert grids.lattice(1.0, 2**20, "mid-rise").n_codes == 2**21  # the finest


def test_the_edges_of_a_codebook():
    assert qz.codebook([5.0, 1.0], 0.0, 8.0).edges.tolist() == [0, 3, 8]
    assert qz.codebook([0.0], -MOST, MOST).ends.tolist() == [-MOST, MOST]
    assert grids.midpoints(np.array([0.0, 1.0, NEXT])).tolist() == [0.5, NEXT]  # no float lies between the last two
    for values, low, high in (([3.0], 0, 1), ([-1.0, 5.0], 0, 10), ([1.0, 12.0], 0, 10), ([0.0], 1, -1), ([0.0, 1.0], -2 * MOST, 2)):
        with pytest.raises(
            ValueError, match=rf"^values: all inside \[low, high\] = \[{float(low)}, {float(high)}\]$".replace("+", r"\+")
        ):
            qz.codebook(values, low, high)


def test_worked_mu_law():
    """ln(1 + 15) halved is ln 4: the values are (4 - 1) / 3 = 1 from 0, the ends (16 - 1) / 3 = 5."""
    q = qz.mu_law(2, mu=3.0, reach=5.0)
    np.testing.assert_allclose(q.edges, [-5, 0, 5])
    np.testing.assert_allclose(q.values, [-1, 1])


def test_two_edges_are_one_cell_and_a_centre_lies_in_it():
    assert qz.openvla(0.0, 1.0, 2).values.tolist() == [0.5]
    after = float(np.nextafter(NEXT, 2.0))
    assert grids.decoded(np.array([NEXT, after]), "center").tolist() == [NEXT]  # their mean is rounded to the right end


def test_grids_are_those_of_their_sources_unless_told_otherwise():
    assert qz.mu_law() == qz.mu_law(1024, 100.0, 1.0)
    assert qz.openvla() == qz.uniform(255, -1.0, 1.0)
    assert qz.uniform(4) == qz.uniform(4, -1.0, 1.0, "center")
    assert qz.periodic(4) == qz.periodic(4, -np.pi, np.pi)


# --- circles and several coordinates


def test_no_error_is_larger_than_half_a_circle():
    q = qz.Periodic(np.array([7.5]), np.array([0.0, 8.0]))
    assert (q.cells.radius, q.radius) == (7.5, 4.0)
    assert qz.periodic(4, 0.0, 8.0).radius == 1.0


def test_distances_of_several_coordinates_keep_their_shape():
    q = qz.PerCoordinate((qz.uniform(4), qz.periodic(4, 0.0, 8.0)))
    a = np.arange(12.0).reshape(2, 3, 2)
    np.testing.assert_array_equal(q.distance(a, 0 * a), np.stack([a[..., 0], [[1, 3, 3], [1, 1, 3]]], axis=-1))


def test_parts_are_quantizers_and_256_codes_are_asked_for():
    with pytest.raises(ValueError, match=r"^coordinates: one or more quantizers$"):
        LOOSE.PerCoordinate((qz.uniform(4), "uniform"))
    assert qz.fit(np.array([[0.0], [1.0]])).n_codes.tolist() == [256]


# --- checks


@pytest.mark.parametrize("n", [0, -1, 1.0, True, np.bool_(True), "1", None])
def test_a_count_is_a_positive_integer(n):
    assert [type(checks.check_count("n", m)) for m in (1, np.int32(7))] == [int, int]
    with pytest.raises(ValueError, match=r"^n: a positive integer, not "):
        checks.check_count("n", n)


@pytest.mark.parametrize(
    "ends", [(1, 1), (2, 1), (np.nan, 1), (0, 1.01 * MOST), (-1.01 * MOST, 0), (False, 1), (0, True), ("0", 1), (0, None)]
)
def test_a_range_is_two_numbers(ends):
    for good in ((-MOST, MOST), (0, 1), (np.float64(0.5), np.int64(1)), (np.float32(-1), np.float32(1))):
        checks.check_range(*good)
    with pytest.raises(ValueError, match=r"^a, b: numbers of at most 8.99e\+307 in size, with a < b, not ") as error:
        checks.check_range(*ends, ("a", "b"))
    assert str(error.value).endswith(f"not {ends[0]!r}, {ends[1]!r}")


@pytest.mark.parametrize("x", [0, -1.0, np.inf, np.nan, 1.01 * MOST, 10**400, True, "1"])
def test_what_is_positive_is_finite_too(x):
    for good in (1e-300, 1, MOST, np.float32(0.1)):
        checks.check_positive("x", good)
    with pytest.raises(ValueError, match=r"^x: positive and finite, not ") as error:
        checks.check_positive("x", x)
    assert str(error.value).endswith(repr(x))


@pytest.mark.parametrize("x", [[], [1.0, 1.0], [2.0, 1.0], [[0.0, 1.0]], 3.0, [np.nan], [0.0, np.inf], [1.01 * MOST]])
def test_what_increases_is_a_copy_of_finite_numbers(x):
    given = np.array([-MOST, 0.0, MOST])
    taken = checks.increasing("x", given)
    given[1] = 1.0
    assert taken.tolist() == [-MOST, 0.0, MOST]
    assert not taken.flags.writeable
    assert checks.increasing("x", [1.0, 1.0], point=True).tolist() == [1.0, 1.0]
    for more in ([1.0, 1.0, 1.0], [0.0, 0.0, 1.0], [2.0, 1.0]):
        with pytest.raises(ValueError, match=r"^x: one-dimensional, non-empty"):
            checks.increasing("x", more, point=True)
    with pytest.raises(
        ValueError, match=r"^x: one-dimensional, non-empty, finite \(at most 8.99e\+307 in size\), strictly increasing$"
    ):
        checks.increasing("x", x)


def test_numbers_are_numbers_of_any_kind():
    for x in ([True, False], np.array([1, 0], dtype=np.uint8), [1.0, 0.0], np.array([1, 0], dtype=np.float32)):
        assert checks.numbers("x", x).dtype == np.float64
        assert checks.numbers("x", x).tolist() == [1.0, 0.0]
    for x in ("a", [1j], [[1.0], [1.0, 2.0]], [None], np.array(["2020"], dtype="datetime64")):
        with pytest.raises(ValueError, match=r"^x: an array of numbers$"):
            checks.numbers("x", x)


def test_what_is_wrong_is_named_where_it_stands():
    for u, where in ((np.nan, ""), ([0.0, np.nan, np.nan], r" at \[1\]"), ([[0.0, 1.0], [np.nan, 0.0]], r" at \[1, 0\]")):
        with pytest.raises(ValueError, match=f"^u: must not contain NaN, as it does{where}$"):
            checks.no_nan(u)
    with pytest.raises(ValueError, match=r"^u: at least one action$"):
        checks.some([])
    assert checks.some([[0.5, np.inf]]).tolist() == [[0.5, np.inf]]
    for x, said in (
        ([[1.0]], r"\(N,\), not \(1, 1\); fit takes \(N, d\)"),
        ([], "at least one number"),
        ([0.0, 1.01 * MOST, np.nan], r"finite, at most 8.99e\+307 in size, not 9.*e\+307 at \[1\]"),
    ):
        with pytest.raises(ValueError, match=f"^x: {said}$"):
            checks.data("x", x)
    with pytest.raises(ValueError, match=r"^x: \(N, d\), not \(1,\); kmeans, quantile and fit_... take \(N,\)$"):
        checks.data("x", [1.0], ndim=2)
    assert checks.data("x", [-MOST, MOST]).tolist() == [-MOST, MOST]


def test_a_warning_points_to_who_called_the_quantizers():
    with pytest.warns(qz.FewerCodes) as said:
        qz.fit([[0.0], [1.0]], "quantile", 3)
    assert [w.filename for w in said] == [__file__]
    with pytest.warns(UserWarning, match=r"^here$") as said:
        checks.warn("here", UserWarning)
    assert [w.filename for w in said] == [__file__]
