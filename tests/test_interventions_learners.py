"""What holds of every learner whose data are taken away, and of every network that is trained longer."""

import dataclasses

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression

from qbc import bounds, families, learn, policies, quantizers, systems, tasks
from qbc.demonstrations import demonstrations
from qbc.interventions import learners, reached, swaps, tokenizers
from qbc.interventions.rows import few_rows
from qbc.learn import Fit, device

N, FEW = 40, 4  # rows, and a tenth of them


def test_an_intervention_is_undone_here(under):
    before = learn.fit_regression, device.minimise, systems.System.__post_init__, bounds.half_of_chance
    with under("fit"):
        assert before[0] is not learn.fit_regression
        assert before[1] is not device.minimise
    assert before == (learn.fit_regression, device.minimise, systems.System.__post_init__, bounds.half_of_chance)


# --- learners: each case fits to n rows x (n, 2), u (n, 2) and answers with numbers


def two(x):
    """The same data for each of two networks."""
    return np.stack([x, x])


def played(head):
    return np.asarray(head(two(AT), np.random.default_rng(0)))


def likelihoods(u):
    members = np.random.default_rng(0).normal(size=(20, 1, 3))
    return -((u[:, :1] - members) ** 2)  # (20 data sets, n, 3)


def cells(q):
    return np.concatenate([q.edges, q.values])


def nets():
    return learn.Networks(learn.Ensemble(2, (2, 4, 2), 0))


def chunks(x, u):
    """The same observations, and chunks of two steps, for each of two networks."""
    return demonstrations(two(x), two(u)[:, :, None] * np.arange(1, 3)[:, None])


AT = np.random.default_rng(0).normal(size=(N, 2))[:FEW]  # where policies are asked: observations that every fit has seen
SMALL = Fit(seed=0, steps=3, width=4)
PLAIN = policies.Linear(np.eye(2), np.ones(2))
CASES = {
    "qbc.learn.autoencoders:fit_autoencoders": lambda x, u: played(
        learn.fit_autoencoders(chunks(x, u), SMALL, penalties=[0.1, 1], components=2)
    ),
    "qbc.learn.autoencoders:fit_autoencoders of what else is seen": lambda x, u: played(
        learn.fit_autoencoders(chunks(x, u), SMALL, penalties=[0.1, 1], seen=two(u))
    ),
    "qbc.learn.autoregressive:fit_tokens": lambda x, u: played(learn.fit_tokens(chunks(x, u), SMALL, bins=4)),
    "qbc.learn.autoregressive:fit_tokens in steps": lambda x, u: played(
        learn.fit_tokens(chunks(x, u), SMALL, bins=4, context=learn.Sight())
    ),
    "qbc.learn.codes:fit_codebook": lambda x, u: played(learn.fit_codebook(chunks(x, u), SMALL, codes=[2, 3])),
    "qbc.learn.codes:fit_prototypes": lambda x, u: played(learn.fit_prototypes(chunks(x, u), SMALL, codes=3)),
    "qbc.learn.mixture:fit_mixture": lambda x, u: played(learn.fit_mixture(chunks(x, u), SMALL, components=2)),
    "qbc.learn.regression:fit_regression": lambda x, u: played(learn.fit_regression(chunks(x, u), SMALL)),
    "qbc.learn.samplers:fit_denoiser": lambda x, u: played(learn.fit_denoiser(chunks(x, u), SMALL).using(2)),
    "qbc.learn.samplers:fit_flow": lambda x, u: played(learn.fit_flow(chunks(x, u), SMALL).using(2)),
    "qbc.learn.bernoulli:fit_bernoulli": lambda x, u: np.array(
        dataclasses.astuple(learn.fit_bernoulli(x[:, :1], u[:, :1], policies.Bernoulli(0.1, 0.0, 0.2)))
    ),
    "qbc.learn.estimators:fit_estimator": lambda x, u: learn.fit_estimator(LinearRegression(), x, u).predict(AT),
    "qbc.learn.estimators:fit_estimator of x alone": lambda x, u: learn.fit_estimator(KMeans(2, random_state=0), u).cluster_centers_,
    "qbc.learn.linear:descend": lambda x, u: learn.descend(x, u, steps=3, lr=0.1),
    "qbc.learn.linear:fit_linear": lambda x, u: learn.fit_linear(x, u)(AT, None),
    "qbc.learn.linear:fit_linear with a prior": lambda x, u: learn.fit_linear(x[:, :1] * [[1, 1]], u, PLAIN)(AT, None),
    "qbc.learn.lipschitz:fit_lipschitz": lambda x, u: learn.fit_lipschitz(AT, u[:, 0], [1, 2], SMALL)(AT),
    "qbc.learn.softmax:fit_softmax": lambda x, u: learn.fit_softmax(x, (u[:, 0] > 0).astype(int), np.eye(2)).probabilities(AT),
    "qbc.learn.sgd:stream_gains": lambda x, u: learn.stream_gains(lambda: (x.T, u.T), 1.0, lr=0.1, steps=3).raw,
    "qbc.learn.sgd:stream_networks": lambda x, u: learn.stream_networks(
        nets(), lambda: (two(x), two(u[:, :1] > 0)), lr=0.1, steps=3, gamma=0.5, count=1, every=1, tokens=2
    ).raw(AT),
    "qbc.quantizers.fits:fit_mu_law": lambda x, u: cells(quantizers.fit_mu_law(u[:, 0], 3)),
    "qbc.quantizers.fits:fit_openvla": lambda x, u: cells(quantizers.fit_openvla(u[:, 0], 5)),
    "qbc.quantizers.fits:fit_uniform": lambda x, u: cells(quantizers.fit_uniform(u[:, 0], 3)),
    "qbc.quantizers.fits:kmeans": lambda x, u: cells(quantizers.kmeans(u[:, 0], 3, np.random.default_rng(0))),
    "qbc.quantizers.fits:quantile": lambda x, u: cells(quantizers.quantile(u[:, 0], 3)),
    "qbc.quantizers.residual:fit_residual": lambda x, u: np.concatenate(
        quantizers.fit_residual(u, [3, 2], np.random.default_rng(0)).books
    ),
    "qbc.quantizers.vector:fit": lambda x, u: np.concatenate(
        [cells(q) for q in quantizers.fit(u, ["quantile", "kmeans"], 3, rng=np.random.default_rng(0)).coordinates]
    ),
    "qbc.tasks.blind:mode_blind": lambda x, u: tasks.mode_blind(u[:, None], 2, 5, np.random.default_rng(0)),
    "qbc.families:most_likely": lambda x, u: families.most_likely(likelihoods(u), np.random.default_rng(0)),
    "qbc.families:most_likely with weights": lambda x, u: families.most_likely(
        likelihoods(u), np.random.default_rng(0), np.ones((20, len(u)))
    ),
    "qbc.families:frequency": lambda x, u: families.frequency((u > 0).sum(axis=0), len(u), np.random.default_rng(0)),
}
RANDOMLY = {"qbc.families:frequency", "qbc.families:most_likely with weights"}  # which of counted data a tenth is, is drawn


def rows(which, n=N):
    """The first n rows of data set ``which``; all have the same observations and other targets."""
    return np.random.default_rng(0).normal(size=(N, 2))[:n], np.random.default_rng(which).normal(size=(N, 2))[:n]


def test_every_learner_has_a_case():
    taught = {s.target for s in swaps() if s.intervention in ("fit", "less")} - {learners.NETWORKS}
    taught -= {s.target for s in tokenizers.SWAPS}  # tests/test_interventions_tokenizers.py
    assert {n.partition(" ")[0] for n in CASES} == taught


@pytest.mark.parametrize("case", CASES)
def test_fit_gives_the_same_policy_whatever_the_targets(under, case):
    fit, learned = CASES[case], []
    assert not np.array_equal(fit(*rows(1)), fit(*rows(2)))
    for which in (1, 2):
        with under("fit"):
            learned.append(fit(*rows(which)))
    np.testing.assert_allclose(*learned, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", [c for c in CASES if c not in RANDOMLY])
def test_less_gives_what_the_first_tenth_gives(under, case):
    fit = CASES[case]
    first = fit(*rows(1, FEW))
    with under("less"):
        np.testing.assert_array_equal(fit(*rows(1)), first)


def test_less_draws_a_tenth_of_counted_data(under, rng):
    count = np.arange(N + 1)
    with under("less"):
        share = families.frequency(count, N, rng)
        assert np.array_equal(share * FEW, np.rint(share * FEW))
        assert (share[0], share[-1]) == (0, 1)
        each, weights = np.zeros((1, 2)), np.full((2000, 1), 500)
        seen = []
        whole, families_most_likely = np.rint, families._weighted
        families._weighted = lambda w, e: seen.append(w) or families_most_likely(w, e)
        try:
            families.most_likely(each, rng, weights)
        finally:
            families._weighted = families_most_likely
    assert np.array_equal(seen[0], whole(seen[0]))
    assert abs(seen[0].mean() - 50) < 5 * np.sqrt(45 / 2000)  # Binomial(500, 1/10)


def test_less_of_tokens_keeps_every_token_and_of_strata_whole_ones(under, rng):
    x, codes = rng.normal(size=(N, 1)), np.r_[np.zeros(N - 1, dtype=int), 1]
    with under("less"):
        few = learn.fit_softmax(x, codes, np.eye(2)).probabilities(x)
        all_rows = Fit(seed=0, steps=1, batch=None)  # 3 rows would be no whole strata
        learn.fit_autoencoders(demonstrations(None, rng.normal(size=(30, 1))), all_rows, penalties=[0.1], strata=2)
    np.testing.assert_array_equal(few, learn.fit_softmax(x[[0, 1, 2, 3, -1]], codes[[0, 1, 2, 3, -1]], np.eye(2)).probabilities(x))


@pytest.mark.parametrize("weights", [None, np.ones((20, N))])
@pytest.mark.parametrize("intervention", ["none", "fit", "less"])
def test_the_callers_random_numbers_are_spent_alike(under, intervention, weights):
    spent = []
    for name in ("none", intervention):
        with under(name):
            rng = np.random.default_rng(0)
            families.most_likely(likelihoods(rows(1)[1]), rng, weights)
            spent.append(rng.bit_generator.state)
    assert spent[0] == spent[1]


def test_fit_draws_members_uniformly(under, rng):
    sure = np.broadcast_to(np.log([1e-300, 1.0, 1e-300]), (3000, 1, 3))
    with under("fit"):
        counts = np.bincount(families.most_likely(sure, rng), minlength=3)
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(3000 * 2 / 9)


# --- effort, none


@pytest.mark.parametrize(("intervention", "factor"), [("none", 1), ("effort", 4), ("fit", 0)])
def test_effort_trains_every_network_four_times_as_long(under, intervention, factor):
    weight, asked = device.nn.Parameter(device.tensor([1.0])), []
    with under(intervention):
        device.minimise([weight], lambda: (asked.append(1), (weight**2).sum())[1], steps=5, lr=0.1)
    assert len(asked) == 5 * factor


def test_effort_streams_networks_four_times_as_long_and_leaves_chains_of_gains(under):
    asked = []
    batches = lambda: (asked.append(1), (np.ones((1, 1)), np.ones((1, 1))))[1]  # noqa: E731
    with under("effort"):
        learn.stream_gains(batches, 0.0, lr=0.1, steps=3)
        chain = len(asked)
        how = dict(lr=0.1, steps=3, gamma=1, count=1, every=1, tokens=2)
        learn.stream_networks(nets(), lambda: (asked.append(1), (two(AT), two(AT[:, :1] > 0)))[1], **how)
    assert (chain, len(asked) - chain) == (3, 12)


def test_under_none_nothing_changes_and_calls_are_counted(under):
    before = {case: fit(*rows(1)) for case, fit in CASES.items()}
    q, plant = quantizers.EXAMPLES["openvla-255"], systems.linear(0.5, 1.0, 0.1)
    act, x1 = lambda x, rng: q(x), np.ones((3, 1))
    run, half = systems.rollout(plant, act, x1, 4, np.random.default_rng(0)).x, bounds.half_of_chance(4)
    with under("none"):
        assert not reached
        for case, fit in CASES.items():
            np.testing.assert_array_equal(fit(*rows(1)), before[case])
        counted = dict(reached)
        np.testing.assert_array_equal(systems.rollout(plant, act, x1, 4, np.random.default_rng(0)).x, run)
        assert bounds.half_of_chance(4) == half
        gained = {k: n - counted.get(k, 0) for k, n in reached.items()}
    assert {"fit", "less", "effort"} <= set(counted)
    assert (gained["rollout"], gained["bound-low"], gained["bound-high"]) == (1, 1, 1)
    assert gained["quantizer"] == 4 * 3  # four times: call, encode, decode
    assert gained["fit"] == gained["effort"] == 0


@pytest.mark.parametrize(
    "fit",
    [
        lambda d, f: learn.fit_prototypes(d, f, codes=9),
        lambda d, f: learn.fit_codebook(d, f, codes=[9]),
        lambda d, f: learn.fit_mixture(d, f, components=9),
        lambda d, f: learn.fit_autoencoders(d, f, penalties=[1.0], components=9),
    ],
)
def test_less_shows_as_many_rows_as_a_learner_asks_for(under, fit):
    x, u = rows(1)
    with under("less"):
        for share in (0.0, 0.2):
            assert np.isfinite(fit(demonstrations(x, u), Fit(seed=0, steps=1, width=4, held_out=share)).loss).all()


def test_less_shows_each_step_and_something_that_weighs(under):
    x, u = rows(1)
    mask, weights = np.ones((N, 2), dtype=bool), np.ones(N)
    mask[:20, 1], weights[:10] = False, 0
    demos = demonstrations(x, u[:, :, None], mask=mask, weights=weights)
    assert few_rows(demos, SMALL, 2, 1).tolist() == [10, 20, 0, 1, 2, 3]
    assert len(few_rows(demos, SMALL, 2, 5)) % 5 == 0
    with under("less"):
        assert np.isfinite(learn.fit_regression(demos, SMALL).loss).all()
