"""Measuring a race, what is recorded of it, and which races got worse."""

import gc
import platform
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from bench.races import Race, Run
from qbc.pipeline.machine import machine

Row = dict[str, Any]
SECONDS, LEAST, MOST = 3.0, 5, 31  # a race goes on for so long, in so many rounds
WORSE = 1.5
PACKAGES = ("numpy", "scipy", "torch", "POT", "gymnasium")


def seconds(run: Run) -> float:
    """Processor time of a call, averaged over a tenth of a second: what other programs do meanwhile is not counted."""
    start, calls = time.process_time(), 0
    while (spent := time.process_time() - start) < 0.1 or not calls:
        run()
        calls += 1
    return spent / calls


def peak(run: Run) -> float:
    """Bytes."""
    tracemalloc.start()
    run()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return float(most)


def rounds(sides: Sequence[Run], gauge: Callable[[Run], float]) -> Iterator[tuple[float, ...]]:
    """Both sides, turn by turn, so that what else the machine does falls on both; each goes first in every other round."""
    end, done = time.perf_counter() + SECONDS, 0
    while done < LEAST or (done < MOST and time.perf_counter() < end):
        order = [0, 1] if done % 2 else [1, 0]
        found = {side: gauge(sides[side]) for side in order}
        yield found[0], found[1]
        done += 1


def measured(race: Race) -> Row:
    """The median ratio theirs / ours with its quartiles, and the medians of both; or which package is missing."""
    row: Row = {"name": race.name, "group": race.group, "ours": race.ours, "theirs": race.theirs, "kind": race.kind}
    try:
        sides = race.make(**race.sizes)
    except ModuleNotFoundError as e:
        return row | {"missing": f"{e.name} is not installed: pip install -e '.[bench]'"}
    for run in sides:
        run()  # what is imported, compiled or cached once
    gc.collect()
    own, peer = np.array(list(rounds(sides, {"time": seconds, "memory": peak}[race.kind]))).T
    low, ratio, high = np.quantile(peer / own, [0.25, 0.5, 0.75])
    numbers = {"ratio": ratio, "low": low, "high": high, "own": np.median(own), "peer": np.median(peer)}
    return row | {k: float(f"{v:.4g}") for k, v in numbers.items()} | {"rounds": len(own)}


def growth(rows: Sequence[Row], prefix: str = "tv-eps-") -> dict[str, float]:
    """The exponents with which the times of a race over sizes n grow with n: the slopes of their logarithms."""
    sized = [(int(r["name"].removeprefix(prefix)), r["own"], r["peer"]) for r in rows if r["name"].startswith(prefix)]
    n, own, peer = np.log(np.array(sized)).T
    return {side: round(float(np.polyfit(n, t, 1)[0]), 2) for side, t in (("own", own), ("peer", peer))}


def circumstances() -> dict[str, Any]:
    versions = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    date = datetime.now(UTC).date().isoformat()
    return {"date": date, **machine(), "versions": versions}


def worse(now: Row, recorded: Row) -> bool:
    return "missing" not in now and "missing" not in recorded and now["ratio"] * WORSE < recorded["ratio"]
