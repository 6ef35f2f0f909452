"""Running chapters under interventions: every verdict with every ingredient taken away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from qbc.pipeline import evidence
from qbc.pipeline.chapters import Chapter, Problem, find
from qbc.pipeline.evidence import INTERVENTIONS, Record, recorded
from qbc.pipeline.execute import Job, done
from qbc.pipeline.jobs import perform
from qbc.pipeline.keys import evidence_key, stale
from qbc.pipeline.notebooks import duration
from qbc.pipeline.pairs import pair
from qbc.pipeline.record import ledger, parent

OTHER_SEED = 1000


def names(only: str) -> list[str]:
    """The interventions in a comma-separated list ("": all); ``bound`` stands for both directions."""
    if not only:
        return list(INTERVENTIONS)
    asked = [n for word in only.split(",") for n in (("bound-low", "bound-high") if word == "bound" else (word,))]
    for n in asked:
        if n not in INTERVENTIONS:
            raise Problem(f"no intervention {n!r}; there are {', '.join(INTERVENTIONS)} (bound: both directions)")
    return asked


def _job(c: Chapter, nb: NotebookNode, out: Path, intervention: str, timeout: float | None, seed: int | None = None) -> Job:
    values = {} if seed is None else {"seed": seed}
    which = intervention if seed in (None, OTHER_SEED) else f"{intervention}-{seed}"
    mine = deepcopy(nb)
    mine.metadata["qbc"] = {"key": evidence_key(nb, values | {"intervention": intervention})}
    top, to = c.text.parent.parent.resolve(), out / c.stem / f"{which}.ipynb"
    return Job(f"{c.stem} {which}", mine, values, to, top, intervention, timeout)


class Power:
    """The runs of some chapters under some interventions, into one folder; what is there under the same key is not run again."""

    def __init__(self, chapters: Sequence[Chapter], out: Path, *, timeout: float | None = None, **how: Any) -> None:
        self.pairs = [(c, pair(c)) for c in chapters]
        self.out, self.timeout, self.how = out.resolve(), timeout, how
        self.errors: list[str] = []

    def job(self, c: Chapter, nb: NotebookNode, name: str, seed: int | None = None) -> Job:
        if name == "data" and seed is None:
            seed = OTHER_SEED
        return _job(c, nb, self.out, name, self.timeout, seed)

    def perform(self, jobs: Sequence[Job]) -> None:
        self.errors += [o.error for o in perform(jobs, desc="runs", **self.how) if o.status == "failed"]

    def run(self, wanted: Iterable[str]) -> None:
        """First every chapter with nothing taken away, then everything that replaces something the chapter calls."""
        self.perform([self.job(c, nb, "none") for c, nb in self.pairs])
        ready = [(c, nb) for c, nb in self.pairs if done(self.job(c, nb, "none"))]
        found = {c.stem: evidence.reached(self.job(c, nb, "none").out) for c, nb in ready}
        for c, nb in ready:
            self.errors += [f"{c.stem}: {line}" for line in evidence.untold(self.job(c, nb, "none").out)]
        self.perform([self.job(c, nb, name) for c, nb in ready for name in wanted if name in found[c.stem]])

    def seeds(self, n: int) -> None:
        """Every chapter under n other seeds."""
        self.perform([self.job(c, nb, "data", OTHER_SEED + i) for c, nb in self.pairs for i in range(n)])

    def fared(self, n: int) -> list[tuple[str, int, int]]:
        """(label, how many of the seeds gave the stated verdict, of how many that gave one)."""
        as_stated: Counter[str] = Counter()
        all_: Counter[str] = Counter()
        for c, nb in self.pairs:
            for i in range(n):
                job = self.job(c, nb, "data", OTHER_SEED + i)
                for label, row in evidence.verdicts(job.out).items() if done(job) else ():
                    all_[label] += 1
                    as_stated[label] += row["status"] == row["expect"]
        return [(label, as_stated[label], k) for label, k in all_.items()]

    def record(self, c: Chapter, nb: NotebookNode, wanted: Iterable[str]) -> Record | None:
        """The matrix of one chapter from the runs that are there under the current key; None unless all that are wanted are."""
        base = self.job(c, nb, "none")
        if not done(base):
            return None
        able = evidence.reached(base.out)
        jobs = {name: self.job(c, nb, name) for name in wanted}
        if any(name in able and not done(j) for name, j in jobs.items()):
            return None
        runs = {name: j.out if name in able else base.out for name, j in jobs.items()}
        spent = {"none": base.out} | {name: p for name, p in runs.items() if name in able}
        seconds = {name: round(duration(p), 1) for name, p in spent.items()}
        learned = evidence.learned(base.out, runs["fit"]) if "fit" in runs else []
        return Record(evidence_key(nb, {}), seconds, learned, evidence.matrix(base.out, runs))


def check(top: Path, done: Path, out: Path, chapters: Sequence[Chapter], *, timeout: float | None = None, **how: Any) -> list[str]:
    """What the declarations of the executed chapters say that the matrix does not, and where the matrix is not the book's.

    Where a chapter's matrix is missing, that is said; where it was made from other code, ``fit`` and ``rollout`` are run again
    and must do to every result what is recorded: the ledger shows the recorded matrix.
    """
    kept, quick = recorded(top), ("fit", "rollout")
    said = stale(chapters, done)
    declared: dict[str, dict[str, list[str]]] = {}
    for r in ledger(done, only=[c.stem for c in chapters]):
        if r["label"] == parent(r["label"]):
            declared.setdefault(r["chapter"], {})[r["label"]] = r["rests_on"]
    old = [c for c in chapters if c.stem in kept and kept[c.stem].key != evidence_key(pair(c), {})]
    runs = Power(old, out, timeout=timeout, **how)
    if old:
        runs.run(quick)
        said += runs.errors
    fresh = {c.stem: runs.record(c, nb, quick) for c, nb in runs.pairs}
    for c in chapters:
        mine = declared.get(c.stem, {})
        if c.stem not in kept:
            said.append(f"{c.stem}: no recorded matrix: run `make power`")
        elif c.stem not in fresh:
            said += [f"{c.stem}: {line}" for line in evidence.contradictions(mine, kept[c.stem].results)]
        elif again := fresh[c.stem]:
            old_cells = kept[c.stem].results
            now = {label: {**old_cells.get(label, {}), **cells} for label, cells in again.results.items()}
            said += [f"{c.stem}: {line}" for line in evidence.contradictions(mine, now)]
            said += [f"{c.stem}: {line}: run `make power`" for line in evidence.outdated(old_cells, again.results, quick)]
    book = {c.stem for c in find(top)}
    gone = [stem for stem in kept if stem not in book]
    return said + [f"{stem} is not in the book: its matrix, {evidence.records(top) / stem}.json, goes with it" for stem in gone]
