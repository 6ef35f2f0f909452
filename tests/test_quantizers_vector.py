"""One quantizer a coordinate: nothing is pooled, everything is what the coordinates say, and errors name the coordinate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantizer_fits import told
from quantizer_laws import law_radius, law_section

from qbc import quantizers as qz

over_vectors = pytest.mark.parametrize("name", qz.VECTORS)
over_kinds = pytest.mark.parametrize("kind", qz.KINDS)
seeds = st.integers(0, 2**32 - 1)
SCALES = np.array([0.01, 0.01, 0.01, 0.1, 0.1, 0.1, 1.0])  # a hand: metres, radians, a gripper


def generators():
    return np.random.default_rng(3), np.random.default_rng(3)


def inside(q, rng, *shape):
    """Actions in the range of each coordinate, its ends now and then."""
    share = np.clip(rng.uniform(-0.1, 1.1, (*shape, q.d)), 0, 1)
    return np.clip(q.low + share * (q.high - q.low), q.low, q.high)


# --- laws


@over_vectors
@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (0,), (40, 50)])
def test_coordinates_are_those_of_the_parts(name, shape):
    q = qz.VECTORS[name]
    u = 2 * inside(q, np.random.default_rng(0), *shape)
    (mine, theirs), columns = generators(), range(q.d)
    codes = q.encode(u, mine)
    assert codes.shape == u.shape
    assert codes.dtype == np.int64
    assert np.array_equal(codes, np.stack([q.coordinates[j].encode(u[..., j], theirs) for j in columns], axis=-1))
    back = q.decode(codes)
    assert back.dtype == np.float64
    assert np.array_equal(back, np.stack([q.coordinates[j].decode(codes[..., j]) for j in columns], axis=-1))
    assert np.array_equal(q(u, generators()[0]), back)


@over_vectors
@given(seed=seeds)
def test_codes_come_back(name, seed):
    q, rng = qz.VECTORS[name], np.random.default_rng(seed)
    codes = rng.integers(q.n_codes, size=(4, 6, q.d))
    assert np.array_equal(q.encode(q.decode(codes), rng), codes)
    once = q(inside(q, rng, 9), rng)
    assert np.array_equal(q(once, rng), once)


@over_vectors
@given(seed=seeds)
def test_the_radius_holds_in_range(name, seed):
    q, rng = qz.VECTORS[name], np.random.default_rng(seed)
    u = inside(q, rng, 50)
    assert (q.worst_error(u, rng) <= q.radius * (1 + 1e-9)).all()
    assert (q.distance(q(u, rng), u) <= q.radius * (1 + 1e-9)).all()
    assert not q.share_outside(u).any()


@over_vectors
def test_numbers_are_arrays_of_the_parts_numbers(name):
    q = qz.VECTORS[name]
    for what in ("n_codes", "radius", "jump", "low", "high"):
        assert getattr(q, what).tolist() == [getattr(c, what) for c in q.coordinates]
    u = np.random.default_rng(0).normal(size=(30, 2, q.d))
    for what in ("share_outside", "worst_error", "rms_error"):
        (mine, theirs), extra = generators(), what != "share_outside"
        each = [getattr(c, what)(u[..., j], *[theirs] * extra) for j, c in enumerate(q.coordinates)]
        assert getattr(q, what)(u, *[mine] * extra).tolist() == each


# --- fit


@over_kinds
@given(seed=seeds, n=st.integers(2, 40))
def test_each_coordinate_is_fitted_by_itself(kind, seed, n):
    """What one coordinate gets does not depend on the others; the parts obey the laws of scalars."""
    u = np.random.default_rng(seed).normal(size=(300, 3)) * [1e-3, 1.0, 70.0]
    with told():
        q = qz.fit(u, kind, n, rng=generators()[0])
        first = qz.fit(u[:, :1], kind, n, rng=generators()[0])
        back = None if kind == "kmeans" else qz.fit(u[:, ::-1], kind, n)  # its draws follow each other
    for j, c in enumerate(q.coordinates):
        law_section(c, np.random.default_rng(0))
        law_radius(c, np.random.default_rng(0))
        assert c.fitted == qz.Fitted(kind, n, 300, u[:, j].min(), u[:, j].max())
    assert q.coordinates[0] == first.coordinates[0]
    if back:
        assert back.coordinates == q.coordinates[::-1]


def test_fit_is_the_scalar_fits():
    u, (mine, theirs) = np.random.default_rng(0).normal(size=(400, 6)), generators()
    q = qz.fit(u, qz.KINDS, [8, 9, 10, 11, 12, 13], rng=mine, period=(0.0, 5.0))
    parts = [qz.fit_uniform(u[:, 0], 8), qz.quantile(u[:, 1], 9), qz.kmeans(u[:, 2], 10, theirs), qz.fit_mu_law(u[:, 3], 11)]
    assert q == qz.PerCoordinate((*parts, qz.fit_openvla(u[:, 4], 12), qz.periodic(13, 0.0, 5.0)))
    assert q.n_codes.tolist() == [8, 9, 10, 11, 11, 13]


def test_a_period_is_one_for_all_or_one_for_each():
    u = np.random.default_rng(0).uniform(0, 6, size=(50, 2)) * [1, 60]
    q = qz.fit(u, "periodic", 36, period=[(0.0, 6.0), (0.0, 360.0)])
    assert q.coordinates == (qz.periodic(36, 0.0, 6.0), qz.periodic(36, 0.0, 360.0))
    assert qz.fit(u[:, :1], "periodic", 36, period=(0.0, 6.0)).coordinates == q.coordinates[:1]


def test_degrees_on_a_circle_of_radians_are_told_where_fit_was_called():
    u = np.random.default_rng(0).uniform(-180, 180, size=(50, 1))
    with pytest.warns(qz.ManyTurns, match=r"^u\[:, 0\]: data from -1.* to 1.* on a circle of length 6.2832$") as said:
        qz.fit(u, "periodic")
    assert {w.filename for w in said} == {__file__}


def test_every_kind_has_a_fit_and_no_other_is_taken_for_one(monkeypatch):
    monkeypatch.setattr("qbc.quantizers.vector.KINDS", (*qz.KINDS, "new"))
    with pytest.raises(NotImplementedError, match="kind 'new' has no fit"):
        qz.fit(DATA, "new", rng=np.random.default_rng(0))


def law_not_pooled(fit):
    """Every coordinate uses its codes: no error is larger than a twentieth of its coordinate's spread."""
    u = np.random.default_rng(0).normal(size=(1000, 7)) * SCALES
    q = fit(u)
    assert (np.sqrt(((q(u) - u) ** 2).mean(axis=0)) < SCALES / 5).all()
    assert (np.array([np.unique(c).size for c in q.encode(u).T]) > 180).all()


def test_nothing_is_pooled():
    law_not_pooled(lambda u: qz.fit(u, "openvla"))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="one grid for seven coordinates: the first uses 9 codes of 255")
def test_broken_pooled_grid():
    law_not_pooled(lambda u: qz.fit_openvla(u.ravel()))


def test_worked_arm():
    """Two joints, an angle, a gripper and a joint that is locked: each served as it is."""
    rng = np.random.default_rng(0)
    u = np.stack(
        [rng.uniform(-1, 1, 500), rng.normal(size=500), rng.uniform(-9, 9, 500), np.arange(500) % 2, np.full(500, 0.7)], axis=-1
    )
    with pytest.warns(qz.FewerCodes) as said:
        q = qz.fit(u, ["uniform", "openvla", "periodic", "quantile", "uniform"], [256, 256, 36, 256, 256])
    few = "fewer codes than asked for"
    assert [str(w.message) for w in said] == [f"u[:, 3]: {few}, 2 of 256", f"u[:, 4]: {few}, 1 of 256"]
    assert q.n_codes.tolist() == [256, 255, 36, 2, 1]
    assert np.isclose(q.radius[2], np.pi / 36)
    assert q([0.0, 0.0, np.pi, 1.0, 0.7])[3:].tolist() == [1.0, 0.7]
    assert q.share_outside(u).tolist() == [0, 0.02, 0, 0, 0]
    assert q.worst_error(u)[1] > q.radius[1]
    assert (q.worst_error(u)[[0, 2, 3, 4]] <= q.radius[[0, 2, 3, 4]] * (1 + 1e-9)).all()


def test_the_repr_has_a_line_for_each_coordinate():
    assert repr(qz.PerCoordinate((qz.uniform(4), qz.VECTORS["arm"].coordinates[4], qz.periodic(8)))) == (
        "PerCoordinate(3 coordinates)\n"
        "  0: Cells(4 codes on [-1, 1], radius 0.25)\n"
        "  1: Cells(1 code on [0.3, 0.3], radius 0)\n"
        "  2: Periodic(8 codes on [-3.1416, 3.1416], radius 0.3927)"
    )


# --- errors

TWO = qz.PerCoordinate((qz.uniform(4), qz.uniform(8)))
ANGLES = qz.PerCoordinate((qz.uniform(4), qz.periodic(8)))
DATA = np.random.default_rng(0).normal(size=(50, 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: qz.PerCoordinate(()), "coordinates: one or more quantizers"),
        (lambda: qz.PerCoordinate(("uniform",)), "coordinates: one or more quantizers"),
        (lambda: TWO.encode(np.zeros((5, 3))), r"u: (…, 2), not (5, 3)"),
        (lambda: TWO.encode(0.0), r"u: (…, 2), not ()"),
        (lambda: TWO.encode([[0, 1], [0, np.nan]]), "u: must not contain NaN, as it does at [1, 1]"),
        (lambda: TWO.encode(np.where(np.arange(4000).reshape(-1, 2) == 3, np.nan, 0)), "u: must not contain NaN, as it does at [1, 1]"),
        (lambda: TWO.encode([[0, 1], [0]]), "u: an array of numbers"),
        (lambda: TWO.encode("ab"), "u: an array of numbers"),
        (
            lambda: ANGLES.encode(np.array([[0, 1], [0, 0], [0, np.inf]])),
            "u: on a circle finite, at most 8.99e+307 in size, as it is not at [2] (coordinate 1)",
        ),
        (lambda: TWO.decode([[0, 1, 2]]), r"codes: (…, 2), not (1, 3)"),
        (lambda: TWO.decode([[4, 1]]), "codes: integers in 0 … 3 (coordinate 0)"),
        (lambda: TWO.decode([[3, 8]]), "codes: integers in 0 … 7 (coordinate 1)"),
        (lambda: TWO.decode([[0.0, 1.0]]), "codes: integers in 0 … 3 (coordinate 0)"),
        (lambda: TWO.worst_error(np.empty((0, 2))), "u: at least one action"),
        (
            lambda: qz.VECTORS["dithered in part"].encode(np.zeros(3)),
            "rng: a dithered quantizer needs a numpy Generator, not None (coordinate 0)",
        ),
        (lambda: qz.fit(DATA[0]), "u: (N, d), not (3,); kmeans, quantile and fit_... take (N,)"),
        (lambda: qz.fit(np.empty((0, 3))), "u: at least one number"),
        (lambda: qz.fit(np.where(DATA[7, 1] == DATA, np.nan, DATA)), "u: finite, at most 8.99e+307 in size, not nan at [7, 1]"),
        (
            lambda: qz.fit(DATA, "uniforn"),
            "kind: one of uniform, quantile, kmeans, mu-law, openvla, periodic, not 'uniforn' (coordinate 0)",
        ),
        (lambda: qz.fit(DATA, ["uniform", "quantile"]), "kind: one for all coordinates or one for each of 3, not 2"),
        (lambda: qz.fit(DATA, n=[4, 4]), "n: one for all coordinates or one for each of 3, not 2"),
        (lambda: qz.fit(DATA, n=[4, 4, 0]), "n: a positive integer, not 0 (coordinate 2)"),
        (lambda: qz.fit(DATA, n=2.5), "n: a positive integer, not 2.5 (coordinate 0)"),
        (lambda: qz.fit(DATA, ["uniform", "kmeans", "uniform"]), "rng: k-means draws from a numpy Generator, not None (coordinate 1)"),
        (lambda: qz.fit(DATA, ["uniform", "uniform", "openvla"], [4, 4, 1]), "n_edges: at least 2, not 1 (coordinate 2)"),
        (lambda: qz.fit(DATA, "kmeans", rng=0), "rng: k-means draws from a numpy Generator, not 0 (coordinate 0)"),
        (lambda: qz.fit(DATA, period=6.28), "period: (low, high), or one such pair for each of 3 coordinates, not 6.28"),
        (
            lambda: qz.fit(DATA, period=[(0, 1)]),
            "period: (low, high), or one such pair for each of 3 coordinates, not [(0, 1)]",
        ),
        (
            lambda: qz.fit(DATA, "periodic", period=(1.0, 1.0)),
            "period[0], period[1]: numbers of at most 8.99e+307 in size, with period[0] < period[1], not 1.0, 1.0 (coordinate 0)",
        ),
    ],
)
def test_errors_name_argument_and_coordinate(call, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011  # compared whole
        call()
    assert str(error.value) == words
