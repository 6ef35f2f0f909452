"""Laws, oracles, worked examples and broken subjects of qbc.quantizers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.preprocessing import KBinsDiscretizer

from qbc import quantizers as qz

Floats = NDArray[np.float64]
HEAVY: Floats = np.random.default_rng(1).standard_t(3, size=1500)
SUBJECTS: dict[str, Any] = {**qz.EXAMPLES, "kmeans": qz.kmeans(HEAVY, 16, np.random.default_rng(0))}
over_examples = pytest.mark.parametrize("name", SUBJECTS)
seeds = st.integers(0, 2**32 - 1)


class LinspaceTokenizer:
    """Broken: linspace(low, high, n) as n edges *and* n codes: n − 1 cells exist, and code 0 is never used in range."""

    n_codes, low, high = 16, -1.0, 1.0
    values = np.linspace(low, high, n_codes)
    radius = (high - low) / n_codes / 2  # what the author believes: half a cell of n

    def encode(self, u: Any, rng: Any = None) -> NDArray[np.int64]:
        return np.asarray(np.clip(np.digitize(u, self.values), 0, self.n_codes - 1))

    def decode(self, codes: Any) -> Floats:
        return np.asarray(self.values[codes])

    def __call__(self, u: Any, rng: Any = None) -> Floats:
        return self.decode(self.encode(u))


class WrapAroundTokenizer:
    """Broken: edges Φ⁻¹(linspace(δ, 1 − δ, n + 1)); the code is the argmax of a one-hot that is all zero outside."""

    n_codes = 256
    edges = norm.ppf(np.linspace(1e-6, 1 - 1e-6, n_codes + 1))
    values = (edges[1:] + edges[:-1]) / 2
    low, high, radius = -5.0, 5.0, float(np.diff(edges).max())

    def encode(self, u: Any, rng: Any = None) -> NDArray[np.int64]:
        u = np.asarray(u)[..., None]
        return np.asarray(np.argmax((u >= self.edges[:-1]) & (u < self.edges[1:]), axis=-1))

    def decode(self, codes: Any) -> Floats:
        return np.asarray(self.values[codes])

    def __call__(self, u: Any, rng: Any = None) -> Floats:
        return self.decode(self.encode(u))


# --- the laws, as functions of any subject ---------------------------------------------------------------------------


def law_section(q: Any, rng: np.random.Generator) -> None:
    """encode ∘ decode = identity on codes."""
    codes = np.arange(q.n_codes)
    assert np.array_equal(q.encode(q.decode(codes), rng), codes)


def law_idempotent(q: Any, u: Floats, rng: np.random.Generator) -> None:
    """q ∘ q = q."""
    once = q(u, rng)
    assert np.array_equal(q(once, rng), once)


def law_radius(q: Any, rng: np.random.Generator) -> None:
    """The declared radius is never exceeded in range, and attained up to 1 % (dithering only approaches it)."""
    ends = np.concatenate([[q.low, q.high], q.values, getattr(q, "edges", (q.values[1:] + q.values[:-1]) / 2)])
    near = np.concatenate([ends, *(ends + s * 1e-9 for s in (-1, 1)), *(ends + s * 0.003 * q.radius for s in (-1, 1))])
    u = np.repeat(np.clip(np.concatenate([near, rng.uniform(q.low, q.high, 1000)]), q.low, q.high), 50)
    error = np.abs(q(u, rng) - u).max()
    assert error <= q.radius * (1 + 1e-9)
    assert error >= q.radius * 0.99


def law_saturates(q: Any, beyond: float, rng: np.random.Generator) -> None:
    """Outside the range the end codes are used, whatever the distance; the order of actions is kept."""
    assert q.encode(np.array([q.low - beyond, q.high + beyond]), rng).tolist() == [0, q.n_codes - 1]


# --- laws over EXAMPLES ----------------------------------------------------------------------------------------------


@over_examples
def test_section(name: str) -> None:
    law_section(SUBJECTS[name], np.random.default_rng(0))


@over_examples
@given(u=st.lists(st.floats(-20, 20), min_size=1, max_size=20), seed=seeds)
def test_idempotent(name: str, u: list[float], seed: int) -> None:
    law_idempotent(SUBJECTS[name], np.array(u), np.random.default_rng(seed))


@over_examples
def test_radius_is_tight(name: str) -> None:
    law_radius(SUBJECTS[name], np.random.default_rng(0))


@over_examples
@given(share=st.floats(0, 1), seed=seeds)
def test_radius_is_never_exceeded(name: str, share: float, seed: int) -> None:
    q = SUBJECTS[name]
    u = q.low + share * (q.high - q.low)
    assert abs(float(q(u, np.random.default_rng(seed))) - u) <= q.radius * (1 + 1e-9)


@over_examples
@given(beyond=st.floats(0, 1e300) | st.just(np.inf), seed=seeds)
def test_saturation(name: str, beyond: float, seed: int) -> None:
    law_saturates(SUBJECTS[name], beyond, np.random.default_rng(seed))


@over_examples
@given(data=st.data(), seed=seeds)
def test_round_trip_of_codes(name: str, data: st.DataObject, seed: int) -> None:
    """Any array of codes survives decode → encode, keeps its shape, and decodes monotonically."""
    q = SUBJECTS[name]
    shape = data.draw(st.sampled_from([(), (3,), (2, 5), (0,)]))
    codes = np.random.default_rng(seed).integers(q.n_codes, size=shape)
    back = q.encode(q.decode(codes), np.random.default_rng(seed))
    assert back.dtype == np.int64
    assert q.decode(codes).dtype == np.float64
    assert back.shape == codes.shape
    assert np.array_equal(back, codes)
    assert (np.diff(q.decode(np.arange(q.n_codes))) > 0).all()


@over_examples
def test_jump_is_at_most_twice_the_radius(name: str) -> None:
    q = SUBJECTS[name]
    assert q.jump <= 2 * q.radius * (1 + 1e-12)


@given(
    levels=st.lists(st.integers(-50, 50), min_size=2, max_size=8, unique=True),
    u=st.lists(st.integers(-60, 60), min_size=2, max_size=9),
)
def test_codebook_is_nearest_and_monotone(levels: list[int], u: list[int]) -> None:
    """Oracle: brute-force nearest neighbour (distances compared: a tie may go either way)."""
    q = qz.codebook(levels, -50, 50)
    actions = np.sort(np.array(u, dtype=float))
    brute = np.abs(actions[:, None] - np.array(levels)).min(axis=1)
    assert np.array_equal(np.abs(q(actions) - actions), brute)
    assert (np.diff(q(actions)) >= 0).all()


@given(shift=st.integers(-8, 8), power=st.integers(-3, 3), n=st.integers(1, 40), seed=seeds)
def test_uniform_moves_with_its_range(shift: int, power: int, n: int, seed: int) -> None:
    """Invariance: scaling by a power of two is exact, and a shift moves the codes along."""
    u, scale = np.random.default_rng(seed).uniform(-1.5, 1.5, 50), 2.0**power
    q, scaled = qz.uniform(n), qz.uniform(n, -scale, scale)
    assert np.array_equal(scaled.encode(scale * u), q.encode(u))
    assert np.array_equal(scaled(scale * u), scale * q(u))
    moved = qz.uniform(n, shift - 1.0, shift + 1.0)
    assert np.array_equal(moved.encode(shift + u), q.encode(u))


def test_dithering_is_unbiased_and_deterministic_given_the_seed() -> None:
    q = qz.Dithered(np.array([-1.0, 0.0, 0.25, 2.0]))
    u = np.repeat([-0.7, 0.2, 1.0], 200_000)
    draws = q(u, np.random.default_rng(3)).reshape(3, -1)
    assert np.allclose(draws.mean(axis=1), [-0.7, 0.2, 1.0], atol=6 * 0.9 / np.sqrt(200_000))
    assert np.array_equal(q(u, np.random.default_rng(3)).reshape(3, -1), draws)


# --- worked examples -------------------------------------------------------------------------------------------------


def test_worked_uniform() -> None:
    q = qz.uniform(4)  # cells −1 | −.5 | 0 | .5 | 1
    assert q.encode([-9, -1, -0.5, 0, 0.49, 1, 9]).tolist() == [0, 0, 1, 2, 2, 3, 3]
    assert q.values.tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert (q.radius, q.jump) == (0.25, 0.5)
    left, right = qz.uniform(4, decode="left"), qz.uniform(4, decode="right")
    assert left(0.3) == 0.0
    assert right(0.3) == 0.5
    assert right(0.5) == 0.5
    assert left.radius == right.radius == 0.5


def test_worked_mid_tread_and_mid_rise() -> None:
    tread, rise = qz.lattice(0.5, 1.0, "mid-tread"), qz.lattice(0.5, 1.0, "mid-rise")
    assert tread.values.tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert rise.values.tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert tread(0.24) == 0.0
    assert rise(1e-12) == 0.25
    assert rise(-1e-12) == -0.25
    assert qz.uniform(255)(0.0) == 0.0
    assert qz.uniform(256)(0.0) == 1 / 256


def test_worked_mu_law() -> None:
    """Three cells of F: edges at ±F⁻¹(1/3) = ±(101^(1/3) − 1)/100; 0 and the ends in closed form."""
    q = qz.mu_law(3)
    edge = (101 ** (1 / 3) - 1) / 100
    assert np.allclose(q.edges, [-1, -edge, edge, 1], rtol=1e-14)
    assert q(0.0) == 0.0
    assert np.isclose(q(0.9), (101 ** (2 / 3) - 1) / 100, rtol=1e-14)
    u = np.linspace(-1, 1, 3001)
    compressed = np.sign(u) * np.log1p(100 * np.abs(u)) / np.log(101)
    oracle = np.clip(np.floor((compressed + 1) / 2 * 1024), 0, 1023)
    assert (qz.mu_law().encode(u) != oracle).mean() < 2e-3  # floor of a float at an edge (u = 0, ±1 and few others)


def test_worked_quantile_loses_codes_at_an_atom() -> None:
    u = np.concatenate([np.zeros(50), np.arange(1.0, 51.0)])
    q = qz.quantile(u, 10)
    assert q.n_codes == 6
    assert q(0.0) > 0


def test_worked_openvla() -> None:
    q = qz.openvla()
    assert q.n_codes == 255
    assert q(0.0) == 0.0
    assert np.isclose(q(1.0), 1 - 1 / 255)
    assert np.isclose(q.radius, 1 / 255)
    fitted = qz.fit_openvla(np.linspace(0, 100, 10_001))
    assert np.isclose(fitted.low, 1.0)
    assert np.isclose(fitted.high, 99.0)
    assert fitted(1e6) < 99


# --- peers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 7, 64])
def test_equals_sklearn_quantile_bins(n: int) -> None:
    peer = KBinsDiscretizer(n, encode="ordinal", strategy="quantile", subsample=None).fit(HEAVY[:, None])
    q = qz.quantile(HEAVY, n)
    probe = np.random.default_rng(0).standard_t(3, size=(5000, 1))
    assert np.allclose(q.edges, peer.bin_edges_[0], rtol=1e-14)
    assert np.array_equal(q.encode(probe), peer.transform(probe).astype(int))
    assert np.allclose(q(probe), peer.inverse_transform(peer.transform(probe)), rtol=1e-14)


def test_equals_sklearn_quantile_bins_at_an_atom() -> None:
    u = np.where(np.arange(4000) % 10 == 0, 0.0, np.random.default_rng(0).normal(size=4000))
    with pytest.warns(UserWarning, match="Bins whose width are too small"):
        peer = KBinsDiscretizer(255, encode="ordinal", strategy="quantile", subsample=None).fit(u[:, None])
    assert qz.quantile(u, 255).n_codes == peer.n_bins_[0] < 255


@pytest.mark.parametrize("n", [2, 5, 256])
def test_equals_sklearn_uniform_bins(n: int) -> None:
    peer = KBinsDiscretizer(n, encode="ordinal", strategy="uniform", subsample=None).fit([[-1.0], [1.0]])
    probe = np.random.default_rng(0).uniform(-1.2, 1.2, (5000, 1))
    q = qz.uniform(n)
    assert np.allclose(q(probe), peer.inverse_transform(peer.transform(probe)), atol=1e-15)


def test_equals_sklearn_kmeans() -> None:
    q = qz.kmeans(HEAVY, 16, np.random.default_rng(5))
    state = int(np.random.default_rng(5).integers(2**31))
    peer = KMeans(16, n_init=1, random_state=state).fit(HEAVY[:, None])
    probe = np.random.default_rng(0).standard_t(3, size=(5000, 1))
    assert np.array_equal(q(probe), peer.cluster_centers_[peer.predict(probe)])


def test_equals_torchrl_uniform() -> None:
    torch, vla = pytest.importorskip("torch"), pytest.importorskip("torchrl.data.vla")
    peer, q = vla.UniformActionTokenizer(256, low=-1.0, high=1.0), qz.uniform(256)
    u = torch.from_numpy(np.random.default_rng(0).uniform(-1.2, 1.2, 20_000))
    assert np.array_equal(q.encode(u.numpy()), peer.encode(u).numpy())
    assert np.array_equal(q.decode(np.arange(256)), peer.decode(torch.arange(256)).numpy())  # dyadic: exact in float32


def test_equals_torchrl_openvla() -> None:
    """Token t of 256 is our code 255 − t, except the spare token 0 (action exactly 1), which decodes like token 1."""
    torch, vla = pytest.importorskip("torch"), pytest.importorskip("torchrl.data.vla")
    peer, q = vla.VocabTailActionTokenizer(256), qz.openvla()
    u = np.random.default_rng(0).uniform(-1.2, 1.2, 20_000)
    u = u[np.abs(u[:, None] - q.edges[1:-1]).min(axis=1) > 1e-6]  # its edges are float32
    tokens = peer.encode(torch.from_numpy(u)).numpy()
    spare = tokens == 0
    assert np.array_equal(spare, u >= 1)
    assert np.array_equal(q.encode(u)[~spare], 255 - tokens[~spare])
    assert np.abs(q(u) - peer.decode(torch.from_numpy(tokens)).numpy()).max() < 1e-7


def test_equals_torchrl_openvla_in_float64() -> None:
    """With its edges in float64 and without the 1e-8 of the reference's range, equal to an ulp or two in raw units."""
    torch, vla = pytest.importorskip("torch"), pytest.importorskip("torchrl.data.vla")
    peer, q = vla.VocabTailActionTokenizer(256).double(), qz.openvla(-0.8, 1.3)
    peer.bins = torch.linspace(-1, 1, 256, dtype=torch.float64)
    peer.bin_centers = (peer.bins[1:] + peer.bins[:-1]) / 2
    u = np.random.default_rng(0).uniform(-1.0, 1.5, 20_000)
    normalised = torch.from_numpy(2 * (u + 0.8) / 2.1 - 1)
    decoded = (peer.decode(peer.encode(normalised)).numpy() + 1) / 2 * 2.1 - 0.8
    assert np.abs(q(u) - decoded).max() <= 5e-16


# --- broken subjects: each must fail a law ---------------------------------------------------------------------------


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="linspace(low, high, n) makes n − 1 cells")
def test_broken_linspace_radius() -> None:
    law_radius(LinspaceTokenizer(), np.random.default_rng(0))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="linspace(low, high, n) makes n − 1 cells")
def test_broken_linspace_section() -> None:
    law_section(LinspaceTokenizer(), np.random.default_rng(0))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the largest actions wrap around to code 0")
def test_broken_wrap_around_saturation() -> None:
    law_saturates(WrapAroundTokenizer(), 0.0, np.random.default_rng(0))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the largest actions wrap around to code 0")
def test_broken_wrap_around_radius() -> None:
    law_radius(WrapAroundTokenizer(), np.random.default_rng(0))


def test_wrap_around_worked_example() -> None:
    """+4.8 comes back as −3.7; the laws that it does satisfy do not find it."""
    q = WrapAroundTokenizer()
    assert np.isclose(q(4.8), -3.707, atol=1e-3)
    law_section(q, np.random.default_rng(0))
    law_idempotent(q, np.linspace(-6, 6, 101), np.random.default_rng(0))


# --- errors: one line that names the argument ------------------------------------------------------------------------


LOOSE: Any = qz  # wrong types on purpose


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: LOOSE.uniform(0), "n_codes"),
        (lambda: LOOSE.uniform(2.5), "n_codes"),
        (lambda: LOOSE.uniform(4, 1, 1), "low, high"),
        (lambda: LOOSE.uniform(4, 0, np.inf), "low, high"),
        (lambda: LOOSE.uniform(4, decode="middle"), "decode"),
        (lambda: LOOSE.lattice(0, 1), "step"),
        (lambda: LOOSE.lattice(0.1, 1, "tread"), "kind"),
        (lambda: LOOSE.mu_law(mu=0), "mu"),
        (lambda: LOOSE.quantile([], 4), "u"),
        (lambda: LOOSE.quantile([1.0, 1.0], 4), "low, high"),
        (lambda: LOOSE.kmeans([1.0, np.nan], 1, np.random.default_rng(0)), "u"),
        (lambda: LOOSE.codebook([3.0], 0, 1), "values"),
        (lambda: LOOSE.Cells([0.0, 5.0], [0.0, 1.0, 2.0]), "values"),
        (lambda: LOOSE.Cells([0.0, 0.0], [0.0, 1.0, 2.0]), "values"),
        (lambda: LOOSE.Cells([0.5], [0.0, 1.0, 2.0]), "edges"),
        (lambda: LOOSE.Cells([0.5], [1.0, 0.0]), "edges"),
        (lambda: LOOSE.uniform(4).encode([0.1, np.nan]), "u"),
        (lambda: LOOSE.uniform(4).decode([-1]), "codes"),
        (lambda: LOOSE.uniform(4).decode([4]), "codes"),
        (lambda: LOOSE.uniform(4).decode([0.0]), "codes"),
        (lambda: LOOSE.Dithered([0.0, 1.0]).encode(0.3), "rng"),
    ],
)
def test_errors_name_the_argument(call: Any, argument: str) -> None:
    with pytest.raises(ValueError, match=f"^{argument}") as error:
        call()
    assert "\n" not in str(error.value)


def test_values_cannot_be_changed_from_outside() -> None:
    values = np.array([0.5])
    q = qz.Cells(values, np.array([0.0, 1.0]))
    values[0] = 9.0
    assert q(0.2) == 0.5
    with pytest.raises(ValueError, match="read-only"):
        q.values[0] = 9.0
