"""Tokens worked out by hand, one kind after the other, and what is particular to each."""

import numpy as np
import pytest

from qbc import tokenizers as tk
from qbc.tokenizers.grid import Grid
from qbc.tokenizers.kinds.fsq import Fsq
from qbc.tokenizers.kinds.ordered import OrderedDct
from qbc.tokenizers.kinds.rvq import Rvq
from qbc.tokenizers.kinds.splines import design
from qbc.tokenizers.scaling import Scaling

LINE = Scaling([-1.0], [1.0])


def smooth(seed=0, n=200, h=8, d=3):
    return np.cumsum(np.random.default_rng(seed).normal(size=(n, h, d)), axis=1)


def test_bins_are_the_255_cells_of_256_edges():
    """The middle of [q01, q99] is a centre; the ends are the first and the last code."""
    u = np.linspace(-1, 1, 2001).reshape(-1, 1, 1)
    q = tk.fit("bins", u, np.random.default_rng(0))
    assert q.facts.low == pytest.approx([-0.98])
    assert q.encode([[[-0.98]], [[0.0]], [[0.98]]]).ravel().tolist() == [0, 127, 254]
    assert q.decode([127]) == pytest.approx(0.0, abs=1e-15)
    assert q.facts.worst == pytest.approx([0.98 / 255])
    assert (q.facts.tokens_worst, q.facts.vocabulary, q.facts.moved) == (1, 255, (1, 1))


def test_tokens_of_steps_go_in_time_and_then_by_coordinate():
    u = np.random.default_rng(0).uniform(size=(50, 3, 2))
    q = tk.fit("uniform", u, np.random.default_rng(0), n=4)
    tokens = q.encode(u[0])
    tokens[2] = (tokens[2] + 1) % 4
    assert np.argwhere(q.decode(tokens) != q.decode(q.encode(u[0]))).tolist() == [[1, 0]]


def test_an_angle_that_winds_is_refused():
    with pytest.raises(ValueError, match=r"quantizer: one of uniform, .*, not 'periodic'"):
        tk.fit("bins", smooth(), np.random.default_rng(0), quantizer="periodic")


def test_the_offset_of_bet_is_no_token():
    """With it nothing is quantised; without it what is left is the deviation within a cluster."""
    u = np.array([[[0.0], [1.0]], [[10.0], [9.0]]])
    q = tk.fit("BeT", u, np.random.default_rng(0), n=2)
    tokens = q.encode(u)
    assert q.decode(tokens).ravel() == pytest.approx([0.5, 0.5, 9.5, 9.5])
    offsets = q.offsets(u, tokens)
    assert offsets.ravel() == pytest.approx([-0.5, 0.5, 0.5, -0.5])
    assert q.decode_with(tokens, offsets) == pytest.approx(u)
    assert q.facts.rms == pytest.approx([0.5])
    assert q.facts.continuous == 2
    wrong = 1 - tokens[0]
    assert q.decode_with(wrong, offsets[0]).ravel() == pytest.approx([9.0, 10.0])  # a wrong token costs as much with it


def test_residual_stages_are_prefixes():
    q = Rvq(1, LINE, np.zeros(1), (np.array([[-0.5], [0.5]]), np.array([[-0.25], [0.25]])))
    assert q.encode([[0.9]]).tolist() == [1, 1]
    assert [q.decode([1, 1][:k]).item() for k in range(3)] == [0, 0.5, 0.75]
    assert q.decode([[], []]).shape == (2, 1, 1)


def test_fsq_packs_the_first_coefficient_highest():
    """Levels (3, 2): −1 0 1, and −1 0 times the step; a token is 2 i + j."""
    grid = Grid.with_zero(np.array([1.5, 0.5]), np.array([3, 2]))
    assert (grid.bottom.tolist(), grid.step.tolist()) == ([-1, -1], [1, 1])
    q = Fsq(2, LINE, np.zeros(2), grid, np.eye(2), 2)
    assert q.sizes.tolist() == [6]
    assert q.decode([[t] for t in range(6)])[..., 0].tolist() == [[-1, -1], [-1, 0], [0, -1], [0, 0], [1, -1], [1, 0]]
    assert q.encode([[[0.8], [-0.7]]]).tolist() == [[4]]


def test_fast_by_hand():
    """(1, −1): coefficients 0 and √2, times ten and rounded (0, 14); one of 29 numbers is a token until two are merged."""
    u = np.array([[[1.0], [-1.0]], [[-1.0], [1.0]]])
    q = tk.fit("FAST", u, np.random.default_rng(0), tail=0.0, vocabulary=29)
    assert (q.top, q.facts.vocabulary) == (14, 29)
    assert q.encode(u)[0].tolist() == [14, 28]
    assert q.decode([14, 28]).ravel() == pytest.approx([1.4 / np.sqrt(2), -1.4 / np.sqrt(2)])
    assert q.facts.worst == pytest.approx([np.sqrt(2) / 20])
    near = np.full((1, 2, 1), [[0.0499 * np.sqrt(2)], [0.0]])  # both coefficients just below half a step
    assert np.abs(q.decode(q.encode(near)) - near).max() == pytest.approx(np.sqrt(2) / 20, rel=3e-3)
    merged = tk.fit("FAST", np.repeat(u, [5, 1], axis=0), np.random.default_rng(0), tail=0.0, vocabulary=30)
    assert [t.tolist() for t in merged.encode(u)] == [[29], [14, 0]]
    with pytest.raises(ValueError, match=r"^tokens: they are 3 coefficients, and a chunk has 2$"):
        merged.decode([29, 3])


def test_fast_saturates_no_coefficient_inside_the_range():
    """Every corner of the range comes back within the worst error, far from the chunks that were fitted to."""
    u = 0.01 * smooth(h=4, d=1)
    u[0] = 1.0
    u[1] = -1.0
    q = tk.fit("FAST", u, np.random.default_rng(0), tail=0.0, scale=3.0)
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * 4)).reshape(4, -1).T[..., None]
    assert (np.abs(q.decode(q.encode(corners)) - corners) <= q.facts.worst).all()


@pytest.mark.parametrize("factor", [1.5, 2, 3])
def test_fast_decodes_chunks_far_outside_its_range(factor):
    """Saturated and told; reference codes give zeros for many of them."""
    u = smooth()
    q = tk.fit("FAST", u, np.random.default_rng(0))
    with pytest.warns(tk.Outside, match="entries outside the range"):
        tokens = q.encode(factor * u)
    assert (np.abs(q.decode(tokens) - np.clip(factor * u, q.facts.low, q.facts.high)) <= q.facts.worst).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"vocabulary": 10}, "vocabulary: at least 57, one for each number"),
        ({"scale": 0}, "scale: positive and finite"),
        ({"scale": 1e4}, "scale: at most 6400 different numbers"),
        ({"tail": 0.5}, "tail: 0 <= tail < 1/2"),
    ],
)
def test_fast_refuses(options, words):
    with pytest.raises(ValueError, match=words):
        tk.fit("FAST", smooth(), np.random.default_rng(0), **options)


def test_splines_sum_to_one_and_keep_lines():
    B = design(9, 6, 4)
    np.testing.assert_allclose(B.sum(axis=1), 1)
    assert (B[0, 0], B[-1, -1]) == (1, 1)
    line = np.linspace(0, 1, 9)
    np.testing.assert_allclose(B @ np.linalg.lstsq(B, line, rcond=None)[0], line, atol=1e-12)


def test_a_control_point_moves_the_steps_that_it_reaches():
    """Degree 1 and a control point a step: each moves its own. Degree 2, five points, nine steps: the middle one moves seven."""
    u = smooth(h=9, d=2)
    assert tk.fit("BEAST", u, np.random.default_rng(0), basis=9, degree=1).facts.moved == (1, 1)
    assert tk.fit("BEAST", u, np.random.default_rng(0), basis=5, degree=2).facts.moved == (7, 1)


def test_groups_keep_their_tokens_to_themselves():
    u = smooth()
    q = tk.fit("OmniSAT", u, np.random.default_rng(0), n=(8, 4), group=(0, 0, 1))
    assert q.sizes.tolist() == [8, 8, 4, 4]
    tokens = q.encode(u[0])
    for t, moved in ((0, {0, 1}), (1, {2}), (2, {0, 1}), (3, {2})):
        wrong = tokens.copy()
        wrong[t] = (wrong[t] + 1) % q.sizes[t]
        assert set(np.argwhere(q.decode(wrong) != q.decode(tokens))[:, 1]) == moved
    with pytest.raises(ValueError, match="group: one number for each of 3 coordinates"):
        tk.fit("OmniSAT", u, np.random.default_rng(0), group=(0, 1))
    with pytest.raises(ValueError, match=r"group: .* without a gap"):
        tk.fit("OmniSAT", u, np.random.default_rng(0), group=(0, 0, 2))


def test_the_first_frequency_is_the_mean_in_time():
    u = smooth(h=4, d=2)
    q = tk.fit("ordered DCT", u, np.random.default_rng(0), kept=2, n=1001)
    assert q.facts.tokens_worst == 4
    held = q.decode(q.encode(u[0])[:2])
    assert (held == held[0]).all()
    assert held[0] == pytest.approx(u[0].mean(axis=0), abs=q.grid.step[:2].max() * q.scaling.half.max())
    with pytest.raises(ValueError, match="n: odd, so that 0 is in the middle, not 4"):
        tk.fit("ordered DCT", u, np.random.default_rng(0), n=4)


def test_a_coefficient_beyond_its_grid_is_told():
    """Both entries are inside their range, their mean is not where means were."""
    q = OrderedDct(2, LINE, np.zeros(2), Grid.with_zero(np.array([0.5, 2.0]), np.array([5, 5])), 2)
    with pytest.warns(tk.Outside, match="0 of 2 entries outside the range; 1 of 1 chunks with coefficients outside theirs"):
        assert q.encode([[1.0], [1.0]]).tolist() == [4, 2]


def test_told_statistics_must_be_those_fitted_to():
    u = smooth()
    q = tk.fit("ordered PCA", u, np.random.default_rng(0))
    rows = u.reshape(-1, 3)
    q.check_statistics({"q01": np.quantile(rows, 0.01, axis=0), "std": rows.std(axis=0).astype(np.float32), "count": [1600]})
    with pytest.raises(ValueError, match=r"^q99: coordinate 1 has .*, and the tokenizer was fitted where it is"):
        q.check_statistics({"q99": np.quantile(rows * [1, 1.5, 1], 0.99, axis=0)})
    with pytest.raises(ValueError, match=r"^mean: \(3,\), not \(7,\): not the actions"):
        q.check_statistics({"mean": np.zeros(7)})
    with pytest.raises(ValueError, match=r"^std: coordinate 0 has nan"):
        q.check_statistics({"std": [np.nan, 1, 1]})
    with pytest.raises(ValueError, match=r"^told: one or more of min, max"):
        q.check_statistics({"median": [0, 0, 0]})


def test_measure_on_held_out_chunks():
    """The numbers again, the plain way."""
    u, v = smooth(1), 1.2 * smooth(2, n=100)
    q = tk.fit("bins", u, np.random.default_rng(0), n=17)
    m = tk.measure(q, v, np.random.default_rng(0))
    error = q.decode(q.encode(v, tell=False)) - v
    std = u.reshape(-1, 3).std(axis=0)
    assert (m.n, m.tokens_mean, m.tokens_worst, m.vocabulary, m.bits, m.undecodable) == (100, 24, 24, 16, 96, 0)
    np.testing.assert_allclose(m.rms, np.sqrt((error**2).mean(axis=(0, 1))))
    np.testing.assert_array_equal(m.worst, np.abs(error).max(axis=(0, 1)))
    assert m.relative == pytest.approx(np.sqrt(((error / std) ** 2).mean()))
    assert m.outside == pytest.approx(((v < q.facts.low) | (v > q.facts.high)).mean())
    i, j = np.divmod(np.arange(256), 16)
    step = (q.facts.high - q.facts.low) / 16 / std
    expected = np.sqrt(((i - j)[i != j] ** 2).mean() * (step**2).mean() / 24)  # of a code and another one, all alike
    assert m.wrong == pytest.approx(expected, rel=0.3)
    fast = tk.measure(tk.fit("FAST", u, np.random.default_rng(0)), v, np.random.default_rng(0))
    assert 0.3 < fast.undecodable < 1
    assert fast.tokens_mean < 24


def test_nothing_to_get_wrong_costs_nothing():
    q = tk.fit("ordered DCT", np.ones((5, 3, 2)), np.random.default_rng(0))
    m = tk.measure(q, np.ones((5, 3, 2)), np.random.default_rng(0))
    assert (m.undecodable, m.bits, m.rms.tolist()) == (0, 0, [0, 0])
    assert np.isnan(m.wrong)
