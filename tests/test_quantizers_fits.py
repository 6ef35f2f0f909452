"""Fits to one coordinate: flat, tiny and huge data, what saturates, and scikit-learn's fits as oracles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantizer_fits import FITS, actions, told
from quantizer_laws import law_radius, law_section
from sklearn.cluster import KMeans
from sklearn.preprocessing import KBinsDiscretizer

from qbc import quantizers as qz

HEAVY = np.random.default_rng(1).standard_t(3, size=1500)
over_fits = pytest.mark.parametrize("kind", FITS)
seeds, counts = st.integers(0, 2**32 - 1), st.integers(2, 20)


# --- laws over all fits


@over_fits
@given(seed=seeds, n=counts)
def test_codes_come_back_within_the_radius_and_are_no_more_than_asked_for(kind, seed, n):
    u = actions(seed)
    with told():
        q = FITS[kind](u, n)
    assert q.n_codes <= n
    law_section(q, np.random.default_rng(0))
    if q.low < q.high:
        law_radius(q, np.random.default_rng(0))
    inside = u[(q.low <= u) & (u <= q.high)]
    assert np.abs(q(inside) - inside).max(initial=0.0) <= q.radius * (1 + 1e-9)
    if kind != "openvla":
        assert inside.size == u.size
        assert q.share_outside(u) == 0
    assert (q.fitted.n, q.fitted.rows, q.fitted.low, q.fitted.high) == (n, u.size, u.min(), u.max())


@over_fits
@given(seed=seeds, n=counts, power=st.integers(-950, 950))
def test_fits_know_no_unit(kind, seed, n, power):
    """Scaling the data by a power of two scales edges and values, exactly."""
    u = actions(seed)
    u = np.where(np.abs(u) < 1e-9, 0.0, u)
    with told():
        q, scaled = FITS[kind](u, n), FITS[kind](np.ldexp(u, power), n)
    assert np.array_equal(scaled.values, np.ldexp(q.values, power))
    assert np.array_equal(scaled.edges, np.ldexp(q.edges, power))


@over_fits
@pytest.mark.parametrize("c", [0.0, 0.8, -3.0, 1e-7, 1e-300, 5e-324, 8e307])
def test_what_never_moves_gets_one_code_that_decodes_to_it(kind, c):
    with pytest.warns(qz.FewerCodes, match=r"^u: fewer codes than asked for, 1 of \d+$"):
        q = FITS[kind](np.full(50, c), 16)
    assert (q.n_codes, q.radius, q.jump) == (1, 0.0, 0.0)
    assert q(c) == c
    assert q.encode([c - 1, c, c + 1, np.inf]).tolist() == [0] * 4
    assert q.worst_error([c]) == q.rms_error([c, c]) == q.share_outside([c]) == 0


@over_fits
def test_a_move_of_the_last_digits_is_served(kind):
    u = 0.8 + np.spacing(0.8) * np.random.default_rng(0).integers(0, 3, 400)
    with told():
        q = FITS[kind](u, 256)
    assert q.worst_error(u) <= max(q.radius, 1e-15)
    assert q.radius < 1e-15


@over_fits
@pytest.mark.parametrize("unit", [1e-300, 1e-7, 1.0, 1500.0, 1e300])
def test_tiny_and_huge_actions_are_served(kind, unit):
    u = unit * np.random.default_rng(0).normal(size=2000)
    q = FITS[kind](u, 16)
    assert q.n_codes == (15 if kind == "openvla" else 16)
    assert 0 < q.rms_error(u) <= q.worst_error(u) <= 4 * unit
    assert q.rms_error(u) < (0.25 if kind in ("uniform", "openvla", "kmeans") else 0.6) * unit


# --- what is lost is told


def test_a_range_far_narrower_than_the_data_is_told():
    rng = np.random.default_rng(0)
    u = 1e-7 * rng.normal(size=10_000)
    u[:50] = rng.normal(size=50)
    with pytest.warns(qz.LargeError, match=r"^u: rms error 0.* where .* by 0.*: 255 codes on \[-2.*e-07, 2.*e-07\], data on \[-2.*, 2"):
        q = qz.fit_openvla(u)
    assert q.radius < 1e-9
    assert q.worst_error(u) > 2
    assert np.isclose(q.rms_error(u), np.sqrt((u[:50] ** 2).sum() / 10_000), rtol=1e-3)
    assert 0.01 < q.share_outside(u) <= 0.0201


def test_a_coordinate_that_hardly_ever_moves_is_told_of_too():
    u = np.r_[np.zeros(995), np.ones(5)]
    with pytest.warns(qz.FewerCodes, match="1 of 255"), pytest.warns(qz.LargeError, match=r"1 codes? on \[0, 0\], data on \[0, 1\]"):
        q = qz.fit_openvla(u)
    assert (q(0.0), q.worst_error(u), q.share_outside(u)) == (0.0, 1.0, 0.005)


@pytest.mark.parametrize("draw", ["normal", "uniform", "laplace"])
def test_ordinary_data_are_fitted_in_silence(draw):
    u = getattr(np.random.default_rng(0), draw)(size=20_000)
    for kind, fit in FITS.items():
        assert fit(u, 64).n_codes == 64 - (kind == "openvla")


def test_messages_call_the_data_as_they_are_told_to():
    with pytest.warns(qz.FewerCodes, match=r"^the gripper: fewer"):
        qz.quantile([0.0, 1.0], 3, name="the gripper")
    with pytest.raises(ValueError, match=r"^the gripper: finite, at most 8.99e\+307 in size, not nan at \[1\]"):
        qz.fit_uniform([0.0, np.nan], 3, name="the gripper")


# --- worked examples


def test_worked_servo_ticks():
    """Ticks from 500 to 2500 in 4 cells of 500; the rest position 1500 is an edge, and an atom for the other fits."""
    u = np.concatenate([np.full(60, 1500.0), np.linspace(500, 2500, 41)])
    q = qz.fit_uniform(u, 4)
    assert q.values.tolist() == [750, 1250, 1750, 2250]
    assert (q.radius, q(1500.0), q(9999.0)) == (250, 1750, 2250)
    assert qz.kmeans(u, 5, np.random.default_rng(0))(1500.0) == 1500


# --- oracles


@pytest.mark.parametrize("n", [2, 7, 64])
def test_equals_sklearn_quantile_bins(n):
    peer = KBinsDiscretizer(n, encode="ordinal", strategy="quantile", subsample=None).fit(HEAVY[:, None])
    with told():
        q = qz.quantile(HEAVY, n)
    probe = np.random.default_rng(0).standard_t(3, size=(5000, 1))
    assert np.allclose(q.edges, peer.bin_edges_[0], rtol=1e-14)
    assert np.array_equal(q.encode(probe), peer.transform(probe).astype(int))
    assert np.array_equal(q.encode(probe), np.digitize(probe, q.edges[1:-1]))
    assert np.allclose(q(probe), peer.inverse_transform(peer.transform(probe)), rtol=1e-14)


def test_equals_sklearn_quantile_bins_on_either_side_of_an_atom():
    """0 has a code that ends half way to its neighbours; the others, by their mass, go to what lies below it and above it."""
    u = np.where(np.arange(4000) % 10 == 0, 0.0, np.random.default_rng(0).normal(size=4000))
    q = qz.quantile(u, 255)
    assert q.n_codes == 255
    zero = int(q.encode(0.0))
    assert q.edges[zero : zero + 2].tolist() == [u[u < 0].max() / 2, u[u > 0].min() / 2]
    for side, n, edges in ((u[u < 0], zero, q.edges[:zero]), (u[u > 0], 254 - zero, q.edges[zero + 2 :])):
        peer = KBinsDiscretizer(n, encode="ordinal", strategy="quantile", subsample=None).fit(side[:, None])
        theirs = peer.bin_edges_[0]
        assert np.allclose(edges, theirs[:-1] if side[0] < 0 else theirs[1:], rtol=1e-14)
    assert abs(zero / 254 - (u < 0).sum() / 3600) < 1 / 254


def test_the_cells_of_a_law_that_is_too_far_from_zero_or_of_a_circle_too_wide_are_told_of():
    u = 0.8 + 1e-4 * np.random.default_rng(0).normal(size=1000)
    with pytest.warns(qz.LargeError, match=r"^u: rms error 0.0\d+ where the data deviate by 9.*e-05: 256 codes on \[-0.8") as said:
        qz.fit_mu_law(u, 256)
    assert {w.filename for w in said} == {__file__}
    with pytest.warns(qz.LargeError, match=r"^u\[:, 0\]: rms error 0.* where the data deviate by 9.*e-05: 256 codes on \[-3.1"):
        qz.fit(u[:, None], "periodic", 256)


def test_an_outlier_that_takes_all_codes_and_an_angle_at_the_seam_are_told_of():
    """Both hide in a standard deviation: one entry makes it large, and so does an angle that is 0 in one row and 2 pi in the next."""
    u = 1e-3 * np.random.default_rng(0).normal(size=10_000)
    with pytest.warns(
        qz.LargeError, match=r"^u: half of the errors above 1\.95 where nine tenths of the data deviate by 0\.0016\d* or less"
    ):
        qz.fit_uniform(np.append(u, 1000.0), 256)
    with pytest.warns(qz.LargeError, match=r"^u\[:, 0\]: rms error 0.* where the data deviate by 9.*e-05: 8 codes on \[0, 6.28"):
        qz.fit(np.mod(u[:, None] / 10, 2 * np.pi), "periodic", 8, period=(0, 2 * np.pi))
    with pytest.warns(qz.LargeError, match="half of the errors above .* where nine tenths of the data deviate by 0"):
        qz.fit_uniform(np.append(100 + u, 1000.0), 256)  # from their median, wherever it is
    with pytest.warns(qz.LargeError, match="rms error 4.* where the data deviate by 4.99"):
        qz.fit(90 + 5000 * u[:, None], "periodic", 4, period=(0, 360))
    rest = np.append(np.zeros(10_000), np.linspace(-1, 1, 900))  # a resting joint decodes half a cell beside 0: the radius says it
    assert qz.fit_uniform(rest, 256)(0.0) == 1 / 256


def test_of_a_codebook_that_follows_the_data_no_outlier_is_told(rng):
    """Two centres for three clusters: most of the data lie beside theirs by more than they deviate; no codes were better."""
    u = 1e-6 * rng.normal(size=1060) + np.repeat([0.0, -1.0, 1.0], [1000, 30, 30])
    assert np.median(np.abs(qz.kmeans(u, 2, rng)(u) - u)) > 0.02


def test_the_largest_data_have_a_mean():
    assert qz.quantile(np.linspace(5e307, 8.9e307, 9), 4).n_codes == 4


@pytest.mark.parametrize("unit", [1.0, 1e-200, 1e200])
def test_equals_sklearn_kmeans(unit):
    unit = 2.0 ** round(np.log2(unit))
    q = qz.kmeans(unit * HEAVY, 16, np.random.default_rng(5))
    state = int(np.random.default_rng(5).integers(2**31))
    peer = KMeans(16, n_init=1, random_state=state).fit(HEAVY[:, None])
    probe = np.random.default_rng(0).standard_t(3, size=(5000, 1))
    assert np.array_equal(q(unit * probe), unit * peer.cluster_centers_[peer.predict(probe)])


# --- errors


@over_fits
@pytest.mark.parametrize(
    ("u", "n", "words"),
    [
        ([], 4, "u: at least one number"),
        ([[1.0, 2.0]], 4, r"u: \(N,\), not \(1, 2\); fit takes \(N, d\)"),
        (3.0, 4, r"u: \(N,\), not \(\)"),
        ([0.0, 1.0, np.inf], 4, r"u: finite, at most .* not inf at \[2\]"),
        ([-1.7e308, 1.7e308], 4, r"u: finite, at most 8.99e\+307"),
        ([0.0, 1.0], 0, "n_(codes|edges): a positive integer, not 0"),
        ([0.0, 1.0], 2.0, "n_(codes|edges): a positive integer, not 2.0"),
    ],
)
def test_errors_name_the_argument(kind, u, n, words):
    with pytest.raises(ValueError, match=f"^{words}") as error:
        FITS[kind](u, n)
    assert "\n" not in str(error.value)


def test_openvla_needs_two_edges():
    with pytest.raises(ValueError, match="n_edges: at least 2, not 1"):
        qz.fit_openvla([0.0, 1.0], 1)
