"""Pairs: ``notebooks/NN-name.ipynb`` follows ``book/NN-name.md``, unless the notebook says what the text does not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat import NotebookNode

from qbc.pipeline.chapters import Chapter, Problem, contents, derive
from qbc.pipeline.key_results import key_results
from qbc.pipeline.notebooks import keep, strict


def mark(said: Mapping[str, Any]) -> str:
    """The contents of a notebook in sixteen letters: in its metadata, those it had when it was last derived from the text."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def difference(mine: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The first thing in which the contents of a notebook are not those of its text; empty if they agree."""
    for k in sorted(mine["metadata"].keys() | other["metadata"].keys()):
        if mine["metadata"].get(k) != other["metadata"].get(k):
            return f"its metadata {k!r}"
    for i, (a, b) in enumerate(zip(mine["cells"], other["cells"], strict=False)):
        if part := next((part for part in ("kind", "source", "attachments") if a[part] != b[part]), ""):
            return f"the {part} of cell {i}"
        if keys := [k for k in sorted(a["metadata"].keys() | b["metadata"].keys()) if a["metadata"].get(k) != b["metadata"].get(k)]:
            return f"the metadata {keys[0]!r} of cell {i}"
    n, m = len(mine["cells"]), len(other["cells"])
    return "" if n == m else f"it has {n} cells, the text {m}"


def _conflict(text: str) -> bool:
    return any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in text.splitlines())


def pair(chapter: Chapter) -> NotebookNode:
    """Bring ``notebooks/NN-name.ipynb`` up to date with the text and return the notebook of the text.

    A notebook whose contents are not those it was last derived with was edited; then it is overwritten only if the text says the
    same. Outputs, cell ids and what else running leaves in it are no edit. Raises ``Problem``, which says how to settle it.
    """
    fresh = derive(chapter)
    key_results(fresh, chapter.stem)  # raises Problem for a label that the chapter does not state
    derived = contents(fresh)
    fresh.metadata["qbc"] = {"paired": mark(derived)}
    file, nb, md = chapter.notebook, f"notebooks/{chapter.stem}.ipynb", f"book/{chapter.stem}.md"
    before = file.read_text("utf8", "replace") if file.is_file() else ""
    if before:
        try:
            stored = strict(before)
            mine, last = contents(stored), stored["metadata"].get("qbc", {}).get("paired")
        except (ValueError, KeyError, TypeError, AttributeError):
            why = "holds the marks of a merge: settle the text" if _conflict(before) else "is no notebook: if it holds nothing of worth"
            raise Problem(f"{nb} {why}, drop it with `rm {nb}`; then run `make pair`") from None
        what = difference(mine, derived)
        if what and mark(mine) != last:
            both = "" if last == mark(derived) else ", over whatever else changed in the text,"
            raise Problem(
                f"{nb} was edited and differs from {md} ({what}): drop the edit with `rm {nb}`, or take it over{both}"
                f" with `.venv/bin/jupytext {nb} --to md:myst -o {md}`; then run `make pair`"
            )
    if (text := nbformat.writes(fresh) + "\n") != before:
        keep(file, text)
    return fresh
