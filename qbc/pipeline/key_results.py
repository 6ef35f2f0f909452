"""The results that a chapter is about: ``key_results: [label, ...]`` in the front matter of its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from qbc.pipeline.chapters import Problem
from qbc.pipeline.record import statements

FIELD = "key_results"
_SECTION = re.compile(r"^## ", re.M)


def key_results(nb: Mapping[str, Any], stem: str) -> list[str]:
    """The labels, in the order given; empty if the chapter names none. Raises ``Problem`` for one that it does not state."""
    named = nb["metadata"].get(FIELD, [])
    if not isinstance(named, list) or not all(isinstance(label, str) for label in named):
        raise Problem(f"book/{stem}.md: {FIELD} in its front matter must be a list of labels like [thm-x]")
    text = "\n\n".join("".join(c["source"]) for c in nb["cells"] if c["cell_type"] == "markdown")
    stated = {s.label for s in statements(text)}
    for label in named:
        if label not in stated:
            raise Problem(f"book/{stem}.md: {FIELD} in its front matter names {label!r}, which the chapter does not state")
    return list(named)


def under_the_answer(cells: Iterable[Mapping[str, Any]], block: str) -> list[dict[str, Any]]:
    """The cells of a chapter with a block of Markdown at the end of what stands before the first section."""
    found = [dict(c) for c in cells]
    for c in found:
        text = "".join(c["source"])
        if c["cell_type"] == "markdown" and (first := _SECTION.search(text)):
            c["source"] = f"{text[: first.start()]}{block}\n\n{text[first.start() :]}"
            break
    return found
