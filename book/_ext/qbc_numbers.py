"""Numbers: by chapter, as Theorem 8.3, Figure 8.1, Exercise 8.2 and before its title; and powers of ten as readers write them.

Sphinx numbers what a numbered table of contents counts; here a chapter is numbered by its name, so that ``08b`` shifts no other.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles

from qbc.pipeline.written import powers

CHAPTER = re.compile(r"notebooks/0*(\d+[a-z]?)-")


def number(docname: str) -> str:
    """``8b`` of ``notebooks/08b-noise-in-training``; empty for other pages."""
    found = CHAPTER.match(docname)
    return found[1] if found else ""


def by_chapter(collector: Any, env: BuildEnvironment) -> list[str]:
    """Sections have no numbers, but the first of a chapter has the chapter's: statements and figures take it from there."""
    env.toc_secnumbers = {}
    for docname in filter(number, env.tocs):
        sections = {ref["anchorname"]: () for ref in env.tocs[docname].findall(nodes.reference) if "anchorname" in ref}
        env.toc_secnumbers[docname] = {**sections, "": (number(docname),)}
    return []


def raised(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write the glued numbers of a page with 10⁵ where Python writes e+05."""
    for number_ in doctree.findall(nodes.inline):
        if "pasted-text" in number_["classes"]:
            number_.children = [nodes.Text(powers(number_.astext()))]


def setup(app: Sphinx) -> dict[str, Any]:
    TocTreeCollectorWithStyles.assign_section_numbers = by_chapter
    app.connect("doctree-resolved", raised)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
