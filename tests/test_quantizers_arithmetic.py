"""Equal cells are encoded by arithmetic: the same codes as by search, whatever the cells and the actions."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import quantizers as qz
from qbc.quantizers import arithmetic

seeds = st.integers(0, 2**32 - 1)
floats = st.floats(-1e300, 1e300)


def neighbours(x):
    """Each float, the two next to it and the two next to those."""
    near = [np.nextafter(x, s * np.inf) for s in (-1, 1)]
    return np.concatenate([x, *near, *(np.nextafter(y, s * np.inf) for y, s in zip(near, (-1, 1), strict=True))])


def probes(q, rng, size=2000):
    """Edges, values, the floats beside them, far and infinite actions, and many in between, in random order."""
    special = np.concatenate([q.edges, q.values, [0.0, -0.0, 5e-324, 1e300, -1e300]])
    width = q.high - q.low
    many = rng.uniform(q.low - width / 4, q.high + width / 4, size + arithmetic.FEW)
    return rng.permutation(np.concatenate([neighbours(special), [np.inf, -np.inf, 1.7e308, -1.7e308], many]))


def law_same_codes(q, u):
    assert q.ruler is not None
    codes = q.encode(u)
    assert codes.dtype == np.int64
    assert np.array_equal(codes, q.search(u))
    assert np.array_equal(codes, np.digitize(u, q.edges[1:-1], right=q.closed == "right"))


@given(
    low=floats, width=st.floats(1e-300, 1e300), n=st.integers(1, 3000), decode=st.sampled_from(["left", "center", "right"]), seed=seeds
)
def test_uniform_cells(low, width, n, decode, seed):
    """Where rounding spoils the equality of the cells there is no ruler, and they are searched."""
    try:
        q = qz.uniform(n, low, low + width, decode)
    except ValueError:  # no room for n cells
        return
    u = probes(q, np.random.default_rng(seed))
    if q.ruler is None:
        assert width < 1e-8 * abs(low) * n
        assert np.array_equal(q.encode(u), q.search(u))
    else:
        law_same_codes(q, u)


@pytest.mark.parametrize("name", [n for n, q in qz.EXAMPLES.items() if isinstance(q, qz.Cells)])
def test_examples(name):
    q = qz.EXAMPLES[name]
    u = probes(q, np.random.default_rng(0))
    assert (q.ruler is None) == (name in ("quantile", "codebook", "mu-law"))
    assert np.array_equal(q.encode(u), q.search(u))


@pytest.mark.parametrize("n", [1, 2, 255, 256, 257, 65_536, 100_003])
def test_many_codes(n):
    law_same_codes(qz.uniform(n, -0.7, 1.9), probes(qz.uniform(n, -0.7, 1.9), np.random.default_rng(0)))


def test_more_codes_than_an_int32_has_room_for_are_searched():
    assert arithmetic.ruler([(np.arange(2**24 + 2.0), "left")]) is None


@given(seed=seeds, moved=st.sampled_from([1, -1, 2, -3]), closed=st.sampled_from(["left", "right"]))
def test_an_edge_moved_by_some_ulps(seed, moved, closed):
    """Cells are equal to rounding: what decides is the edge itself, not what it should be."""
    rng = np.random.default_rng(seed)
    even = qz.uniform(64, -1.3, 2.1)
    edges = even.edges.copy()
    edges[rng.integers(1, 64)] += moved * np.spacing(2.1)
    q = qz.Cells(even.values, edges, closed)
    law_same_codes(q, probes(q, rng))


@pytest.mark.parametrize(("share", "ruled"), [(1e-9, True), (1e-4, True), (0.1, False), (-0.1, False)])
def test_an_edge_moved_by_a_share_of_a_cell(share, ruled):
    even, rng = qz.uniform(64), np.random.default_rng(0)
    edges = even.edges.copy()
    edges[5] += share / 32
    q = qz.Cells(even.values, edges)
    u = probes(q, rng)
    assert (q.ruler is not None) == ruled
    assert np.array_equal(q.encode(u), q.search(u))


@pytest.mark.parametrize("size", [arithmetic.FEW - 1, arithmetic.FEW, arithmetic.CHUNK, arithmetic.CHUNK + 1, 3 * arithmetic.CHUNK - 1])
def test_sizes_shapes_and_types(size):
    q, rng = qz.uniform(256, -0.3, 2.0), np.random.default_rng(size)
    u = rng.uniform(-0.5, 2.2, size)
    law_same_codes(q, u)
    right = q.search(u)
    assert np.array_equal(q.encode(u[None, :, None]), right[None, :, None])
    assert np.array_equal(q.encode(np.repeat(u, 2)[::2]), right)  # not contiguous
    assert np.array_equal(q.encode(u[::-1])[::-1], right)
    assert np.array_equal(q.encode(u.astype(np.float32)), q.search(u.astype(np.float32)))
    assert np.array_equal(q.encode(np.arange(size)), q.search(np.arange(size)))
    assert q.encode(np.empty((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("where", [0, arithmetic.CHUNK - 1, arithmetic.CHUNK, 2 * arithmetic.CHUNK])
def test_nan_is_refused_wherever_it_stands(where):
    u = np.zeros(2 * arithmetic.CHUNK + 1)
    u[where] = np.nan
    with pytest.raises(ValueError, match=rf"^u: must not contain NaN, as it does at \[{where}\]$"):
        qz.uniform(7).encode(u)
    row = np.zeros((len(u), 3))
    row[where, 2] = np.nan
    with pytest.raises(ValueError, match=rf"^u: must not contain NaN, as it does at \[{where}, 2\]$"):
        qz.PerCoordinate((qz.uniform(7), qz.uniform(1), qz.uniform(9))).encode(row)


@given(seed=seeds, d=st.integers(1, 9))
def test_coordinates_that_alternate(seed, d):
    rng = np.random.default_rng(seed)
    parts = tuple(
        qz.uniform(int(n), -w, 2 * w, rng.choice(["left", "right", "center"]))
        for n, w in zip(rng.integers(1, 400, d), rng.lognormal(0, 5, d), strict=True)
    )
    q = qz.PerCoordinate(parts)
    u = np.stack([rng.choice(probes(c, rng, 500), 1500) for c in parts], axis=-1).reshape(3, 500, d)
    assert q.ruler is not None
    assert np.array_equal(q.encode(u), np.stack([c.search(u[..., j]) for j, c in enumerate(parts)], axis=-1))


def test_rulers_are_not_shared_by_changed_copies():
    from dataclasses import replace

    q = qz.uniform(4)
    assert q.ruler is not None
    moved = replace(q, edges=q.edges + 0.1)
    u = np.linspace(-2, 2, 5000)
    assert np.array_equal(moved.encode(u), moved.search(u))


# --- by hand: two cells of 2^30 parts each


def two(edge):
    """The ruler of two cells on [0, 2]; one part is 2^-30."""
    return arithmetic.ruler([(np.array([0.0, edge, 2.0]), "left")])


def test_worked_ruler():
    r, part = two(1.0), 2.0**-30
    assert (r.origin.tolist(), r.scale.tolist(), r.top.tolist(), r.bits) == ([-part], [1 / part], [2 / part - 1], 30)
    assert r.first.tolist() == [[-np.inf, 1.0]]
    assert arithmetic.firsts(np.array([0.0, 1.0, 2.0]), "right").tolist() == [-np.inf, np.nextafter(1.0, 2.0)]
    assert r == r != two(1.0)
    with pytest.raises(FrozenInstanceError):
        r.bits = 3


@pytest.mark.parametrize(("n", "bits"), [(1, 31), (2, 30), (3, 29), (255, 23), (256, 23), (257, 22)])
def test_codes_and_parts_fill_an_int32(n, bits):
    assert arithmetic.ruler([(np.arange(n + 1.0), "left")]).bits == bits


@pytest.mark.parametrize(("parts", "floats", "bits"), [(-1, 0, 30), (-1, -1, 26), (1, 0, 30), (1, 1, 26)])
def test_an_edge_lies_in_the_first_two_parts_of_its_cell_or_parts_are_wider(parts, floats, bits):
    edge = 1 + parts * 2.0**-30
    step = np.spacing(edge)
    r = two(edge + floats * step)
    assert r.bits == bits
    u = np.full(arithmetic.FEW, edge + (floats - 1) * step)  # the float below the edge
    assert not arithmetic.encode(r, u).any()
    assert arithmetic.encode(r, u + step).all()


def test_parts_are_at_least_128_a_cell():
    even = np.arange(257.0)
    for moved, bits in ((0.0, 23), (0.004, 7), (0.02, None)):
        edges = even.copy()
        edges[5] += moved
        assert getattr(arithmetic.ruler([(edges, "left")]), "bits", None) == bits


def test_one_cell_takes_all_whatever_its_width():
    parts = (qz.codebook([0.3], 0.3, 0.3), qz.uniform(9, -3.0, 5.0), qz.uniform(1), qz.uniform(4))
    q, u = qz.PerCoordinate(parts), np.random.default_rng(0).normal(size=(arithmetic.FEW, 4))
    assert q.ruler is not None
    assert np.array_equal(q.encode(u), np.stack([c.search(u[:, j]) for j, c in enumerate(parts)], axis=-1))


def test_nan_is_refused_beside_actions_on_an_edge():
    u = np.zeros(arithmetic.FEW)
    u[7] = np.nan
    with pytest.raises(ValueError, match=r"^u: must not contain NaN, as it does at \[7\]$"):
        qz.uniform(4).encode(u)


# --- as many at once as a cache holds, and none where a search is as fast


@pytest.mark.parametrize(("d", "most"), [(1, 32_768), (2, 16_384), (3, 16_383)])
def test_entries_are_encoded_in_blocks(d, most, monkeypatch):
    sizes, subtract = [], np.subtract
    u = np.zeros((50_001 // d, d))
    q = qz.PerCoordinate((qz.uniform(5),) * d)
    assert q.ruler is not None
    monkeypatch.setattr(np, "subtract", lambda x, *a, **k: sizes.append(x.size) or subtract(x, *a, **k))
    codes = arithmetic.encode(q.ruler, u)
    assert sizes == [most] * (u.size // most) + [u.size % most]
    assert (codes == 2).all()


def test_few_actions_are_searched(monkeypatch):
    used, encode = [], arithmetic.encode
    monkeypatch.setattr(arithmetic, "encode", lambda r, u: used.append(u.size) or encode(r, u))
    for q, shape in ((qz.uniform(5), ()), (qz.PerCoordinate((qz.uniform(5),)), (1,))):
        for size in (1023, 1024, 1025):
            q.encode(np.zeros((size, *shape)))
    assert used == [1024, 1025] * 2


# --- broken subject


def by_floor(q, u):
    """Broken: the arithmetic alone, edges not asked."""
    return np.clip(np.floor((u - q.low) / (q.high - q.low) * q.n_codes), 0, q.n_codes - 1).astype(np.int64)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="next to an edge rounding decides")
def test_broken_floor_and_clip():
    q = qz.uniform(255, -0.3, 2.0)
    u = neighbours(q.edges)
    assert np.array_equal(by_floor(q, u), q.search(u))
