"""A chapter as a page: its key results under the answer, code folded but for the core, links from figures to their code."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import qbc_cells as cells_of
from docutils import nodes
from qbc_book import Page
from qbc_numbers import number
from sphinx.application import Sphinx

from qbc.pipeline.folding import fold
from qbc.pipeline.key_results import key_results, under_the_answer
from qbc.pipeline.notebooks import load, markdown_of
from qbc.pipeline.numbering import numbered
from qbc.pipeline.record import Row, ledger, parent, statements
from qbc.pipeline.written import powers

TOGGLE = ' aria-label="Toggle hidden content"'  # the extension's name for every toggle; without it the name is what the toggle says
BOX = re.compile(
    r'class="(qbc-verdict [^"]*)" id="verdict-([\w-]+)"(.*?<a class="reference internal" href="#([\w-]+)")>([^<]*)</a>', re.S
)


def predicted(r: Row) -> str:
    word = {"<=": "at most ", ">=": "at least ", "==": ""}[r["relation"]]
    return f"predicted {word}{cells_of.show(r['rhs'])}" + (f", tolerance {cells_of.show(r['tol'])}" if r["tol"] else "")


def key_lines(path: Path) -> dict[str, str]:
    """The key results of an executed chapter: what each states, what was measured, what was predicted, how many controls it has."""
    rows, said = ledger(path.parent, only=[path.stem]), {s.label: s for s in statements(markdown_of(path))}
    found = {}
    for label in key_results(load(path), path.stem):
        (r,) = (r for r in rows if r["label"] == label)
        n = sum(c["label"] != label and parent(c["label"]) == label for c in rows)
        controls = (
            "its control, with one assumption dropped, fails" if n == 1 else f"{n} controls, each with one assumption dropped, fail"
        )
        found[label] = (
            f"* {cells_of.title(label, said)}. **{r['status'].capitalize()}**: measured {cells_of.measured(r)}, "
            f"{predicted(r)}; {controls} as {'it' if n == 1 else 'they'} should."
        )
    return found


def key_block(lines: Sequence[str]) -> str:
    """The key results as Markdown; empty if there are none."""
    return "\n".join([f"**Key result{'s'[: len(lines) > 1]}**", "", *lines]) if lines else ""


class KeyResults(Page):
    """The verdicts on what the chapter is about, each with a link to the cell that takes it."""

    def markdown(self) -> str:
        lines = key_lines(Path(self.env.srcdir) / f"{self.env.docname}.ipynb")
        return key_block(
            [
                f'{said} <a href="#verdict-{label}" aria-label="to the verdict on {label}">To the verdict</a>'
                for label, said in lines.items()
            ]
        )

    def run(self) -> list[nodes.Node]:
        return [nodes.container("", *super().run(), classes=["qbc-key"])]


def read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Of an executed chapter as it is read: fold its cells, and ask for its key results."""
    if not number(docname):
        return
    nb = json.loads(source[0])
    labels = key_results(nb, docname.rpartition("/")[2])
    if labels:
        nb["cells"] = under_the_answer(nb["cells"], "```{qbc-key}\n```")
    for cell in nb["cells"]:
        fold(cell)
    source[0] = json.dumps(nb)
    app.env.metadata[docname]["qbc_page"] = {"key": labels, "names": numbered(nb, docname.rpartition("/")[2])}


def code_of_figures(doctree: nodes.document) -> Iterator[tuple[nodes.container, nodes.figure]]:
    """The code of each figure that a cell made, and the figure."""
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") == "cell_code" and cell.children and cell.children[0].get("nb_element") == "cell_code_source":
            yield from ((cell.children[0], figure) for figure in cell.findall(nodes.figure) if figure["ids"])


def told(html: str, keys: Collection[str], names: Mapping[str, str]) -> str:
    """The box of a verdict in the words of the page: its statement by number, the prediction called one; key verdicts stand out."""

    def box(m: re.Match[str]) -> str:
        main = " qbc-main" if m[2] in keys else ""
        return f'class="{m[1]}{main}" id="verdict-{m[2]}"{m[3]} title="{m[5]}">{names.get(m[4], m[5])}</a>'

    html = powers(re.sub("<strong>([a-z])", lambda m: f"<strong>{m[1].upper()}", BOX.sub(box, html)))
    return re.sub("; (at most|at least) ", r"; predicted \1 ", html)


def mark(app: Sphinx, doctree: nodes.document) -> None:
    """Key statements and their verdicts stand out, verdicts name their statement, figures have a link to their code."""
    found = app.env.metadata[app.env.docname].get("qbc_page")
    if not found:
        return
    keys, names = set(found["key"]), found["names"]
    for node in doctree.findall(lambda n: isinstance(n, nodes.Element) and n.get("label") in keys):
        node["classes"].append("qbc-main")

    for raw in list(doctree.findall(nodes.raw)):
        if "qbc-verdict" in raw.astext():
            raw.children = [nodes.Text(told(raw.astext(), keys, names))]
    for code, figure in code_of_figures(doctree):
        name = f"code-{figure['ids'][0]}"
        if name not in code["ids"]:
            code["ids"].append(name)
        for caption in figure.findall(nodes.caption):
            caption += [nodes.Text(" "), nodes.reference("", "Code", refid=name, internal=True, classes=["qbc-to-code"])]


def name_toggles(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    if "body" in context:
        context["body"] = context["body"].replace(TOGGLE, "")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("qbc-key", KeyResults)
    app.connect("source-read", read)
    app.connect("doctree-read", mark)
    app.connect("html-page-context", name_toggles)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
