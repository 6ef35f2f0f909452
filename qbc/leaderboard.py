"""Chapter 13's recorded table: settings chosen by one rule, every head from three seeds in every column, and shorter and longer runs.

``python -m qbc.leaderboard FILE`` trains what the table needs and writes it. Each run is kept in FILE.part as soon as it is done: if
the command ends early and is started again with the same code, it goes on from there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from qbc.benchmark import CAN, COLUMNS, HEADS, SEVERAL, STEPS, TASKS, Asked, demonstrated, fitted, grid, represented

VALIDATION = 100  # the seed of the runs that choose settings
SEEDS = (0, 1, 2)
RULED = "DCT 8"  # the column in which settings are chosen, and in which heads are trained for shorter and longer
BUDGETS = (STEPS // 4, 4 * STEPS, 16 * STEPS)
Networks = list[list[float]]  # success and valid coverage of each


@dataclass(frozen=True)
class Run:
    """One training: a head with its setting, in a column, a network for each of its tasks and seeds, a task's seeds side by side."""

    head: str
    setting: tuple[Any, float]
    column: str
    tasks: tuple[str, ...]
    seeds: tuple[int, ...]
    steps: int

    @property
    def name(self) -> str:
        return json.dumps(asdict(self))


def scored(run: Run) -> Networks:
    """Success and valid coverage of the run's networks, in 500 fresh scenes each."""
    shown = represented(demonstrated(run.tasks, run.seeds), run.column)
    policy = fitted(run.head, shown, run.setting, run.steps, run.seeds[0])
    asked = Asked.of(run.tasks, run.seeds, 500)
    scores = asked.scores(policy(asked.x, np.random.default_rng(run.seeds[0])))
    return [[float(s.success.mean()), s.valid_coverage] for s in scores]


def candidates(head: str) -> list[Run]:
    """What the rule compares, the same for all heads: its settings, with data, scenes and networks of a seed of their own."""
    return [Run(head, s, RULED, SEVERAL, (VALIDATION,), STEPS) for s in grid(head)]


def validated(head: str, found: Callable[[Run], Networks]) -> tuple[Any, float]:
    """The rule: the setting with the largest mean success on rays and corridor, in DCT coefficients; the first of equals."""
    return max(candidates(head), key=lambda run: np.mean([success for success, _ in found(run)])).setting


def table(head: str, setting: tuple[Any, float]) -> list[Run]:
    """The runs of a head in the table: every column that it can have, and the other budgets in one."""
    each = [Run(head, setting, c, tuple(TASKS), SEEDS, STEPS) for c in COLUMNS if c in CAN[head]]
    return each + [Run(head, setting, RULED, SEVERAL, SEEDS, steps) for steps in BUDGETS]


def _cost(run: Run) -> float:
    """Longest first, so that none is left for the end: steps times batch times networks."""
    return run.steps * HEADS[run.head][2] * len(run.tasks) * len(run.seeds)


def _timed(run: Run) -> tuple[Run, Networks, float]:
    began = time.process_time()
    return run, scored(run), time.process_time() - began


class Part:
    """What is done of a table, a line a run, in a file whose first line says by which code; one made with other code is begun anew."""

    def __init__(self, file: Path) -> None:
        sources = sorted(Path(__file__).parent.rglob("*.py"))
        code = hashlib.sha256(b"".join(p.read_bytes() for p in sources)).hexdigest()
        self.file = file
        self.done: dict[str, tuple[Networks, float]] = {}
        lines = file.read_text("utf8").split("\n")[:-1] if file.is_file() else []  # a line that was cut off is left out
        if lines[:1] == [code]:
            self.done = {name: (found, seconds) for name, found, seconds in map(json.loads, lines[1:])}
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{code}\n", "utf8")

    def add(self, run: Run, found: Networks, seconds: float) -> None:
        self.done[run.name] = (found, seconds)
        with self.file.open("a", encoding="utf8") as f:
            f.write(json.dumps([run.name, found, seconds]) + "\n")

    def found(self, run: Run) -> Networks:
        """Raises ``KeyError`` for a run that is not done."""
        return list(self.done[run.name][0])


def _all(runs: Iterable[Run], part: Part, pool: ProcessPoolExecutor, what: str) -> None:
    left = sorted((r for r in runs if r.name not in part.done), key=_cost, reverse=True)
    with tqdm(total=len(left), desc=what, disable=None) as bar:
        for future in as_completed([pool.submit(_timed, r) for r in left]):
            part.add(*future.result())
            bar.update()


def record(file: Path, heads: Sequence[str] = tuple(HEADS), workers: int = 2) -> None:
    """Settings and the table, as JSON: what the rule chose, the processor time of all runs in seconds, and a row for each network."""
    part = Part(file.with_suffix(".part"))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        _all([r for h in heads for r in candidates(h)], part, pool, "settings")
        chosen = {h: validated(h, part.found) for h in heads}
        runs = [r for h in heads for r in table(h, chosen[h])]
        _all(runs, part, pool, "table")
    rows = []
    for run in runs:
        networks = [name for name in run.tasks for _ in run.seeds]
        for task, (success, valid) in zip(networks, part.found(run), strict=True):
            rows.append(json.dumps(dict(head=run.head, column=run.column, steps=run.steps, task=task, success=success, valid=valid)))
    seconds = round(sum(s for _, s in part.done.values()))
    lines = ",\n".join(rows)
    text = f'{{"chosen": {json.dumps(chosen)},\n"seconds": {seconds},\n"rows": [\n{lines}\n]}}\n'
    new = file.with_suffix(".new")
    new.write_text(text, "utf8")
    os.replace(new, file)
    part.file.unlink()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m qbc.leaderboard", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file", type=Path, help="where the table is kept, as JSON")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="runs at a time (default: one per core)")
    args = parser.parse_args(argv)
    if args.jobs < 1:
        parser.error(f"--jobs: at least 1, got {args.jobs}")
    record(args.file, workers=args.jobs)
    print(f"the table is in {args.file}: review the change with `git diff {args.file}`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
