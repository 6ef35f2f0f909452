"""The page of advice: every chapter's section *In practice*, under the chapter's title."""

from __future__ import annotations

from typing import Any

import qbc_cells as cells_of
from docutils import nodes
from qbc_book import Page
from sphinx.application import Sphinx

from qbc.pipeline.practice import in_practice


class Practice(Page):
    """One section a chapter, with a link to it."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        found = []
        for path in self.notebooks():
            name, advice = in_practice(path)
            if advice:
                stem = path.stem
                title, *body = self.parse_text_to_nodes(f"{{doc}}`{cells_of.number(stem)} {name} </notebooks/{stem}>`\n\n{advice}")
                found.append(nodes.section("", nodes.title("", "", *title.children), *body, ids=[f"practice-{stem}"], names=[stem]))
        return found


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("qbc-practice", Practice)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
