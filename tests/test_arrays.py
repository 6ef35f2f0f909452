"""What is no number is named, wherever it could be taken for one."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from qbc import families, learn, tasks
from qbc.arrays import finite
from qbc.finite import draw


def test_the_first_bad_entry_is_named():
    a = np.ones((2, 3))
    finite("a", a, "row", "column")
    a[1, 2], a[1, 1] = np.nan, -np.inf
    with pytest.raises(ValueError, match="a: row 1, column 1 is -inf, not a finite number"):
        finite("a", a, "row", "column")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_draws_scores_likelihoods_and_estimators_refuse_it(rng, bad):
    weights = np.ones((4, 3))
    weights[2, 0] = bad
    with pytest.raises(ValueError, match="weights: row 2 is"):
        draw(weights, rng)
    task = tasks.Radial(4)
    paths, _ = task.demonstrations(3, rng)
    paths[1, 5, 0] = bad
    with pytest.raises(ValueError, match="paths: path 1, step 5, coordinate 0 is"):
        task.score(paths)
    for x, y in ((np.array([[0.0], [bad]]), np.zeros(2)), (np.zeros((2, 1)), np.array([0.0, bad]))):
        with pytest.raises(ValueError, match="row 1, column 0 is"):
            learn.fit_estimator(LinearRegression(), x, y)


def test_a_likelihood_that_is_no_number_is_refused(rng):
    with pytest.raises(ValueError, match="log_likelihood: some datum is NaN"):
        families.most_likely(np.array([[0.0, np.nan]]), rng)
