"""Under ``less`` a learner begins wherever it begins with all data, and a tenth is what it is shown wherever it can begin with that."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

from qbc import learn
from qbc.demonstrations import demonstrations
from qbc.interventions.rows import enough_rows, few_rows, few_samples
from qbc.learn import Fit

QUICK = dict(seed=0, steps=1, width=4)
SORTED = np.arange(100) // 25 * 1.0  # four modes, one after the other
LATE = demonstrations(None, np.arange(100.0)[:, None], weights=np.arange(100) >= 10)


def prototypes(weights=None, **fit):
    return lambda: learn.fit_prototypes(demonstrations(None, SORTED[:, None], weights=weights), Fit(**QUICK, **fit), codes=4)


def autoencoder(n, fit, **how):
    u = np.random.default_rng(0).normal(size=(n, 1))
    return lambda: learn.fit_autoencoders(demonstrations(None, u), Fit(**QUICK, **fit), penalties=[1.0], **how)


CASES = {
    "modes in order": prototypes(),
    "modes in order, rows held out": prototypes(held_out=0.2),
    "the first tenth weighs nothing": prototypes(np.arange(100) >= 10),
    "different chunks late": lambda: learn.fit_prototypes(LATE, Fit(**QUICK), codes=4),
    "one row held out of ten": autoencoder(100, dict(held_out=0.1, batch=8), penalty="mmd"),
    "a single row that weighs": lambda: learn.fit_autoencoders(LATE, Fit(**QUICK), penalties=[1.0], penalty="mmd"),
    "strata of what is learned from": autoencoder(200, dict(batch=None, held_out=0.2), strata=20),
}


@pytest.mark.parametrize("case", CASES)
def test_a_learner_that_can_begin_with_all_data_begins_with_less(under, case):
    assert np.isfinite(CASES[case]().loss).all()
    with under("less"):
        assert np.isfinite(CASES[case]().loss).all()


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (LogisticRegression(), SORTED),
        (QuadraticDiscriminantAnalysis(reg_param=0.5), SORTED),
        (KMeans(16, random_state=0), None),
        (GaussianMixture(16), None),
    ],
)
def test_an_estimator_begins_with_less(under, estimator, y):
    x = np.random.default_rng(0).normal(size=(100, 1))
    with under("less"):
        learn.fit_estimator(estimator, x, y).predict(x)


def test_rows_by_hand():
    chunks, fit = demonstrations(None, SORTED[:, None]), Fit(**QUICK)
    assert enough_rows(chunks, fit, {"codes": 4}).tolist() == [0, 25, 50, 75, *range(1, 10)]
    assert enough_rows(chunks, fit, {"codes": 1}).tolist() == [*range(10)]
    assert enough_rows(chunks, fit, {"codes": [4]}).tolist() == [*range(10)]  # a codebook may repeat itself
    assert enough_rows(LATE, fit, {"codes": 2}).tolist() == [10, 11, *range(10)]
    assert len(enough_rows(chunks, Fit(**QUICK, held_out=0.1), {"penalty": "mmd"})) == 15  # of 15 two are held out, of 14 one
    fit = Fit(**QUICK, batch=None, held_out=0.2)
    assert len(enough_rows(demonstrations(None, np.zeros((200, 1))), fit, {"strata": 20})) == 25  # of which 20 are learned from


@pytest.mark.parametrize(
    "given", [{}, {"components": 3}, {"codes": [3, 12]}, {"strata": 4}, {"penalty": "mmd"}, {"penalty": "kl", "strata": 16}]
)
@pytest.mark.parametrize("batch", [None, 16])
def test_a_tenth_that_is_enough_is_what_it_was(given, batch):
    demos, fit = demonstrations(None, np.random.default_rng(0).normal(size=(2, 300, 1, 1))), Fit(**QUICK, batch=batch)
    least = max(2, given.get("components", 0), *given.get("codes", [0]))
    np.testing.assert_array_equal(enough_rows(demos, fit, given), few_rows(demos, fit, least, given.get("strata", 1)))


def test_samples_by_hand():
    assert few_samples(100, {}).tolist() == [*range(10)]
    assert few_samples(5, {}).tolist() == [0, 1]
    assert few_samples(1, {}).tolist() == [0]
    assert few_samples(100, {"codes": SORTED}).tolist() == [*range(10), 25, 50, 75]
    assert few_samples(100, {"estimator": LogisticRegression(), "y": SORTED}).tolist() == [*range(10), 25, 26, 50, 51, 75, 76]
    assert few_samples(100, {"estimator": LogisticRegression(), "y": SORTED[::-1] + np.arange(100) % 2}).tolist() == [*range(10)]
    assert few_samples(100, {"estimator": KMeans(16), "y": None}).tolist() == [*range(16)]
    assert few_samples(10, {"estimator": KMeans(16), "y": None}).tolist() == [*range(10)]
