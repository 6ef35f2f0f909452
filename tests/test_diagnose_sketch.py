"""Quantiles of a stream: what is certain about them is true, whatever the rows and their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc.diagnose.sketch import Sketch

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


def filled(rows, k, cuts=()):
    sketch = Sketch(rows.shape[1], k)
    for part in np.split(rows, sorted(cuts)):
        sketch.add(part)
    return sketch


@given(st.lists(NUMBERS | st.sampled_from([0.0, 1.0]), min_size=1, max_size=300), st.integers(1, 20), st.floats(0, 1))
def test_the_true_quantile_lies_between_the_ends(values, k, p):
    """Oracle: numpy's inverted distribution function; half of the values are atoms, and the order is hypothesis' own."""
    (found,) = filled(np.array(values)[:, None], k, range(7, len(values), 7)).quantiles(p)
    true = np.sort(values)[max(1, int(np.ceil(p * len(values) * (1 - 1e-12)))) - 1]
    assert found.low <= true <= found.high
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("order", [np.sort, lambda u: -np.sort(-u), lambda u: np.tile(np.sort(u[:100]), len(u) // 100)])
def test_the_error_is_what_ranks_are_off_by_at_most(order, rng):
    u = order(rng.normal(size=20_000))
    sketch = filled(u[:, None], 128, range(999, len(u), 999))
    assert 0 < sketch.error < 0.05 * len(u)
    values, ranks = (a[0] for a in sketch.ranked())
    true = np.searchsorted(np.sort(u), values, side="right")
    assert np.abs(ranks[np.searchsorted(values, values, side="right") - 1] - true).max() <= sketch.error


def test_as_many_rows_as_fit_are_exact(rng):
    u = rng.normal(size=(64, 3))
    sketch = filled(u, 32, (5, 6, 40))
    assert sketch.error == 0
    for p in (0.01, 0.5, 0.99):
        found = sketch.quantiles(p)
        np.testing.assert_array_equal([q.value for q in found], np.quantile(u, p, axis=0, method="inverted_cdf"))
        assert all(q.low == q.value == q.high for q in found)
    sketch.add(u[:1])
    assert sketch.error == 1


def test_by_hand():
    """1 ... 10 with room for 4 at once, k = 2: {1, 2, 3, 4} -> {1, 3} and {5, 6, 7, 8} -> {6, 8}; then 9, 10 as they are.
    {1, 3, 6, 8} of weight 2 -> {1, 6} of weight 4."""
    sketch = filled(np.arange(1.0, 11)[:, None], 2)
    values, ranks = sketch.ranked()
    assert values.tolist() == [[1, 6, 9, 10]]
    assert ranks.tolist() == [[4, 8, 9, 10]]
    assert sketch.error == 1 + 1 + 2
    (median,) = sketch.quantiles(0.5)
    assert (median.value, median.low, median.high) == (6, 1, 9)
    (first,) = sketch.quantiles(0.0)
    assert first.low == 1


def test_counts_add_up_and_are_those_of_numpy(rng):
    u = rng.normal(size=(500, 2)).round(1)
    sketch, edges = filled(u, 256), np.linspace(u[:, 1].min(), u[:, 1].max(), 9)
    found = sketch.counts(1, edges.tolist())
    assert found.sum() == 500
    shifted = np.histogram(-u[:, 1], bins=-edges[::-1])[0][::-1]  # numpy's cells own their left ends
    np.testing.assert_array_equal(found, shifted)


def test_columns_do_not_meet(rng):
    u = rng.normal(size=(3000, 2))
    both, alone = filled(u, 50, range(0, 3000, 100)), filled(u[:, 1:], 50, range(0, 3000, 100))
    assert both.quantiles(0.3)[1] == alone.quantiles(0.3)[0]


@pytest.mark.parametrize("rows", [np.zeros((2, 3)), np.zeros(2), np.array([[1.0, np.nan]]), np.array([[np.inf, 0.0]])])
def test_refuses_other_widths_and_what_is_no_number(rows):
    with pytest.raises(ValueError, match="rows: finite numbers"):
        Sketch(2).add(rows)


def test_refuses_to_say_anything_of_nothing():
    with pytest.raises(ValueError, match="0 rows"):
        Sketch(1).quantiles(0.5)
    with pytest.raises(ValueError, match="d >= 1"):
        Sketch(0)


@pytest.mark.xfail(strict=True, reason="a sketch that keeps the first rows is no sketch")
def test_a_broken_sketch_is_noticed():
    class Lazy(Sketch):
        def _halve(self, columns, level):
            self._waiting.setdefault(1, columns[:, : self.k])

    sketch = Lazy(1, 10)
    sketch.add(np.arange(100.0)[:, None])
    (found,) = sketch.quantiles(0.5)
    assert found.low <= 49 <= found.high
