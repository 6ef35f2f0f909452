"""Worked examples of the grids, and their equality with other libraries' tokenizers."""

import numpy as np
import pytest
from sklearn.preprocessing import KBinsDiscretizer

from qbc import quantizers as qz


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


@pytest.mark.parametrize("n", [2, 5, 256])
def test_equals_sklearn_uniform_bins(n: int) -> None:
    peer = KBinsDiscretizer(n, encode="ordinal", strategy="uniform", subsample=None).fit([[-1.0], [1.0]])
    probe = np.random.default_rng(0).uniform(-1.2, 1.2, (5000, 1))
    q = qz.uniform(n)
    assert np.allclose(q(probe), peer.inverse_transform(peer.transform(probe)), atol=1e-15)


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
