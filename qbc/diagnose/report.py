"""The report: one pass over the rows, a section each for what can be seen, and then findings and advice from all of them.

A section is a file with one function, from what was streamed to a dataclass; to add one, add a field here and call it in `sections`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tqdm import tqdm

from qbc.datasets import Recording, recognise
from qbc.diagnose.advice import Advice, advise, unseen
from qbc.diagnose.alignment import Alignment, align
from qbc.diagnose.drift import Drift, drift
from qbc.diagnose.findings import Finding, findings
from qbc.diagnose.horizon import Horizon, horizon
from qbc.diagnose.marginals import Dimension, Marginals
from qbc.diagnose.motion import Motion, motion
from qbc.diagnose.neighbours import Neighbours, neighbours
from qbc.diagnose.rows import Blocks, Sample, Sampler, sound, stretches
from qbc.diagnose.stored import Compared, compare, empty_ranges
from qbc.diagnose.tokens import Tokenized, tokens

SCHEMA = 1  # of the JSON; rises when a key is renamed or goes


@dataclass(frozen=True)
class Counts:
    """What was read."""

    rows: int  # sound ones
    unsound: int  # rows left out: an entry is no finite number, or beyond 1e100
    unsound_first: str  # where; "" without any
    episodes: int
    shortest: int  # rows of an episode, unsound ones too
    mean: float
    longest: int
    sample: int  # rows of the sample
    whole: bool  # the sample is all sound rows
    rank_error: float  # share of rows by which the rank of a quantile may be off; 0: exact


@dataclass(frozen=True)
class Sections:
    """What was measured; all fields of a data set without sound rows are empty."""

    dimensions: tuple[Dimension, ...]
    stored: tuple[Compared, ...]
    empty_ranges: tuple[tuple[str, str, int], ...]
    alignment: Alignment
    motion: Motion
    drift: tuple[Drift, ...]  # of increments
    neighbours: Neighbours
    horizon: Horizon
    tokens: Tokenized


@dataclass(frozen=True)
class Report:
    """What `diagnose` found. ``findings`` of severity "fault" are what its exit status counts."""

    schema: int
    qbc: str
    numpy: str
    path: str
    format: str
    fps: float | None
    seed: int
    chunk: int
    counts: Counts
    sections: Sections
    findings: tuple[Finding, ...]
    advice: tuple[Advice, ...]
    unseen: tuple[str, ...]
    notes: tuple[str, ...]  # what was odd in the files

    @property
    def faults(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "fault")


def diagnose(
    path: Path | str, *, seed: int, chunk: int = 8, steps: int | None = None, gain: float | None = None, progress: bool = False
) -> Report:
    """Read a data set once and say what its actions are like. Nothing is written, nothing leaves the machine.

    ``seed`` draws the sample (all rows, up to 32,768), the places whose neighbours are compared, resamplings, and what tokenizers
    are tried on. ``chunk``: steps of the chunks that are compared at neighbouring states and made into tokens. ``steps``: the horizon
    H (default: the mean length of an episode). ``gain``: state deviation per unit of action error, if known; else loops are fitted.
    ``progress``: a bar on stderr, if that is a terminal.

    Raises :class:`qbc.datasets.Unreadable`, one line naming the file; ``ModuleNotFoundError``, one line, where the extra ``data``
    is missing; ``ValueError`` naming the argument.
    """
    for name, value in (("chunk", chunk), ("steps", steps)):
        if value is not None and not 1 <= value <= 10**6:
            raise ValueError(f"{name}: from 1 to 1000000, not {value}")
    if gain is not None and not 0 <= gain < np.inf:
        raise ValueError(f"gain: a finite number >= 0, not {gain}")
    if seed < 0:
        raise ValueError(f"seed: >= 0, not {seed}")
    recording, rng = recognise(path), np.random.default_rng(seed)
    counts, marginals, sample = read(recording, rng, progress)
    found = sections(recording, counts, marginals, sample, chunk, steps, gain, rng)
    named = findings(recording, counts.unsound, counts.unsound_first, found)
    return Report(
        SCHEMA,
        version("qbc"),
        np.__version__,
        str(path),
        recording.format,
        recording.fps,
        seed,
        chunk,
        counts,
        found,
        named,
        advise(found, named) if counts.rows else (),
        unseen(found, counts.rows, counts.whole, recording.has_rows),
        tuple(recording.notes),
    )


def read(recording: Recording, rng: np.random.Generator, progress: bool) -> tuple[Counts, Marginals, Sample]:
    """One pass over the rows, in flat memory."""
    da, dx = len(recording.actions), len(recording.states)
    marginals, blocks, sampler = Marginals(da), Blocks(), Sampler(rng)
    lengths: list[int] = [0, 0, 0, 0]  # episodes, the shortest, the longest, the one being read
    unsound, first, rows, now = 0, "", 0, None
    total = sum(recording.lengths.values()) if recording.lengths else None
    with tqdm(total=total, desc="rows", unit="", unit_scale=True, leave=False, disable=None if progress else True) as bar:
        for p in recording.pieces():
            if p.episode != now:
                lengths, now = _ended(lengths), p.episode
            lengths[3] += len(p.actions)
            ok = sound(p)
            if not ok.all():
                unsound += int((~ok).sum())
                first = first or f"episode {p.episode}, step {p.start + int(ok.argmin())}"
            for s in stretches(p, ok):
                sampler.offer(s)
            if blocks.add(p, ok) and (block := blocks.take()) is not None:
                marginals.add(*block)
            rows += len(p.actions)
            bar.update(len(p.actions))
    if (block := blocks.take()) is not None:
        marginals.add(*block)
    episodes, shortest, longest, _ = _ended(lengths)
    sample = sampler.sample(da, dx)
    error = marginals.sketch.error / max(1, marginals.n)
    whole = sample.whole
    counts = Counts(
        rows - unsound, unsound, first, episodes, shortest, rows / max(1, episodes), longest, len(sample.actions), whole, error
    )
    return counts, marginals, sample


def _ended(lengths: list[int]) -> list[int]:
    episodes, shortest, longest, n = lengths
    return [episodes + 1, min(shortest or n, n), max(longest, n), 0] if n else lengths


def sections(
    recording: Recording,
    counts: Counts,
    marginals: Marginals,
    sample: Sample,
    chunk: int,
    steps: int | None,
    gain: float | None,
    rng: np.random.Generator,
) -> Sections:
    """What there is to see, section by section."""
    dimensions = marginals.dimensions(recording.actions)
    aligned = align(sample, dimensions, recording.states)
    kind = aligned.kind
    return Sections(
        dimensions,
        compare(recording.stored, dimensions, marginals.sketch),
        empty_ranges(recording.stored),
        aligned,
        motion(sample, dimensions, kind),
        drift(sample, _increments(dimensions, aligned)) if kind == "increments" else (),
        neighbours(sample, dimensions, chunk, rng),
        horizon(sample, aligned, dimensions, recording.states, steps or max(1, round(counts.mean)), gain, rng),
        tokens(sample, dimensions, chunk, rng),
    )


def _increments(dimensions: tuple[Dimension, ...], aligned: Alignment) -> tuple[Dimension, ...]:
    """The dimensions, those that are no increments as if they did not move."""
    kinds = (a.kind for a in aligned.dimensions)
    return tuple(d if k == "increments" else replace(d, kind="constant") for d, k in zip(dimensions, kinds, strict=True))
