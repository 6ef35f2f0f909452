"""Chapters: where they are, the notebook that pairs with each text, the parameters a chapter takes."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode


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
    def notebook(self) -> Path:
        return self.text.parent.parent / "notebooks" / f"{self.stem}.ipynb"

    @property
    def title(self) -> str:
        found = re.search(r"^# (.+)$", self.text.read_text("utf8"), re.M)
        return found.group(1) if found else self.stem


def root() -> Path:
    """The clone this command works on: the nearest folder at or above the current one with a book in it."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "_toc.yml").is_file() and (folder / "book").is_dir():
            return folder
    raise Problem(f"no book here: neither {here} nor a folder above it has _toc.yml and book/; go to a clone of the project")


def find(top: Path, names: Sequence[str] = ()) -> list[Chapter]:
    """All chapters under ``top``, or those named by number (``06``, ``6``) or stem."""
    every = [Chapter(p) for p in sorted((top / "book").glob("[0-9][0-9]-*.md"))]
    picked = []
    for name in names:
        hit = [c for c in every if name == c.stem or (name.isdigit() and int(name) == int(c.stem[:2]))]
        if not hit:
            raise Problem(f"no chapter {name!r}; there are {', '.join(c.stem for c in every)}")
        picked += [c for c in hit if c not in picked]
    return picked or every


def contents(nb: NotebookNode) -> list[tuple[str, str, Any]]:
    """What makes two notebooks the same chapter: kind, source and metadata of each cell."""
    return [(c.cell_type, c.source, json.loads(json.dumps(c.metadata))) for c in nb.cells]


def derive(chapter: Chapter) -> NotebookNode:
    """The notebook of a chapter's text, with cell ids derived from the cells so that diffs do not churn."""
    nb: NotebookNode = jupytext.read(chapter.text)
    if "kernelspec" not in nb.metadata:
        raise Problem(f"book/{chapter.text.name} has no kernelspec: copy the front matter of another chapter")
    for cell, name in zip(nb.cells, _ids(nb), strict=True):
        cell["id"] = name
    nb.metadata = nbformat.from_dict(
        {"kernelspec": nb.metadata.kernelspec, "language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    )
    nb.nbformat, nb.nbformat_minor = 4, 5
    return nb


def _ids(nb: NotebookNode) -> list[str]:
    return [hashlib.sha256(f"{i} {c.cell_type} {c.source}".encode()).hexdigest()[:12] for i, c in enumerate(nb.cells)]


def pair(chapter: Chapter) -> NotebookNode:
    """Bring ``notebooks/NN-name.ipynb`` up to date with the text and return it.

    A notebook that was edited by hand is not overwritten: its cell ids no longer fit its cells, and that is a Problem.
    """
    fresh = derive(chapter)
    if chapter.notebook.is_file():
        stored = nbformat.read(chapter.notebook, as_version=4)
        edited = [c.get("id") for c in stored.cells] != _ids(stored)
        if contents(stored) == contents(fresh):
            if not edited and not any(c.get("outputs") for c in stored.cells):
                return fresh
        elif edited:
            nb, md = f"notebooks/{chapter.stem}.ipynb", f"book/{chapter.stem}.md"
            raise Problem(
                f"{nb} was edited and differs from {md}: drop the edit with `rm {nb}`, or take it over, over whatever else changed"
                f" in the text, with `.venv/bin/jupytext {nb} --to md:myst -o {md}`; then run `make pair`"
            )
    chapter.notebook.parent.mkdir(exist_ok=True)
    chapter.notebook.write_text(nbformat.writes(fresh) + "\n", "utf8")
    return fresh


def defaults(chapter: Chapter, nb: NotebookNode) -> dict[str, Any]:
    """The parameters of a chapter and their default values, from its one cell tagged ``parameters``."""
    cells = [c for c in nb.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise Problem(f"book/{chapter.stem}.md must have exactly one cell tagged 'parameters', it has {len(cells)}")
    try:
        body = ast.parse(cells[0].source).body
        pairs = [
            (s.targets[0] if isinstance(s, ast.Assign) else s.target, s.value)
            for s in body
            if isinstance(s, ast.Assign | ast.AnnAssign)
        ]
        return {t.id: ast.literal_eval(v) for t, v in pairs if isinstance(t, ast.Name) and v is not None}
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
        values[name] = value
    return values
