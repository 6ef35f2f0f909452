"""The pages of advice: the rows of the chapters' tables *In practice*, by what there is to choose, and the sentences below them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import qbc_cells as cells_of
from docutils import nodes
from docutils.parsers.rst import directives
from qbc_book import Page, named, table
from sphinx.application import Sphinx

from qbc.pipeline.practice import TOPICS, Advice, advice, in_practice


class Choose(Page):
    """One table for each thing there is to choose; ``:front:`` gives the rows that stand on the front page, in one table."""

    option_spec: ClassVar = {"front": directives.flag}
    columns: ClassVar = {
        "choice": "You choose",
        "fails": "It fails when",
        "amount": "By how much",
        "instead": "Do instead",
        "scope": "Seen on",
        "verdict": "Evidence",
    }

    def advised(self) -> list[tuple[str, str, Advice]]:
        """Id, chapter and row of all advice, by topic; those of the front page first, then in the book's order."""
        found = []
        for path in self.notebooks():
            rows = advice(path, self.known)
            found += [(f"choose-{cells_of.number(path.stem)}-{i}", path.stem, row) for i, row in enumerate(rows, 1)]
        return sorted(found, key=lambda each: (list(TOPICS).index(each[2].topic), not each[2].front))

    def verdicts(self, stem: str, row: Advice) -> str:
        """The chapter, and for each label of the row its verdict and its statement."""
        lines = []
        for label in row.labels:
            r = self.known[label]
            lines.append(f"{{prf:ref}}`{label}` {cells_of.verdict(r, self.cells.get(r['chapter'], {}).get(label))}")
        return f"{{doc}}`chapter {cells_of.number(stem)} </notebooks/{stem}>`: {', '.join(lines)}"

    def body(self, advised: list[tuple[str, str, Advice]], columns: dict[str, str]) -> list[nodes.Node]:
        """One table of some of the rows."""
        rows = []
        for name, stem, row in advised:
            where = {"verdict": self.verdicts(stem, row)}
            sign = "" if "front" in self.options else f" {cells_of.permalink(name, 'this row')}"
            cells = {"choice": f"**{row.choice}**{sign}", "fails": row.fails, "amount": row.amount, "instead": row.instead}
            cells |= {"scope": row.scope} | where
            rows.append([cells[c] for c in columns])
        found = self.parse_text_to_nodes(table(list(columns.values()), rows, "qbc-choose"))
        prefix = "front-" if "front" in self.options else ""
        named(found, [prefix + name for name, *_ in advised], list(columns))
        return found

    def shown(self) -> list[nodes.Node]:
        self.known, self.cells = {r["label"]: r for r in self.results()}, self.matrix()
        every = self.advised()
        if "front" in self.options:
            short = {c: head for c, head in self.columns.items() if c != "scope"}
            return self.body([each for each in every if each[2].front], short)
        sections: list[nodes.Node] = []
        for topic, title in TOPICS.items():
            if mine := [each for each in every if each[2].topic == topic]:
                head = nodes.title("", "", nodes.Text(title))
                sections.append(nodes.section("", head, *self.body(mine, self.columns), ids=[f"choose-{topic}"], names=[topic]))
        return sections


class Practice(Page):
    """One section a chapter, with a link to it: what it says below its table."""

    def shown(self) -> list[nodes.Node]:
        return [section for path in self.notebooks() for section in self.section(path)]

    def section(self, path: Path) -> list[nodes.Node]:
        name, sentences = in_practice(path)
        if not sentences:
            return []
        stem = path.stem
        title, *body = self.parse_text_to_nodes(f"{{doc}}`{cells_of.number(stem)} {name} </notebooks/{stem}>`\n\n{sentences}")
        return [nodes.section("", nodes.title("", "", *title.children), *body, ids=[f"practice-{stem}"], names=[stem])]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("qbc-choose", Choose)
    app.add_directive("qbc-practice", Practice)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
