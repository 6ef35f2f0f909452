"""Generators: no slope exceeds the certificate, sorting keeps gradients, and a fit carries the base to the data."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from qbc import learn
from qbc.learn import lipschitz

SHORT = learn.Fit(seed=0, steps=30, lr=5e-3, width=8, depth=3, batch=64)


@pytest.mark.parametrize("activation", ["relu", "groupsort"])
def test_no_sampled_slope_exceeds_the_certificate(rng, activation):
    f = learn.fit_lipschitz(rng.normal(size=(500, 3)), rng.normal(size=200), [1.0, 5.0], SHORT, activation=activation)
    np.testing.assert_allclose(f.certified, [1.0, 5.0], rtol=1e-5)
    a, b = rng.normal(size=(2, 5000, 3))
    b = a + 0.1 * b
    slope = np.abs(f(a) - f(b)) / np.linalg.norm(a - b, axis=1)
    assert (slope.max(axis=1) <= f.certified * (1 + 1e-4)).all()


def test_the_certificate_is_the_product_of_spectral_norms_and_reached_by_a_chain_of_scalars():
    w = tuple(torch.full((1, 1, 1), v) for v in (2.0, -3.0))
    f = learn.Generators(w, tuple(torch.zeros(1, 1, 1) for _ in w), "relu")
    assert f.certified == pytest.approx([6.0])
    np.testing.assert_allclose(f(np.array([[1.0], [-1.0]])), [[-6.0, 0.0]])


def test_sorting_pairs_keeps_the_values_and_the_length_of_gradients():
    h = torch.tensor([[3.0, 1.0, 2.0, 5.0]], requires_grad=True)
    out = lipschitz.sorted_pairs(h)
    assert out.tolist() == [[1.0, 3.0, 2.0, 5.0]]
    g = torch.tensor([[1.0, -2.0, 0.5, 4.0]])
    out.backward(g)
    assert sorted(h.grad[0].tolist()) == sorted(g[0].tolist())


def test_a_fit_is_the_monotone_map_where_its_constant_allows_it(rng):
    z = rng.normal(size=(5000, 1))
    f = learn.fit_lipschitz(z, 2 * rng.normal(size=20_000), [1.0, 8.0], learn.Fit(seed=0, steps=300, lr=1e-2, width=16))
    sd = f(rng.normal(size=(20_000, 1))).std(axis=1)
    assert sd[0] <= 1.01  # a map of slope 1 cannot widen
    assert sd[1] == pytest.approx(2, rel=0.1)


def test_free_layers_pass_the_constant_they_were_given(rng):
    z, u = rng.normal(size=(1000, 1)), rng.choice([-3.0, 3.0], size=500)
    f = learn.fit_lipschitz(z, u, [1.0], learn.Fit(seed=0, steps=200, lr=1e-2, width=16, depth=3), normalise=False)
    assert f.certified[0] > 2


def test_a_fit_far_from_zero_is_the_fit_at_zero_moved(rng):
    z, u = rng.normal(size=(500, 1)), rng.normal(size=500)
    here, there = (learn.fit_lipschitz(z, u + shift, [2.0], SHORT)(z) for shift in (0, 1000))
    np.testing.assert_allclose(there - 1000, here, atol=0.01)


def test_noise_that_does_not_fit_is_named(rng):
    f = learn.fit_lipschitz(rng.normal(size=(50, 2)), rng.normal(size=50), [1.0, 2.0, 3.0], SHORT)
    assert f(np.zeros((4, 2))).shape == f(np.zeros((3, 4, 2))).shape == (3, 4)
    for z in (np.zeros(2), np.zeros((4, 1)), np.zeros((2, 4, 2))):
        with pytest.raises(ValueError, match=r"^z: \(N, 2\) or \(3, N, 2\), got \("):
            f(z)
    with pytest.raises(ValueError, match=r"^z: row 0, column 1 is nan"):
        f(np.array([[0.0, np.nan]]))


CODE = """
import numpy as np
from qbc import learn
rng = np.random.default_rng(0)
z = rng.normal(size=(300, 2))
print(learn.fit_lipschitz(z, z[:, 0], [1.0, 2.0], learn.Fit(seed=5, steps=20, width=8))(z[:20]).sum().hex())
"""


def test_same_seed_same_fit_in_two_processes():
    runs = [subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert runs[0] == runs[1] != ""


def test_refusals(rng):
    z, u = rng.normal(size=(6, 1)), rng.normal(size=6)
    for wrong in ((z, u[:, None, None], [1.0]), (u, u, [1.0]), (z, u, []), (z, u, [0.0]), (z, u, [1, np.nan]), (z, u[:0], [1.0])):
        with pytest.raises(ValueError, match="fit_lipschitz needs z"):
            learn.fit_lipschitz(*wrong, SHORT)
    for name, z_bad, u_bad in (("z", z * np.nan, u), ("u", z, u + np.inf)):
        with pytest.raises(ValueError, match=f"{name}: row 0"):
            learn.fit_lipschitz(z_bad, u_bad, [1.0], SHORT)
    with pytest.raises(ValueError, match="activation must be one of"):
        learn.fit_lipschitz(z, u, [1.0], SHORT, activation="tanh")
    for more in (dict(activation="relu"), dict(every=5), dict(held_out=0.1)):
        with pytest.raises(ValueError, match=f"^{next(iter(more))}: fit_lipschitz has no use for it"):
            learn.fit_lipschitz(z, u, [1.0], learn.Fit(seed=0, **more))
    with pytest.raises(ValueError, match="width even"):
        learn.fit_lipschitz(z, u, [1.0], learn.Fit(seed=0, width=7))


def test_a_fit_tells_its_loss_and_what_is_no_number_is_said(rng):
    z, u = rng.normal(size=(200, 1)), rng.normal(size=200)
    f = learn.fit_lipschitz(z, u, [1.0, 5.0], SHORT)
    wanted = np.quantile(u, (np.arange(200) + 0.5) / 200)
    np.testing.assert_allclose(f.loss, ((np.sort(f(z), axis=1) - wanted) ** 2).mean(axis=1), rtol=1e-4)
    with pytest.raises(ValueError, match="z, in single precision: row 0, column 0 is inf"):
        f(np.array([[1e39]]))
    with pytest.raises(ValueError, match="z, in single precision: row 0, column 0 is inf"):
        learn.fit_lipschitz(1e39 * np.ones((3, 1)), u, [1.0], SHORT)
    w = (torch.full((1, 1, 1), 1e30),) * 2
    with pytest.raises(ValueError, match="actions: network 0, row 0 is inf"):
        learn.Generators(w, (torch.zeros(1, 1, 1),) * 2, "relu")(np.ones((1, 1)))
    with pytest.raises(ValueError, match=r"training diverged: losses .* after 1 steps at lr 1e\+38"):
        learn.fit_lipschitz(z, u, [1.0], learn.Fit(seed=0, steps=1, lr=1e38))


def test_vectors_are_assigned_at_the_least_cost_and_a_fit_carries_the_base_to_them(rng):
    out, wanted = torch.tensor([[[0.0, 0.0], [5.0, 0.0]]]), torch.tensor([[[4.0, 0.0], [1.0, 1.0]]])
    torch.testing.assert_close(lipschitz.assigned(out, wanted), wanted.flip(1))  # 2 + 1 < 16 + 17
    z = rng.normal(size=(1000, 3))
    u = rng.choice([-1.0, 1.0], size=(500, 1)) * np.array([[0.6, 0.8]])  # two points, 2 apart
    f = learn.fit_lipschitz(z, u, [1.0, 4.0], learn.Fit(seed=0, steps=200, lr=1e-2, width=16, depth=2, batch=64))
    np.testing.assert_allclose(f.certified, [1.0, 4.0], rtol=1e-5)
    a, b = rng.normal(size=(2, 2000, 3))
    said = f(a)
    assert said.shape == (2, 2000, 2)
    slope = np.linalg.norm(said - f(b), axis=2) / np.linalg.norm(a - b, axis=1)
    assert (slope.max(axis=1) <= f.certified * (1 + 1e-4)).all()
    off = np.linalg.norm(np.abs(said) - [0.6, 0.8], axis=2) > 0.5
    assert off[1].mean() < off[0].mean()  # the steeper one leaves less between
    assert f.loss[1] < f.loss[0] < 1


def test_one_column_is_no_vector_for_the_caller(rng):
    z = rng.normal(size=(50, 2))
    assert learn.fit_lipschitz(z, rng.normal(size=(30, 1)), [1.0], SHORT)(z).shape == (1, 50)
