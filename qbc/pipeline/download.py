"""The notebook that a page offers: the executed chapter so that it reads well, and says what it needs, outside the book."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat

from qbc.pipeline.citations import Bibliography
from qbc.pipeline.folding import is_open
from qbc.pipeline.key_results import under_the_answer
from qbc.pipeline.notebooks import MIME, executed, load, markdown_of
from qbc.pipeline.numbering import numbered
from qbc.pipeline.plain import Names, plain
from qbc.pipeline.record import numbers
from qbc.pipeline.written import powers

_LINK = re.compile(r'<a class="qbc-link".*?</a>', re.S)
_INNER = re.compile(r'<a [^>]*href="#([\w-]+)"[^>]*>.*?</a>', re.S)
_BOX = re.compile(r'<div class="qbc-verdict qbc-(\w+)[^>]*>')
_COLOUR = {"holds": "#00694b", "violated": "#8a4b00"}  # of the bar, as on the pages
_SPANS = {'<span class="qbc-numbers">': "<br><span>", '<span class="qbc-why">': "<br><span>tolerance: "}
_WIDTH = 12  # letters of a cell's id


ABOUT = """*Chapter {number}, {title}, of the executable book **Behaviour cloning, run end to end**, as it was executed. {state}*

Reading needs nothing. Running needs `qbc`, the book's own module, from which the cells import:

1. {clone}, `make .venv/.ready` sets up the environment `.venv` (Python 3.11 or newer, about 2 GB, some minutes, once).
2. Put this notebook into the top folder of the clone, open it with Jupyter or an editor, and choose `.venv/bin/python` as its kernel.

`.venv/bin/qbc run {number} --out runs` executes the chapter without Jupyter.
Each verdict below compares what was measured with what a statement predicts."""


def about(stem: str, title: str, where: str, state: str) -> str:
    """What a notebook says first: which book it is of, and how to get what its code imports. ``where``: the address, if it is known."""
    clone = f"In a clone of the project (`git clone {where}`)" if where else "In a clone of the project"
    return ABOUT.format(number=stem.partition("-")[0].lstrip("0"), title=title, clone=clone, state=state).replace(" *\n", "*\n", 1)


def with_ends(glued: Mapping[str, Any]) -> dict[str, Any]:
    """The glued numbers, and the ends of intervals under names of their own, as the text asks for them."""
    ends = {f"{k}-{end}": v[i] for k, v in glued.items() if isinstance(v, list) for i, end in ((1, "low"), (2, "high"))}
    return {**glued, **ends}


def names(folder: Path, bibliography: Path) -> Names:
    """What references stand for in any of the executed chapters of a folder."""
    every = executed(folder)
    labels = {k: v for s, p in every.items() for k, v in numbered(load(p), s).items()}
    titles = {s: m[1] for s, p in every.items() if (m := re.search(r"^# (.+)$", markdown_of(p), re.M))}
    return Names("", {}, labels, titles, Bibliography(bibliography))


def _output(o: dict[str, Any], names: Names) -> dict[str, Any] | None:
    """An output without what only the book's pages know: glued numbers, data of figures with sliders, links to anchors."""
    kinds = o.get("data", {"text/plain": ""})
    if "scrapbook" in o.get("metadata", {}) or not any(kind.startswith(("text/", "image/")) for kind in kinds):
        return None
    if MIME in o.get("data", {}) and "text/html" in o["data"]:
        o["data"]["text/html"] = _verdict("".join(o["data"]["text/html"]), names)
    return o


def _verdict(html: str, names: Names) -> str:
    """The box of a verdict for a reader who has not the book's style sheet."""
    html = powers(_INNER.sub(lambda m: names.labels.get(m[1], m[1]), _LINK.sub("", html)))
    for span, written in _SPANS.items():
        html = html.replace(span, written)
    return _BOX.sub(lambda m: f'<div style="border-left: 4px solid {_COLOUR.get(m[1], "#5a5a5a")}; padding-left: .6em">', html)


def _markdown(text: str, place: str) -> Any:
    return nbformat.v4.new_markdown_cell(text, id=re.sub(r"\W", "", place)[:_WIDTH].ljust(_WIDTH, "0"))


def _caption(cell: Mapping[str, Any], names: Names) -> str:
    figure = cell["metadata"].get("mystnb", {}).get("figure", {})
    return f"**{names.labels.get(figure['name'], 'Figure')}.** {plain(figure['caption'], names)}" if "name" in figure else ""


def download(path: Path, book: Names, key: str = "", where: str = "", state: str = "") -> Any:
    """The notebook of the executed chapter in ``path``, with the ``names`` of its folder; its code cells are the chapter's.

    ``key`` is the Markdown of its key results, ``where`` the address of the project, ``state`` says which state of it this is.
    """
    read, stem = load(path), path.stem
    nb = nbformat.reads(json.dumps(read | {"cells": under_the_answer(read["cells"], key)}), as_version=4)  # lines joined
    names = replace(book, stem=stem, numbers=with_ends(numbers(path)), cited=[])
    cells = [_markdown(about(stem, names.titles.get(stem, stem), where, state), "about")]
    for i, c in enumerate(nb.cells):
        c.metadata.pop("papermill", None)
        cells.append(c)
        if c.cell_type == "markdown":
            c["source"] = plain(c["source"], names)
        elif c.cell_type == "code":
            c["outputs"] = [o for o in (_output(o, names) for o in c["outputs"]) if o]
            if not is_open(c):
                c.metadata["jupyter"] = {"source_hidden": True}
            if said := _caption(c, names):
                cells.append(_markdown(said, f"caption{i}"))
    if names.cited:
        listed = "\n".join(f"* {names.bibliography.listed(k)}" for k in dict.fromkeys(names.cited))
        cells.append(_markdown(f"## References\n\n{listed}", "references"))
    nb["cells"] = cells
    nb["metadata"] = {k: nb.metadata[k] for k in ("kernelspec", "language_info") if k in nb.metadata}
    return nb
