"""The page of findings: what a source says, what was found here instead, and the verdict; and cards of some for the front page."""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar

import qbc_cells as cells_of
from docutils import nodes
from docutils.parsers.rst import directives
from qbc_book import Page, named, table
from sphinx.application import Sphinx

from qbc.pipeline.chapters import Problem
from qbc.pipeline.findings import Finding, of_chapter

KINDS = {"other constant": "another constant", "other condition": "another condition"}


class Found(Page):
    """The findings about one source; ``:front:`` makes cards of those that stand on the front page, whatever their source."""

    optional_arguments = 1
    option_spec: ClassVar = {"front": directives.flag}
    columns: ClassVar = {"item": "Where", "says": "It says", "found": "We found", "kind": "That is", "verdict": "Evidence"}

    def findings(self) -> list[Finding]:
        """All of them, in the book's order."""
        return [f for path in self.notebooks() for f in of_chapter(path)]

    def evidence(self, label: str) -> str:
        """The verdict of a result, with a link to it, its statement and its chapter."""
        if label not in self.known:
            raise Problem(f"the finding {label} has no verdict")
        r = self.known[label]
        where = f"{{doc}}`chapter {cells_of.number(r['chapter'])} </notebooks/{r['chapter']}>`"
        return f"{where}: {{prf:ref}}`{label}` {cells_of.verdict(r, self.cells.get(r['chapter'], {}).get(label))}"

    def shown(self) -> list[nodes.Node]:
        self.known, self.cells, self.said = {r["label"]: r for r in self.results()}, self.matrix(), self.statements()
        if "front" in self.options:
            return [nodes.container("", *(self.card(f) for f in self.findings() if f.front), classes=["qbc-cards"])]
        mine = [f for f in self.findings() if f.source.key == self.arguments[0]]
        body = []
        for f in mine:
            link = cells_of.permalink(f"finding-{f.label}", f"the finding {f.label}")
            kind = KINDS.get(f.source.claim, f.source.claim)
            body.append([f"{f.source.item} ({f.source.provenance}) {link}", f.says, f.found, kind, self.evidence(f.label)])
        found = self.parse_text_to_nodes(table(list(self.columns.values()), body, "qbc-findings"))
        named(found, [f"finding-{f.label}" for f in mine], list(self.columns))
        return found

    def card(self, f: Finding) -> nodes.Node:
        """A box: title, what the source says, what was found, the evidence."""
        title = self.said[f.label].title
        text = "\n\n".join(
            [
                f'**{escape(title, quote=False)}** <a class="qbc-link" href="findings.html#finding-{f.label}" '
                f'aria-label="the finding {f.label}">#</a>',
                f"{{cite:t}}`{f.source.key}`, {f.source.item} ({f.source.provenance}): {f.says}",
                f"*We found:* {f.found}",
                self.evidence(f.label),
            ]
        )
        return nodes.container("", *self.parse_text_to_nodes(text), classes=["qbc-card"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("qbc-found", Found)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
