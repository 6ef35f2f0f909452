"""What holds of plants that stand still, quantizers that do nothing and bounds that are off by a factor."""

import numpy as np
import pytest

from qbc import bounds, families, finite, learn, quantizers, systems, tasks
from qbc.interventions.right_hand_sides import scaled

# --- rollout


@pytest.mark.parametrize("name", [*systems.EXAMPLES, "noisy"])
def test_under_rollout_plants_stay_where_they_started(under, name, rng):
    with under("rollout"):
        plant = systems.EXAMPLES.get(name) or systems.linear(0.9, 1.0, sigma=0.5)
        x1 = rng.normal(size=(5, plant.dx))
        x = systems.rollout(plant, lambda x, rng: rng.normal(size=(len(x), plant.du)), x1, 4, rng).x
        np.testing.assert_array_equal(x, np.broadcast_to(x1[:, None], x.shape))


def test_a_noisy_plant_that_stands_still_draws_its_noise_all_the_same(under):
    after = []
    for name in ("none", "rollout"):
        with under(name):
            rng = np.random.default_rng(0)
            systems.rollout(systems.linear(0.9, 1.0, sigma=0.5), lambda x, rng: 0 * x, np.ones((5, 1)), 4, rng)
            after.append(rng.random())
    assert after[0] == after[1]


def test_under_rollout_a_finite_mdp_keeps_its_state(under, rng):
    laws = rng.dirichlet(np.ones(3), size=(3, 2))
    with under("rollout"):
        mdp = finite.FiniteMDP(np.full(3, 1 / 3), laws, np.ones((3, 2)), 4)
        states = mdp.sample(np.full((3, 2), 0.5), 50, rng).states
        np.testing.assert_array_equal(states, states[:, :1] + np.zeros_like(states))
        np.testing.assert_allclose(mdp.occupancy(np.full((3, 2), 0.5)), 1 / 6)
        with pytest.raises(ValueError, match="transition"):
            finite.FiniteMDP(np.full(3, 1 / 3), laws[0], np.ones((3, 2)), 4)


@pytest.mark.parametrize("name", tasks.EXAMPLES)
def test_under_rollout_tasks_are_never_begun(under, name, rng):
    task = tasks.EXAMPLES[name]
    demos = task.demonstrations(3, rng)[0]
    grid = (quantizers.uniform(9, -0.1, 0.1),) * 2
    with under("rollout"):
        for positions in (task.replay(tasks.actions(demos)), task.follow(demos), tasks.exact_law(task, grid, 3, rng)):
            np.testing.assert_array_equal(positions, np.broadcast_to(task.start, (3, tasks.T, 2)))


# --- quantizer


SCALAR = quantizers.EXAMPLES | quantizers.CIRCLES


@pytest.mark.parametrize("name", SCALAR)
def test_under_quantizer_decode_after_encode_is_the_identity(under, name, rng):
    q, u = SCALAR[name], rng.normal(size=(7, 3))
    drawn = rng.integers(q.n_codes, size=(7, 3))
    with under("quantizer"):
        np.testing.assert_array_equal(q(u, rng), u)
        codes = q.encode(u, rng)
        np.testing.assert_array_equal(q.decode(codes), u)
        np.testing.assert_array_equal(q.decode(drawn), q.values[drawn])
        np.testing.assert_array_equal(q.decode(codes[1:]), q.values[np.asarray(codes)[1:]])
        with pytest.raises(ValueError, match="codes"):
            q.decode(drawn + q.n_codes)
        assert quantizers.uniform(4).n_codes == 4  # that values lie in their cells is still checked


@pytest.mark.parametrize("name", quantizers.VECTORS)
def test_under_quantizer_every_coordinate_stays_as_it_is(under, name, rng):
    q = quantizers.VECTORS[name]
    u, drawn = rng.normal(size=(400, 7, q.d)), rng.integers(q.n_codes, size=(7, q.d))
    values = np.stack([c.values[drawn[:, j]] for j, c in enumerate(q.coordinates)], axis=-1)
    with under("quantizer"):
        np.testing.assert_array_equal(q(u, rng), u)
        codes = q.encode(u, rng)
        np.testing.assert_array_equal(q.decode(codes), u)
        np.testing.assert_array_equal(q.decode(drawn), values)
        np.testing.assert_array_equal(q.worst_error(u, rng), 0)
        with pytest.raises(ValueError, match="codes"):
            q.decode(drawn + q.n_codes)


def test_under_quantizer_tokens_of_steps_rebuild_the_path(under, rng):
    u = rng.normal(size=(1, 3, 5, 2))
    grid = learn.Bins.of(u, 4, shared=True)
    for rebuilt in (True, False):
        with under("quantizer"):
            said = grid.rounded(u, rebuilt)[1]
        np.testing.assert_allclose(grid.shift + said * grid.top, u, atol=1e-12)


@pytest.mark.parametrize("intervention", ["rollout", "quantizer"])
def test_a_return_in_closed_form_is_no_rollout_and_stays(under, intervention):
    m = families.Martingale()
    untouched = m.regret(8, 0.5, 0.1, 1.0)
    with under(intervention):
        assert m.regret(8, 0.5, 0.1, 1.0) == untouched


# --- bound


@pytest.mark.parametrize(("intervention", "factor"), [("bound-low", 0.8), ("bound-high", 1.25), ("none", 1), ("fit", 1)])
def test_bounds_are_scaled_once_by_whoever_calls_them(under, intervention, factor):
    ask = {
        "number": lambda: bounds.zero_latent(3),
        "through another": lambda: bounds.half_of_chance(3),
        "pair": lambda: np.array(bounds.swap_range(0.5)),
        "array": lambda: bounds.mode_masses(1.0, 4),
    }
    before = {k: f() for k, f in ask.items()}
    with under(intervention):
        for k, f in ask.items():
            np.testing.assert_allclose(f(), factor * np.asarray(before[k]), rtol=1e-14)


def test_only_numbers_are_scaled():
    assert scaled({"a": [1.0, (2.0, True)], "b": None, "c": "x"}, 2.0) == {"a": [2.0, (4.0, True)], "b": None, "c": "x"}
    assert scaled(len, 2.0) is len
    np.testing.assert_array_equal(scaled(np.arange(3), 2.0), [0, 2, 4])
