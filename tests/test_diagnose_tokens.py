"""The section on tokenizers: who is held out, what the head rests on, what a missing extra and too few chunks leave."""

from dataclasses import replace

import numpy as np
import pytest
from diagnose_data import clean
from test_diagnose_sections import sampled

from qbc.claims import Estimate
from qbc.diagnose import report, shown
from qbc.diagnose.advice import COARSE, _tokenizer
from qbc.diagnose.tokens import EPISODES, HELD_OUT, LEAST, SETTINGS, TEST, TRAIN, hold_out, starts, tokens
from qbc.tokenizers.kinds import fast


def looked_at(episodes, chunk=8, seed=0):
    sample, dimensions = sampled(episodes)
    return tokens(sample, dimensions, chunk, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def found():
    return looked_at(clean(np.random.default_rng(1), n=60))


@pytest.fixture(scope="module")
def chance():
    """Of actions that are uniform and have nothing to do with the state."""
    rng = np.random.default_rng(0)
    return looked_at([(rng.uniform(-1, 1, (60, 2)), rng.normal(size=(60, 1))) for _ in range(60)], chunk=4)


def test_all_settings_are_tried_and_finer_bins_err_less(found):
    assert (found.why, found.context, found.skipped) == ("", "the state", ())
    assert [t.name for t in found.rows] == [name for name, _, _ in SETTINGS]
    assert (found.train, found.held_out) == (TRAIN, TEST)
    by = {t.name: t for t in found.rows}
    assert by["256 bins"].error.value < by["32 bins"].error.value < by["8 bins"].error.value
    assert by["256 bins"].head_bits > by["32 bins"].head_bits > by["8 bins"].head_bits
    assert by["8 bins"].tokens == 8 * 3
    assert by["8 bins"].bits == pytest.approx(8 * 3 * 3)
    assert by["FAST"].undecodable > 0
    assert found.sampler**2 == pytest.approx(2 * found.regression**2)


def test_a_bin_of_w_errs_by_w_over_the_root_of_twelve(chance):
    """By hand: actions are uniform, so a cell of width w has the error w / sqrt(12), and the deviation is the range / sqrt(12)."""
    by = {t.name: t.error for t in chance.rows}
    for n in (8, 32, 256):
        e = by[f"{n} bins"]
        assert abs(e.value - 1 / n) <= 2 * (e.high - e.value)  # twice the half width of a 95 % interval


def test_the_interval_has_the_error_of_episodes_to_come():
    """The mean over thirty other episodes lies in the interval from twelve, widened for the fewer of the two."""
    rng = np.random.default_rng(3)
    first, later = (looked_at(clean(rng, n=60), seed=s) for s in (0, 1))
    for a, b in zip(first.rows, later.rows, strict=True):
        assert abs(a.error.value - b.error.value) <= 2 * np.hypot(a.error.high - a.error.value, b.error.high - b.error.value)


def test_no_episode_is_on_both_sides_and_one_in_five_is_held_out():
    number, held = hold_out(np.repeat(np.arange(50) * 7, 9), np.random.default_rng(0))
    assert not set(number[held]) & set(number[~held])
    assert len(set(number[held])) == 50 // HELD_OUT


@pytest.mark.parametrize("state", [True, False])
def test_a_chunk_is_of_one_episode_and_what_the_head_sees_is_of_its_start_or_the_row_before(state):
    steps = [(np.column_stack([np.full(40, e), np.arange(40.0)]), np.arange(40.0)[:, None] if state else None) for e in range(30)]
    sample, _ = sampled(steps)
    at, seen, context = starts(sample, 8)
    assert context == ("the state" if state else "the action before")
    assert len(at) == 30 * (33 if state else 32)
    chunks = sample.actions[at[:, None] + np.arange(8)]
    assert (np.ptp(chunks[..., 0], axis=1) == 0).all()
    assert (seen[:, -1] == chunks[:, 0, 1] - (not state)).all()


def test_without_a_state_the_head_sees_the_action_before():
    assert looked_at([(u, None) for u, _ in clean(np.random.default_rng(0), n=60)]).context == "the action before"


def test_the_head_rests_on_the_state(found):
    """With states that are drawn anew every setting's head errs more."""
    rng = np.random.default_rng(1)
    episodes = clean(rng, n=60)
    swapped = looked_at([(u, rng.normal(size=x.shape)) for u, x in episodes])
    assert swapped.regression > found.regression
    assert all(a.head_error > b.head_error for a, b in zip(swapped.rows, found.rows, strict=True) if a.name != "FAST")


def test_where_the_state_does_not_tell_the_action_no_tokenizer_is_recommended(chance):
    assert min(t.head_error for t in chance.rows) >= 1
    assert _tokenizer(chance).value == "none is told apart"


def test_the_recommended_setting_is_the_one_that_takes_the_head_the_fewest_bits_among_fine_ones(found):
    fine = [t for t in found.rows if t.head_lost == 0 and t.error.value <= COARSE]
    best = min(fine, key=lambda t: t.head_bits)
    assert _tokenizer(found).value.startswith(best.name)
    few = tuple(replace(t, head_bits=0.5) if t.name == "256 quantile bins" else t for t in found.rows)
    assert _tokenizer(replace(found, rows=few)).value.startswith("256 quantile bins")
    off = Estimate(0.2, 0.1, 0.3)
    coarse = tuple(replace(t, error=off) if t.name == "256 quantile bins" else t for t in few)
    assert _tokenizer(replace(found, rows=coarse)).value.startswith(best.name)


def test_where_all_settings_are_coarse_the_fewest_bits_decide(found):
    off = Estimate(0.2, 0.1, 0.3)
    coarse = tuple(replace(t, error=off) for t in found.rows if t.head_lost == 0)
    best = min(coarse, key=lambda t: t.head_bits)
    assert _tokenizer(replace(found, rows=coarse)).value.startswith(best.name)


def test_a_setting_whose_samples_do_not_decode_is_not_recommended_for_what_stands_in_for_them(found):
    """Chunks that do not decode count as the mean chunk, which may err less than what others sample."""
    lost = tuple(replace(t, head_error=0.1, head_bits=0.1, head_lost=0.9) if t.name == "FAST" else t for t in found.rows)
    assert not _tokenizer(replace(found, rows=lost)).value.startswith("FAST")
    assert _tokenizer(replace(found, rows=tuple(t for t in lost if t.name == "FAST"))).value == "none is told apart"


def test_too_few_chunks_rank_nothing():
    few = looked_at(clean(np.random.default_rng(0), n=10, T=20))
    assert not few.rows
    assert f"({LEAST[0]}, {LEAST[1]} and {EPISODES} do)" in few.why
    assert looked_at([(np.zeros((50, 2)), np.zeros((50, 1)))] * 40).why == "no action dimension varies"
    assert not looked_at([(np.random.default_rng(i).normal(size=(5, 2)), None) for i in range(40)]).rows  # shorter than a chunk


def test_without_the_extra_the_others_are_told_and_fast_says_what_to_install(monkeypatch):
    def missing():
        raise ModuleNotFoundError("no tokenizers: install the extra tokens with pip", name="tokenizers")

    monkeypatch.setattr(fast, "bpe", missing)
    found = looked_at(clean(np.random.default_rng(1), n=60))
    assert found.skipped == ("FAST: no tokenizers: install the extra tokens with pip",)
    assert len(found.rows) == len(SETTINGS) - 1


@pytest.mark.parametrize("size", [1e-300, 1e-12, 1e12, 1e99])
def test_actions_of_any_size_give_a_table_or_a_reason(size):
    found = looked_at([(size * u, x) for u, x in clean(np.random.default_rng(0), n=60)])
    assert found.why or all(np.isfinite([t.error.value, t.head_error, t.head_bits]).all() for t in found.rows)


def test_the_table_is_in_the_text_and_on_the_page(tmp_path):
    file = tmp_path / "d.npz"
    episodes = clean(np.random.default_rng(1), n=60)
    u, x = (np.concatenate(parts) for parts in zip(*episodes, strict=True))
    np.savez(file, actions=u, states=x, episode_ends=80 * np.arange(1, 61))
    r = report.diagnose(file, seed=0)
    text = shown.text(r)
    assert "Tokenizers of chunks" in text
    assert all(name in text for name, _, _ in SETTINGS)
    assert [a.choice for a in r.advice].count("tokenizer") == 1
