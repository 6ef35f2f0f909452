"""What each result rests on: the matrix result x intervention, the class that follows from it, and where it is kept."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from qbc.pipeline.chapters import NUMBERED, Problem
from qbc.pipeline.notebooks import outputs, strict
from qbc.pipeline.record import numbers, parent

MIME = "application/vnd.qbc.power+json"  # qbc.interventions writes it; this module imports none of the science
INTERVENTIONS = ("data", "fit", "less", "rollout", "quantizer", "bound-low", "bound-high", "effort")
TAKEN = {"fit": ("fit",), "less": ("less",), "rollout": ("rollout",), "quantizer": ("quantizer",), "bound": ("bound-low", "bound-high")}

NO_NUMBER = re.compile(r"\(nan\)|must be finite")  # a side that is no number turns a verdict; a check of no case at all gives none

# ``same``: neither value nor verdict; ``moved``: the value alone; ``turned``: the verdict is not as stated any more;
# ``lost``: a cell could not run, so there is no verdict; ``unreached``: nothing the intervention replaces is called before it.
State = Literal["same", "moved", "turned", "lost", "unreached"]
Cells = dict[str, State]


def verdicts(executed: Path) -> dict[str, dict[str, Any]]:
    """What an intervened run recorded: label of a stated result -> its row."""
    rows = [o["data"][MIME] for o in outputs(executed) if MIME in o.get("data", {})]
    for r in rows:
        kinds = {"label": str, "status": str, "expect": str, "sides": list, "reached": dict}
        if not isinstance(r, dict) or not all(isinstance(r.get(k), kind) for k, kind in kinds.items()):
            raise Problem(
                f"cannot read the run {executed}: a verdict in it is not one that this version of qbc writes; remove the file"
            )
    return {r["label"]: r for r in rows if r["label"] == parent(r["label"])}


def _moved(a: Sequence[float | None], b: Sequence[float | None], *, resampled: bool) -> bool:
    """Whether two cases [value, low, high] differ by more than their intervals allow; at all, if ``resampled`` is meant to show."""
    x, y = a[0], b[0]
    if x is None or y is None:
        return x is not y
    gap = abs(x - y)
    if resampled:
        return gap > 1e-9 * max(abs(x), abs(y))
    half = [math.inf if None in (low, high) else max(v - low, high - v) for v, low, high in (a, b)]  # type: ignore[operator]
    return gap > max(math.hypot(*half), 1e-9 * max(abs(x), abs(y)))


def state(base: Mapping[str, Any], row: Mapping[str, Any] | None, intervention: str) -> State:
    """What the intervention did to one result."""
    if row is None or (row["status"] == "undefined" and not NO_NUMBER.search(row.get("error", ""))):
        return "lost"
    if row["status"] != row["expect"] and base["status"] == base["expect"]:  # else nothing was there that could turn
        return "turned"
    a, b = base["sides"], row["sides"]
    if intervention == "data" and any(low != high for _, low, high in a):
        return "moved"  # counts may agree by chance: what has an interval was sampled
    resampled = intervention in ("data", "bound-low", "bound-high")
    changed = len(a) != len(b) or any(_moved(x, y, resampled=resampled) for x, y in zip(a, b, strict=False))
    return "moved" if changed else "same"


def matrix(base: Path, runs: Mapping[str, Path]) -> dict[str, Cells]:
    """Label -> intervention -> what it did, from the run under ``none`` and those under the others."""
    mine, others = verdicts(base), {k: verdicts(p) for k, p in runs.items()}
    found: dict[str, Cells] = {}
    for label, row in mine.items():
        found[label] = {}
        for name in runs:
            known = name == "data" or row["reached"].get(name, 0)
            found[label][name] = state(row, others[name].get(label), name) if known else "unreached"
    return found


def reached(base: Path) -> set[str]:
    """The interventions that replace something this chapter calls; ``data`` always."""
    return {"data"} | {name for r in verdicts(base).values() for name, n in r["reached"].items() if n}


def untold(base: Path) -> list[str]:
    """Which results are not as stated with nothing taken away: then what is taken away cannot turn them."""
    return [
        f"{label}: is {r['status']} with nothing taken away, for other random numbers in every cell: nothing can be told of it"
        for label, r in verdicts(base).items()
        if r["status"] != r["expect"]
    ]


def learned(base: Path, fit: Path) -> list[str]:
    """The glued numbers that are others when learners ignore their data."""
    mine, blind = numbers(base), numbers(fit)

    def value(x: Any) -> Any:
        return x[0] if isinstance(x, list) else x

    return [k for k, v in mine.items() if isinstance(value(v), float) and value(blind.get(k)) != value(v)]


def evidence_class(cells: Mapping[str, State]) -> str:
    """Follows from what moves the value; a lost verdict says nothing."""
    fit, rollout = (cells.get(k) in ("moved", "turned") for k in ("fit", "rollout"))
    if fit and rollout:
        return "end to end"
    if fit or rollout:
        return "fitted" if fit else "rolled out"
    return "sampled" if cells.get("data") in ("moved", "turned") else "exact"


def turned_by(cells: Mapping[str, State]) -> list[str]:
    """What turns the verdict when it is taken away, and ``effort`` if longer training does."""
    taken = [name for name, runs in TAKEN.items() if any(cells.get(r) == "turned" for r in runs)]
    return taken + (["effort"] if cells.get("effort") == "turned" else [])


def weak(cells: Mapping[str, State]) -> bool:
    """Rests on nothing it should: what moves the value turns no verdict, or another seed or longer training turns it."""
    turned = turned_by(cells)
    needed = {"fitted": {"fit"}, "rolled out": {"rollout"}, "end to end": {"fit", "rollout"}}.get(evidence_class(cells))
    return cells.get("data") == "turned" or "effort" in turned or not turned or (needed is not None and not needed & set(turned))


@dataclass(frozen=True)
class Record:
    """The recorded matrix of a chapter, and the key it was made under."""

    key: str
    seconds: dict[str, float]  # of every run
    learned: list[str]  # the glued numbers that move with the fit
    results: dict[str, Cells]

    def text(self) -> str:
        rows = ",\n".join(f"  {json.dumps(label)}: {json.dumps(cells)}" for label, cells in self.results.items())
        seconds = json.dumps(self.seconds, allow_nan=False)
        head = f' "key": "{self.key}",\n "seconds": {seconds},\n "learned": {json.dumps(self.learned)},\n'
        return f'{{\n{head} "results": {{\n{rows}\n }}\n}}\n'


def _record(raw: Any) -> Record:
    """Raises ``KeyError``, ``TypeError`` or ``ValueError`` if ``raw`` is no record."""
    found = Record(raw["key"], raw["seconds"], raw["learned"], raw["results"])
    if not isinstance(found.key, str) or found.seconds["none"] < 0 or min(found.seconds.values()) < 0:
        raise ValueError("its key or its seconds are none")
    if not isinstance(found.learned, list) or not all(isinstance(name, str) for name in found.learned):
        raise ValueError("its learned numbers are no list of names")
    for label, cells in found.results.items():
        if wrong := [name for name in cells if name not in INTERVENTIONS or cells[name] not in get_args(State)]:
            raise ValueError(f"{label}: {wrong[0]!r} is no intervention, or {cells[wrong[0]]!r} nothing that it does")
    return found


def read(path: Path) -> Record | None:
    """The record in a file; None if there is none. Raises ``Problem`` for a file that is not one."""
    if not path.is_file():
        return None
    try:
        return _record(strict(path.read_text("utf8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        what = f"{e} is missing in it" if isinstance(e, KeyError) else e
        raise Problem(f"cannot read the record {path}: {what}; renew it with `make power`") from None


def contradictions(
    declared: Mapping[str, Sequence[str]], results: Mapping[str, Cells], only: Sequence[str] = tuple(TAKEN)
) -> list[str]:
    """What the declarations of a chapter's checks say that the matrix does not."""
    said = []
    for label, names in declared.items():
        if label not in results:
            said.append(f"{label}: has no row in the matrix")
            continue
        turned = turned_by(results[label])
        for name in (n for n in names if n in only and n not in turned):
            states = ", ".join(dict.fromkeys(results[label].get(run, "unreached") for run in TAKEN[name]))
            said.append(f"{label}: declares that it rests on {name}, but its verdict does not turn without it ({states})")
    return said


def outdated(kept: Mapping[str, Cells], fresh: Mapping[str, Cells], names: Sequence[str]) -> list[str]:
    """Where the classes of fresh results and what turned them are not those that are recorded."""
    said = [f"{label}: has a row in the recorded matrix, but no verdict" for label in kept if label not in fresh]
    said += [f"{label}: has no row in the recorded matrix" for label in fresh if label not in kept]
    for label in (k for k in fresh if k in kept):
        for name in names:
            old, new = kept[label].get(name, "unreached"), fresh[label][name]
            if old != new and {old, new} & {"moved", "turned"}:
                said.append(f"{label}: the recorded matrix says {old} under {name}, now it is {new}")
    return said


def records(top: Path) -> Path:
    """Where the book keeps the matrix, one file a chapter."""
    return top / "book" / "_static" / "power"


def recorded(top: Path) -> dict[str, Record]:
    """The recorded matrix of every chapter that has one."""
    found = {p.stem: read(p) for p in sorted(records(top).glob(f"{NUMBERED}.json"))}
    return {stem: r for stem, r in found.items() if r is not None}


def known(records: Mapping[str, Record]) -> dict[str, dict[str, tuple[str, list[str]]]]:
    """What the ledger shows of the matrix: chapter -> label -> (class, turned by)."""
    return {
        stem: {label: (evidence_class(cells), turned_by(cells)) for label, cells in r.results.items()} for stem, r in records.items()
    }


def times(top: Path) -> dict[str, float]:
    """How long each run took when the matrix was last recorded: ``06-compounding`` and ``06-compounding fit`` -> seconds."""
    found: dict[str, float] = {}
    for stem, record in recorded(top).items():
        found |= {stem: record.seconds["none"]} | {f"{stem} {name}": s for name, s in record.seconds.items()}
    return found
