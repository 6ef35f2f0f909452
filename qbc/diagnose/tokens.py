"""What tokenizers of chunks make of the actions: error and length on held-out episodes, and how well a small head predicts the tokens.

Reconstruction alone ranks first what a head is worst at: fine codes are hard to predict. So each setting is judged by the chunks that
the head of ``qbc.tokenizers.modelability`` writes in held-out states, against those of a head that needs no tokens.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qbc.claims import Estimate, mean
from qbc.diagnose.marginals import Dimension
from qbc.diagnose.rows import Array, Sample
from qbc.tokenizers import Pairs, Tokenizer, fit, measure, modelability
from qbc.tokenizers.measure import relative

Rows = NDArray[np.int64]
SETTINGS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("256 bins", "uniform", dict(n=256)),
    ("32 bins", "uniform", dict(n=32)),
    ("8 bins", "uniform", dict(n=8)),
    ("256 quantile bins", "quantile", dict(n=256)),
    ("FAST", "FAST", {}),
    ("DCT, 4 of 31 codes", "ordered DCT", {}),
    ("RVQ, 4 of 64 codes", "RVQ", {}),
)
HELD_OUT = 5  # every so many episodes one is held out
TRAIN, TEST = 1000, 250  # chunks, at most
LEAST = 200, 50  # chunks to fit to and held out, fewer of which rank nothing
EPISODES = 5  # held out at least, for an interval over them


@dataclass(frozen=True)
class Tokens:
    """One setting, on held-out episodes. Errors are rms, in standard deviations of the actions, over what moves."""

    name: str
    tokens: float  # a chunk, on average
    bits: float  # a chunk, each token with as many bits as it has codes
    error: Estimate  # of encoding and decoding, over episodes
    outside: float  # share of entries beyond the range that was fitted
    wrong: float | None  # by how much one wrong token moves a chunk, where it still decodes
    undecodable: float  # share of chunks that do not decode with one wrong token
    head_bits: float  # a chunk, that the head needs
    head_error: float  # of the chunks that it samples
    head_lost: float  # share of them that do not decode; they count as the mean chunk


@dataclass(frozen=True)
class Tokenized:
    """All settings; ``rows`` is empty where ``why`` says so."""

    why: str
    chunk: int  # steps
    train: int  # chunks fitted to
    held_out: int
    context: str  # what the head sees
    regression: float  # rms error of the mean of the nearest demonstrations: a head without tokens that averages
    rows: tuple[Tokens, ...]
    skipped: tuple[str, ...]  # settings that were not tried, and why

    @property
    def sampler(self) -> float:
        """What a perfect sampler would be off by, if that mean were the right one and all the rest were chance: √2 times as much."""
        return float(np.sqrt(2) * self.regression)


def tokens(sample: Sample, dimensions: Sequence[Dimension], chunk: int, rng: np.random.Generator) -> Tokenized:
    """Fit each of ``SETTINGS`` to chunks of four fifths of the episodes, the discrete and constant dimensions left out."""
    chosen = [i for i, d in enumerate(dimensions) if d.kind == "continuous" and d.spread > 0 and not d.wraps]
    if not chosen:
        return _unseen("no action dimension varies", chunk)
    at, seen, context = starts(sample, chunk)
    episode, held = hold_out(sample.episode[at], rng)
    n, m = int((~held).sum()), int(held.sum())
    episodes = len(np.unique(episode[held]))
    if n < LEAST[0] or m < LEAST[1] or episodes < EPISODES:
        few = f"{n} chunks of {chunk} steps to fit to and {m} of {episodes} episodes held out"
        return _unseen(f"{few} rank nothing ({LEAST[0]}, {LEAST[1]} and {EPISODES} do)", chunk)

    def pairs(mine: NDArray[np.bool_], most: int) -> Pairs:
        rows = np.sort(rng.permutation(np.flatnonzero(mine))[:most])
        chunks = np.stack([sample.actions[np.ix_(at[rows] + k, chosen)] for k in range(chunk)], axis=1)
        return Pairs(seen[rows], chunks, episode[rows])

    train, test = pairs(~held, TRAIN), pairs(held, TEST)
    rows: list[Tokens] = []
    skipped: list[str] = []
    averages: list[float] = []
    for name, kind, options in SETTINGS:
        try:
            with warnings.catch_warnings():  # what they warn of, lost codes and large errors, is in the table
                warnings.simplefilter("ignore")
                row, averaged = _row(name, fit(kind, train.chunks, rng, **options), train, test, rng)
        except (ModuleNotFoundError, ValueError) as refused:  # FAST without its extra; numbers that a kind does not take
            skipped.append(f"{name}: {refused}")
            continue
        rows.append(row)
        averages.append(averaged)
    return Tokenized(
        "" if rows else skipped[0],
        chunk,
        len(train.chunks),
        len(test.chunks),
        context,
        min(averages, default=0.0),  # it takes as many demonstrations as a setting's head does: the best of them
        tuple(rows),
        tuple(skipped),
    )


def _unseen(why: str, chunk: int) -> Tokenized:
    return Tokenized(why, chunk, 0, 0, "", 0.0, (), ())


def _row(name: str, t: Tokenizer, train: Pairs, test: Pairs, rng: np.random.Generator) -> tuple[Tokens, float]:
    """A setting, and the error of the averaging head."""
    seen, head = measure(t, test.chunks, rng), modelability(t, train, test, rng)
    off = t.decode(t.encode(test.chunks, tell=False)) - test.chunks
    each = [relative(t, off[test.episodes == e]) for e in np.unique(test.episodes)]
    wrong = None if np.isnan(seen.wrong) else seen.wrong
    error = mean(each, level=0.95)
    lost = seen.undecodable, head.bits, head.sampled, head.undecodable
    return Tokens(name, seen.tokens_mean, seen.bits, error, seen.outside, wrong, *lost), head.regression


def starts(sample: Sample, chunk: int) -> tuple[Rows, Array, str]:
    """Rows (n,) at which a chunk begins, what the head sees there (n, q), and what that is: the state, or the action before."""
    at, _ = sample.pairs(chunk - 1)
    if sample.states is not None and sample.states.size and np.ptp(sample.states, axis=0).any():
        return at, sample.states[at], "the state"
    after, before = sample.pairs(-1)
    at = np.intersect1d(at, after)
    return at, sample.actions[before[np.searchsorted(after, at)]], "the action before"


def hold_out(episode: Rows, rng: np.random.Generator) -> tuple[Rows, NDArray[np.bool_]]:
    """Episodes (n,), numbered from 0, and which rows are of the one in ``HELD_OUT`` that is held out."""
    names, number = np.unique(episode, return_inverse=True)
    return number, rng.permutation(len(names))[number] % HELD_OUT == HELD_OUT - 1
