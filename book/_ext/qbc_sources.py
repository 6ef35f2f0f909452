"""Whose statement is it: the table of labels and sources, and the concordance, source by source."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, ClassVar

import qbc_cells as cells_of
from docutils import nodes
from docutils.parsers.rst import directives
from qbc_book import Page, named, table
from sphinx.application import Sphinx

from qbc.pipeline.record import CLAIMS, Source, Statement


class Sources(Page):
    """The one table of labels and sources; ``:count:`` says how many statements each source has, and in which relation to it."""

    option_spec: ClassVar = {"count": directives.flag}

    def sourced(self) -> list[tuple[Statement, Source | None]]:
        """Papers first, then ours, each in the book's order."""
        said = [(s, s.source) for s in self.statements().values()]
        return sorted(said, key=lambda pair: (not (pair[1] and pair[1].key), pair[1].key if pair[1] else ""))

    def markdown(self) -> str:
        if "count" in self.options:
            counts = Counter((s.key, s.claim) for _, s in self.sourced() if s)
            keys = list(dict.fromkeys(k for k, _ in counts))
            body = [[f"{{cite:t}}`{k}`" if k else "no source", *(str(counts[k, c] or "") for c in CLAIMS)] for k in keys]
            heads = [cells_of.CLAIM_WORDS.get(c, c) for c in CLAIMS]
            return table(["Source", *heads], body, "qbc-sources-count")
        body = []
        for s, source in self.sourced():
            item = [f"{{cite:t}}`{source.key}`", source.item, source.provenance] if source and source.key else [cells_of.NONE] * 3
            body.append([f"{cells_of.title(s.label, {s.label: s})} `{s.label}`", *item, source.claim if source else "no source given"])
        return table(["Statement", "Source", "Item", "Provenance", "Claim"], body, "qbc-sources")

    def run(self) -> list[nodes.Node]:
        found = super().run()
        if "count" not in self.options:
            ids = [f"source-{s.label}" for s, _ in self.sourced()]
            named(found, ids, ["result", "source", "item", "provenance", "claim"])
        return found


class Concordance(Page):
    """What a source says, by its own numbers, what stands for it here, and the verdict."""

    columns: ClassVar = {"item": "In the source", "result": "Here", "claim": "How ours relates to it", "verdict": "Verdict"}
    required_arguments = 1

    def said(self) -> list[tuple[Source, Statement]]:
        """The statements with this source: numbered items first, by number, the others in the book's order."""
        found = [(s.source, s) for s in self.statements().values() if s.source and s.source.key == self.arguments[0]]

        def place(pair: tuple[Source, Statement]) -> tuple[bool, str, int]:
            numbered = re.match(r"(\w+) (\d+)", pair[0].item)
            return (numbered is None, numbered[1] if numbered else "", int(numbered[2]) if numbered else 0)

        return sorted(found, key=place)

    def markdown(self) -> str:
        said, results = self.statements(), {r["label"]: r for r in self.results()}
        body = []
        for source, s in self.said():
            r = results[s.label]
            where = f"{{doc}}`chapter {cells_of.number(r['chapter'])} </notebooks/{r['chapter']}>`"
            relation = "ours, after it" if source.claim == "ours" else cells_of.CLAIM_WORDS[source.claim]
            here = f"{cells_of.title(s.label, said)} ({where})"
            body.append([f"{source.item} ({source.provenance})", here, relation, cells_of.verdict(r, None)])
        return table(list(self.columns.values()), body, "qbc-concordance")

    def run(self) -> list[nodes.Node]:
        found = super().run()
        named(found, [f"concordance-{s.label}" for _, s in self.said()], list(self.columns))
        return found


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("qbc-sources", Sources)
    app.add_directive("qbc-concordance", Concordance)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
