"""Executed notebooks: which of them a folder holds, their outputs and verdicts, read strictly."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from qbc.pipeline.chapters import NUMBERED, Problem

MIME = "application/vnd.qbc.claim+json"  # qbc.claims writes it; this module imports none of the science
Row = dict[str, Any]
_NUMBER = (int, float, type(None))  # None: without an end on this side
_WRITTEN = (
    dict.fromkeys(("label", "relation", "expect", "status", "why"), str)
    | dict.fromkeys(("value", "low", "high", "rhs", "tol"), _NUMBER)
    | dict.fromkeys(("cases", "violated"), int)
)
_DECLARED = {"rests_on": list, "drops": str}


def _finite(text: str) -> float:
    if math.isinf(value := float(text)):
        raise ValueError(f"{text} is larger than any number")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def strict(text: str) -> Any:
    """JSON as it is defined: no NaN, no Infinity, by whatever spelling. Raises ``ValueError``."""
    return json.loads(text, parse_constant=_refuse, parse_float=_finite)


def keep(path: Path, text: str) -> None:
    """Put ``text`` in a file, whole or not at all: on a full disk what was there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")  # a run beside this one may be reading the file
    try:
        part.write_text(text, "utf8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _notebook(nb: Any) -> dict[str, Any]:
    """``nb`` if it is a notebook; raises ``KeyError``, ``TypeError`` or ``ValueError`` if not."""
    if not (isinstance(nb, dict) and isinstance(nb["metadata"], dict) and isinstance(nb["cells"], list)):
        raise ValueError("it is no notebook")
    for i, cell in enumerate(nb["cells"]):
        shown = cell["outputs"] if cell["cell_type"] == "code" else []
        "".join(cell["source"])
        parts = [cell["metadata"], *shown] if isinstance(shown, list) else [None]
        if all(isinstance(p, dict) for p in parts):
            parts += [o.get(k, {}) for o in shown for k in ("data", "metadata")]
        if not all(isinstance(p, dict) for p in parts) or any("output_type" not in o for o in shown):
            raise ValueError(f"its cell {i} is none of a notebook")
    return nb


def load(path: Path) -> dict[str, Any]:
    """The notebook in a file. Raises ``Problem`` if there is none."""
    try:
        return _notebook(strict(path.read_text("utf8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        what = f"{e} is missing in it" if isinstance(e, KeyError) else e
        raise Problem(f"cannot read the executed chapter {path}: {what}; execute it again") from None


def executed(folder: Path, only: Collection[str] | None = None) -> dict[str, Path]:
    """The executed notebooks in a folder by chapter, those of ``only`` if it is given; a last run that failed represents its chapter.

    For the book's folder ``only`` is the chapters of the book: what a chapter left there that is gone does not count.
    """
    found = {p.stem: p for p in folder.glob(f"{NUMBERED}.ipynb") if not p.stem.endswith(".failed")}
    found |= {p.stem.removesuffix(".failed"): p for p in folder.glob(f"{NUMBERED}.failed.ipynb")}
    kept = {stem: p for stem, p in sorted(found.items()) if only is None or stem in only}
    if not kept:
        raise Problem(f"no executed chapters in {folder}: run `make book`, or `qbc run --out {folder}`")
    return kept


def failures(folder: Path, only: Collection[str] | None = None) -> list[str]:
    """The chapters of an executed folder whose last run failed."""
    return [stem for stem, path in executed(folder, only).items() if path.stem.endswith(".failed")]


def outputs(path: Path) -> Iterator[dict[str, Any]]:
    """The outputs of an executed notebook's cells, in order."""
    for cell in load(path)["cells"]:
        yield from cell.get("outputs", [])


def markdown_of(path: Path) -> str:
    """The text of a notebook: its cells in Markdown."""
    return "\n\n".join("".join(c["source"]) for c in load(path)["cells"] if c["cell_type"] == "markdown")


def improper(row: Any) -> str:
    """Which field of a verdict is not what this version's ``check`` writes; empty if all are."""
    given = row if isinstance(row, dict) else {}
    kinds = {**_WRITTEN, **{k: kind for k, kind in _DECLARED.items() if k in given}}
    return next((k for k, kind in kinds.items() if not isinstance(given.get(k, ...), kind)), "")


def verdicts(path: Path) -> list[Row]:
    """What the checks of an executed notebook have written. Raises ``Problem`` for a row that no check writes."""
    rows = [o["data"][MIME] for o in outputs(path) if MIME in o.get("data", {})]
    for i, row in enumerate(rows):
        if wrong := improper(row):
            raise Problem(f"cannot read the executed chapter {path}: its verdict {i} has no proper {wrong!r}; execute it again")
    return rows


def duration(path: Path) -> float:
    """How long an executed notebook ran, in seconds."""
    seconds = load(path)["metadata"].get("papermill", {}).get("duration")
    if not isinstance(seconds, int | float):
        raise Problem(f"cannot read the executed chapter {path}: it does not say how long it ran; execute it again")
    return float(seconds)
