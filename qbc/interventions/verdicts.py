"""Recording verdicts in place of raising them, and random numbers of its own for every cell."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from qbc import claims
from qbc.claims import ClaimError, Estimate, checks
from qbc.interventions.swaps import Function, everywhere, reached

MIME = "application/vnd.qbc.power+json"  # the pipeline reads it


def _sides(label: str, *sides: Any) -> list[list[float]]:
    """[value, low, high] of every case of every side."""
    return [[e.value, e.low, e.high] for side in sides for e in checks._estimates(label, side)]


def recorded(original: Function) -> Function:
    """``check`` that notes label, status and all cases, and lets the chapter go on whatever the verdict."""

    def check(label: str, lhs: Any, relation: Any, rhs: Any, **more: Any) -> Any:
        row: dict[str, Any] = {"label": label, "expect": more.get("expect", "holds"), "reached": dict(reached)}
        verdict = None
        try:
            verdict = original(label, lhs, relation, rhs, **more)
        except ClaimError as e:
            verdict = e.verdict
        except ValueError as e:  # a side that is not a finite number, say: the statement cannot be affirmed
            row |= {"status": "undefined", "sides": [], "error": str(e)}
        if verdict is not None:
            row |= {"status": verdict.status, "sides": _finite(_sides(label, lhs, rhs))}
        display({MIME: row, "text/plain": f"{label}: {row['status']}"}, raw=True)  # type: ignore[no-untyped-call]
        return verdict

    return check


def _finite(cases: list[list[float]]) -> list[list[float | None]]:
    return [[v if np.isfinite(v) else None for v in case] for case in cases]


def lenient(original: Function) -> Function:
    """An estimator that answers also for samples that do not vary, or of which it has none that is finite."""

    def estimate(*args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        except ValueError:
            if original.__name__ == "mean" and np.isfinite(np.asarray(args[0], dtype=float)).all():
                m = float(np.mean(args[0]))
                return Estimate(m, m, m)
            return Estimate(np.inf, np.inf, np.inf)

    return estimate


def forgiving(original: Function) -> Function:
    """``glue`` that keeps silent about a number that is none."""

    def glue(key: str, x: Any) -> None:
        try:
            original(key, x)
        except (TypeError, ValueError):
            return

    return glue


def record_verdicts() -> None:
    everywhere(claims.check, recorded(claims.check))
    everywhere(claims.glue, forgiving(claims.glue))
    for name in ("mean", "slope", "quantile"):
        everywhere(getattr(claims, name), lenient(getattr(claims, name)))


def reseed_every_cell(shell: InteractiveShell) -> None:
    """Before each cell, give every generator the notebook has a name for a state that depends on the seed and the cell alone."""
    cell = 0

    def before(*_: Any) -> None:
        nonlocal cell
        cell += 1
        for name, value in shell.user_ns.items():
            if isinstance(value, np.random.Generator) and not name.startswith("_"):
                anew = np.random.default_rng([int(shell.user_ns.get("seed", 0)), cell, zlib.crc32(name.encode())])
                value.bit_generator.state = anew.bit_generator.state

    shell.events.register("pre_run_cell", before)
