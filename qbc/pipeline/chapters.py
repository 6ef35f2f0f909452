"""Chapters: where they are, the notebook that pairs with each text, the parameters a chapter takes."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

NUMBERED = "[0-9][0-9]*-*"  # stems of chapters, and of no other page
NOTED = {"jupytext", "language_info", "papermill", "qbc", "widgets"}  # metadata of a notebook that no person writes
NOTED_IN_CELLS = {"ExecuteTime", "autoscroll", "collapsed", "execution", "papermill", "scrolled", "trusted"}  # and of its cells


class Problem(Exception):
    """Something the reader can mend; its text is one line and says how."""


@dataclass(frozen=True)
class Chapter:
    """One chapter: its text ``book/NN-name.md`` and the notebook ``notebooks/NN-name.ipynb`` derived from it."""

    text: Path

    @property
    def stem(self) -> str:
        return self.text.stem

    @property
    def number(self) -> str:
        """What stands before the name: two digits, and a letter where a chapter was divided (``08b``)."""
        return self.stem.partition("-")[0]

    @property
    def notebook(self) -> Path:
        return self.text.parent.parent / "notebooks" / f"{self.stem}.ipynb"

    @property
    def title(self) -> str:
        found = re.search(r"^# (.+)$", self.text.read_text("utf8", "replace"), re.M)
        return found.group(1) if found else self.stem


def root() -> Path:
    """The clone this command works on: the nearest folder at or above the current one with a book in it."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "_toc.yml").is_file() and (folder / "book").is_dir():
            return folder
    raise Problem(f"no book here: neither {here} nor a folder above it has _toc.yml and book/; go to a clone of the project")


def find(top: Path, names: Sequence[str] = ()) -> list[Chapter]:
    """All chapters under ``top``, or those named by number (``06``, ``6``, ``08b``) or stem."""
    every = [Chapter(p) for p in sorted((top / "book").glob(f"{NUMBERED}.md"))]
    if not every:
        raise Problem(f"no chapters here: {top / 'book'} holds no NN-name.md")
    picked = []
    for name in names:
        hit = [c for c in every if name == c.stem or name.lstrip("0") == c.number.lstrip("0")]
        if not hit:
            raise Problem(f"no chapter {name!r}; there are {', '.join(c.stem for c in every)}")
        picked += [c for c in hit if c not in picked]
    return picked or every


def contents(nb: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two notebooks the same chapter: all but ids, outputs and what Jupyter notes by itself."""
    meta = {k: v for k, v in nb["metadata"].items() if k not in NOTED}
    if isinstance(meta.get("kernelspec"), dict):
        meta["kernelspec"] = {k: v for k, v in meta["kernelspec"].items() if k != "display_name"}
    cells = [
        {
            "kind": c["cell_type"],
            "source": "".join(c["source"]),
            "metadata": {k: v for k, v in c["metadata"].items() if k not in NOTED_IN_CELLS and v != []},
            "attachments": c.get("attachments", {}),
        }
        for c in nb["cells"]
    ]
    found: dict[str, Any] = json.loads(json.dumps({"metadata": meta, "cells": cells}))
    return found


def derive(chapter: Chapter) -> NotebookNode:
    """The notebook of a chapter's text, with cell ids derived from the cells so that diffs do not churn.

    Raises ``Problem`` for a text that is not one of a chapter.
    """
    name = f"book/{chapter.text.name}"
    try:
        nb: NotebookNode = jupytext.read(chapter.text)
        json.dumps(nb, allow_nan=False)  # YAML knows dates and .nan
    except Exception as e:  # of YAML, of notebook schemas, of encodings: jupytext lets all of them through
        raise Problem(f"cannot read {name}: {' '.join(str(e).split())[:300]}") from None
    if "kernelspec" not in nb.metadata:
        raise Problem(f"{name} has no kernelspec: copy the front matter of another chapter")
    for i, c in enumerate(nb.cells):
        c["id"] = hashlib.sha256(f"{i} {c.cell_type} {c.source}".encode()).hexdigest()[:12]
    kept = {k: v for k, v in nb.metadata.items() if k not in NOTED}
    nb.metadata = nbformat.from_dict(kept | {"language_info": {"name": "python", "pygments_lexer": "ipython3"}})
    nb.nbformat, nb.nbformat_minor = 4, 5
    return nb


def defaults(chapter: Chapter, nb: NotebookNode) -> dict[str, Any]:
    """The parameters of a chapter and their default values, from its one cell tagged ``parameters``."""
    cells = [c for c in nb.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise Problem(f"book/{chapter.stem}.md must have exactly one cell tagged 'parameters', it has {len(cells)}")
    found: dict[str, Any] = {}
    try:
        for s in ast.parse(cells[0].source).body:
            targets = s.targets if isinstance(s, ast.Assign) else [s.target] if isinstance(s, ast.AnnAssign) else []
            if not isinstance(s, ast.Assign | ast.AnnAssign) or s.value is None or not all(isinstance(t, ast.Name) for t in targets):
                raise ValueError
            found |= {t.id: ast.literal_eval(s.value) for t in targets if isinstance(t, ast.Name)}
        return found
    except (SyntaxError, ValueError):
        raise Problem(f"book/{chapter.stem}.md: its parameters cell must hold only lines like 'name = 1.0'") from None


def parameters(chapter: Chapter, nb: NotebookNode, given: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """``given`` names and texts as values of the types that the chapter's defaults have."""
    known, values = defaults(chapter, nb), {}
    for name, text in given:
        if name not in known:
            raise Problem(f"chapter {chapter.stem} has no parameter {name!r}; it has {', '.join(known)}")
        kind = type(known[name])
        try:
            value = ast.literal_eval(text) if kind in (bool, list, tuple, dict) else kind(text)
            if not isinstance(value, kind):
                raise ValueError
        except (ValueError, SyntaxError):
            raise Problem(f"parameter {name!r} of {chapter.stem} takes a value of type {kind.__name__}, not {text!r}") from None
        if name == "scale" and not 0 < value < float("inf"):
            raise Problem(f"parameter 'scale' multiplies sample sizes and must be > 0, not {text}")
        if name == "seed" and value < 0:
            raise Problem(f"parameter 'seed' must be >= 0, not {text}")
        if re.search("nan|inf", repr(value)) and kind is not str:
            raise Problem(f"parameter {name!r} of {chapter.stem} must be finite, not {text}")
        values[name] = value
    return values
