"""The contents as a reader wants them: each chapter with its question, and what reproduces it, in what time, with what outcome."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar

import qbc_cells as cells_of
import qbc_thumbs
import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from qbc_book import Page, named, table
from sphinx.application import Sphinx

from qbc.pipeline.chapters import Problem
from qbc.pipeline.evidence import recorded
from qbc.pipeline.machine import kinds
from qbc.pipeline.notebooks import load, markdown_of
from qbc.pipeline.record import parent

_QUESTION = re.compile(r"^\*\*Question\.\*\* (.+?)\n\n", re.M | re.S)


def question(text: str, where: str) -> str:
    """The question that a chapter opens with. Raises ``Problem`` if there is none."""
    found = _QUESTION.search(text)
    if not found:
        raise Problem(f"{where}: no paragraph begins with **Question.**")
    return re.sub(r"\s+", " ", found[1])


class Contents(Page):
    """The parts of the book, and of each chapter a small picture, its number, its title and its question."""

    def markdown(self) -> str:
        texts = {path.stem: markdown_of(path) for path in self.notebooks()}
        pictures = {path.stem: qbc_thumbs.shown(path) for path in self.notebooks()}
        toc, lines = yaml.safe_load((Path(self.env.srcdir) / "_toc.yml").read_text("utf8")), []
        for part in toc["parts"]:
            stems = [Path(c["file"]).name for c in part["chapters"] if c["file"].startswith("notebooks/")]
            mine = [stem for stem in stems if stem in texts]
            if mine:
                lines += [f"**{part['caption']}**", ""]
            for stem in mine:
                title = re.search(r"^# (.+)$", texts[stem], re.M)
                name = f"{cells_of.number(stem)} {title[1] if title else stem}"
                lines.append(f"* {pictures[stem]} {{doc}}`{name} </notebooks/{stem}>`. {question(texts[stem], stem)}")
            lines.append("")
        return "\n".join(lines)

    def shown(self) -> list[nodes.Node]:
        return [nodes.container("", *super().shown(), classes=["qbc-contents"])]


class Artifact(Page):
    """For every chapter: its claims, the command that reproduces them, the recorded time, and what is expected.

    ``:machine:`` says what the times for the pages were taken on.
    """

    option_spec: ClassVar = {"machine": directives.flag}
    columns: ClassVar = {"claims": "Claims", "command": "Command", "time": "Time", "expected": "Expected"}

    def markdown(self) -> str:
        noted = [load(path)["metadata"].get("qbc", {}).get("machine") for path in self.notebooks()]
        return f"The times for these pages were taken on {kinds(noted)}."

    def shown(self) -> list[nodes.Node]:
        if "machine" in self.options:
            return super().shown()
        rows, times, body, stems = self.rows(), {s: r.seconds for s, r in recorded(Path(self.env.srcdir)).items()}, [], []
        for path in self.notebooks():
            stem, mine = path.stem, [r for r in rows if r["chapter"] == path.stem]
            number, results = cells_of.number(stem), [r for r in mine if r["label"] == parent(r["label"])]
            labels = " ".join(f'<a href="claims.html#ledger-{r["label"]}"><code>{r["label"]}</code></a>' for r in results)
            seconds = json.loads(path.read_text("utf8"))["metadata"]["papermill"]["duration"]
            usual = f"{times[stem]['none']:.0f} s recorded; " if "none" in times.get(stem, {}) else ""
            claims = f"{{doc}}`{number} </notebooks/{stem}>`: <details><summary>{len(results)} results</summary>{labels}</details>"
            outcome = f"exit status 0; {len(results)} results and {len(mine) - len(results)} controls as stated; "
            body.append(
                [
                    claims,
                    f"`qbc run {number} --out runs/check`",
                    f"{usual}{seconds:.0f} s for these pages",
                    f"{outcome}numbers as in `tests/expected/{stem}.json`",
                ]
            )
            stems.append(stem)
        every, whole = [r for r in rows if r["label"] == parent(r["label"])], sum(t.get("none", 0) for t in times.values())
        whole_book = [f"the whole book: {len(every)} results", "`make book`, then `make test`"]
        body.insert(0, [*whole_book, f"{whole / 60:.0f} min recorded for the chapters, one after the other", "exit status 0"])
        stems.insert(0, "all")
        found = self.parse_text_to_nodes(table(list(self.columns.values()), body, "qbc-artifact"))
        named(found, [f"artifact-{stem}" for stem in stems], list(self.columns))
        return found


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("qbc-contents", Contents)
    app.add_directive("qbc-artifact", Artifact)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
