"""What this book adds to Sphinx: the ledger and its matrix, times, and a word where there is nothing to build."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import qbc_cells as cells_of
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from qbc.pipeline.chapters import Problem
from qbc.pipeline.evidence import INTERVENTIONS, Cells, evidence_class, known, recorded, turned_by, weak
from qbc.pipeline.record import Row, Source, Statement, headline, ledger, markdown_of, parent, statements
from qbc.pipeline.render import MARK


def require_stage(app: Sphinx, config: Any) -> None:
    """Stop a build of the bare clone, whose notebooks hold no results."""
    if not (Path(app.srcdir) / MARK).is_file():
        raise ExtensionError("this folder holds no executed chapters: run `make book`, which executes them and then builds the book")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], css: str) -> str:
    lines = [f"::::{{list-table}}\n:header-rows: 1\n:class: {css}\n"]
    for row in [header, *rows]:
        lines += [f"{'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(row)]
    return "\n".join([*lines, "::::"])


class Page(SphinxDirective):
    """A directive that writes Markdown from the executed notebooks of the stage and the recorded matrix."""

    def markdown(self) -> str:
        raise NotImplementedError

    def shown(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(self.markdown())

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # it depends on files that may not be there yet
        try:
            return self.shown()
        except Problem as e:
            raise self.error(str(e)) from None

    def notebooks(self) -> list[Path]:
        return sorted((Path(self.env.srcdir) / "notebooks").glob("*.ipynb"))

    def rows(self) -> list[Row]:
        """The ledger, with what the matrix says of it."""
        return ledger(Path(self.env.srcdir) / "notebooks", known(recorded(Path(self.env.srcdir))))

    def results(self) -> list[Row]:
        return [r for r in self.rows() if r["label"] == parent(r["label"])]

    def matrix(self) -> dict[str, dict[str, Cells]]:
        """Chapter -> label -> what each intervention did to it."""
        return {stem: r.results for stem, r in recorded(Path(self.env.srcdir)).items()}

    def statements(self) -> dict[str, Statement]:
        return {s.label: s for path in self.notebooks() for s in statements(markdown_of(path))}


def named(found: list[nodes.Node], ids: Sequence[str], columns: Sequence[str], style: Callable[[str], str] = lambda text: "") -> None:
    """Give the rows of the tables in ``found`` their ids, and their entries a class each: the column's, and what ``style`` says."""
    bodies = [b for n in found for b in n.findall(nodes.tbody)]
    for row, name in zip((r for b in bodies for r in b.findall(nodes.row)), ids, strict=True):
        row["ids"].append(name)
        for entry, column in zip(row.children, columns, strict=True):
            entry["classes"] += [f"qbc-c-{column}", *filter(None, [style(entry.astext())])]


class Ledger(Page):
    """Every stated result with its evidence, its verdict and its controls; ``:headline:`` gives the one sentence."""

    option_spec: ClassVar = {"headline": directives.flag}
    columns: ClassVar = {
        "result": "Result",
        "verdict": "Verdict",
        "class": "Class",
        "claim": "Whose claim",
        "measured": "Measured",
        "predicted": "Predicted",
        "slack": "Slack",
        "turned": "Turned by",
        "controls": "Controls",
    }

    def markdown(self) -> str:
        rows = self.rows()
        if "headline" in self.options:
            return headline(rows)
        said, matrix, body = self.statements(), self.matrix(), []
        for r in self.results():
            name, cells = r["label"], matrix.get(r["chapter"], {}).get(r["label"])
            source: Source | None = said[name].source if name in said else None
            dropped = [c for c in rows if c["label"] != name and parent(c["label"]) == name]
            body.append(
                [
                    cells_of.result(r, said),
                    cells_of.verdict(r, cells),
                    r["evidence"] or cells_of.NONE,
                    cells_of.claim(source),
                    cells_of.measured(r),
                    cells_of.predicted(r),
                    cells_of.slack(r),
                    cells_of.turned(name, cells),
                    cells_of.controls(dropped),
                ]
            )
        return table(list(self.columns.values()), body, "qbc-ledger")

    def run(self) -> list[nodes.Node]:
        found = super().run()
        if "headline" not in self.options:
            named(found, [f"ledger-{r['label']}" for r in self.results()], list(self.columns))
        return found


class Power(Page):
    """The matrix, chapter by chapter; ``:weak:`` lists the weak results, ``:effort:`` those that longer training turns."""

    option_spec: ClassVar = {"weak": directives.flag, "effort": directives.flag}

    def listed(self) -> str:
        """How many results are weak, or turn with effort, and which, by the reason."""
        every = [(label, cells) for results in self.matrix().values() for label, cells in results.items()]
        if "effort" in self.options:
            found = {label: [evidence_class(c)] for label, c in every if "effort" in turned_by(c)}
            lead = f"{len(found)} of {len(every)} verdicts turn when networks are trained for four times as many steps."
        else:
            found = {label: cells_of.weakness(c) for label, c in every if weak(c)}
            lead = f"{len(found)} of {len(every)} results are weak."
        reasons = Counter(why for reasons in found.values() for why in reasons)
        lines = [lead, ""]
        for reason, n in reasons.most_common():
            links = (f'<a href="#power-{label}">`{label}`</a>' for label, why in found.items() if reason in why)
            lines.append(f"* {reason.removeprefix('weak: ')} ({n}): {', '.join(links)}")
        return "\n".join(lines)

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        said, declared = self.statements(), {r["label"]: r["rests_on"] for r in self.results()}
        if self.options:
            return self.parse_text_to_nodes(self.listed())
        return [self.chapter(stem, results, said, declared) for stem, results in self.matrix().items()]

    def chapter(
        self, stem: str, results: dict[str, Cells], said: dict[str, Statement], declared: dict[str, list[str]]
    ) -> nodes.section:
        """A section with the table of one chapter."""
        body = [cells_of.matrix_row(label, cells, declared.get(label, []), said) for label, cells in results.items()]
        heads = ["Result", "Class", *(cells_of.HEADS.get(n, n) for n in INTERVENTIONS), "Declares", "Turned by"]
        found = self.parse_text_to_nodes(f"{cells_of.number(stem)} {{doc}}`/notebooks/{stem}`\n\n{table(heads, body, 'qbc-power')}")
        signs = {sign: f"qbc-{state}" for state, sign in cells_of.SIGNS.items() if sign}
        columns = ["result", "class", *INTERVENTIONS, "declares", "turned"]
        named(found, [f"power-{label}" for label in results], columns, lambda text: signs.get(text, ""))
        return nodes.section("", nodes.title("", "", *found[0].children), *found[1:], ids=[f"matrix-{stem}"], names=[stem])


class Runs(Page):
    """When each chapter was executed, how long it took, and with what parameters."""

    def markdown(self) -> str:
        body = []
        for path in self.notebooks():
            meta = json.loads(path.read_text("utf8"))["metadata"]["papermill"]
            when = datetime.fromisoformat(meta["start_time"]).strftime("%Y-%m-%d %H:%M UTC")
            given = ", ".join(f"{k} = {v}" for k, v in meta["parameters"].items()) or "as printed"
            body.append([f"{{doc}}`/notebooks/{path.stem}`", f"{meta['duration']:.1f} s", when, given])
        return table(["Chapter", "Time", "Executed", "Parameters"], body, "qbc-runs")


class Bench(Page):
    """The recorded speed of one group of races; ``:on:`` says what was measured where, ``:growth:`` how times grow with n."""

    optional_arguments = 1
    option_spec: ClassVar = {"on": directives.flag, "growth": directives.flag}

    def markdown(self) -> str:
        record = json.loads((Path(self.env.srcdir) / "book" / "_static" / "bench.json").read_text("utf8"))
        if "on" in self.options:
            versions = ", ".join(f"{name} {v}" for name, v in record["versions"].items())
            return f"Measured on {record['date']}, on {record['cores']} cores of {record['processor']}, with {versions}."
        if "growth" in self.options:
            own, peer = (record["growth"][side] for side in ("own", "peer"))
            return (
                f"Between 500 and 4000 points, the time of `tv_eps` grows like $n^{{{own:.1f}}}$, that of POT like $n^{{{peer:.1f}}}$."
            )
        body = [cells_of.race(row) for row in record["rows"] if row["group"] == self.arguments[0]]
        return table(["Ours", "Theirs", "Ratio", "Ours takes", "Theirs takes"], body, "qbc-bench")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", require_stage)
    for name, directive in {"ledger": Ledger, "power": Power, "runs": Runs, "bench": Bench}.items():
        app.add_directive(f"qbc-{name}", directive)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
