"""What this book adds to Sphinx: the ledger, the execution times, and a clear word where there is nothing to build from."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from qbc.pipeline.record import Row, headline, ledger, parent, statements
from qbc.pipeline.render import MARK


def require_stage(app: Sphinx, config: Any) -> None:
    """Stop a build of the bare clone, whose notebooks hold no results."""
    if not (Path(app.srcdir) / MARK).is_file():
        raise ExtensionError("this folder holds no executed chapters: run `make book`, which executes them and then builds the book")


class Page(SphinxDirective):
    """A directive that writes Markdown from the executed notebooks of the stage."""

    def notebooks(self) -> list[Path]:
        found = sorted((Path(self.env.srcdir) / "notebooks").glob("*.ipynb"))
        for path in found:
            self.env.note_dependency(str(path))
        return found

    def markdown(self) -> str:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(self.markdown())


def table(header: list[str], rows: list[list[str]], css: str) -> str:
    lines = [f"::::{{list-table}}\n:header-rows: 1\n:class: {css}\n"]
    for row in [header, *rows]:
        lines += [f"{'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(row)]
    return "\n".join([*lines, "::::"])


def measured(r: Row) -> str:
    interval = "" if r["low"] == r["high"] else f" [{show(r['low'])}, {show(r['high'])}]"
    cases = f" ({r['cases']} cases)" if r["cases"] > 1 else ""
    return f"{show(r['value'])}{interval}{cases}"


def predicted(r: Row) -> str:
    sign = ("not " if r["status"] == "violated" else "") + {"<=": "≤", ">=": "≥", "==": "="}[r["relation"]]
    return f"{sign} {show(r['rhs'])}" + (f" ± {show(r['tol'])}" if r["tol"] else "")


def show(x: float | None) -> str:
    return "∞" if x is None else f"{x:.4g}".replace("-", "−")


class Ledger(Page):
    """Every stated result with its measurement, its verdict and its controls; ``:headline:`` gives the one sentence."""

    option_spec: ClassVar = {"headline": directives.flag}

    def markdown(self) -> str:
        paths = self.notebooks()
        rows = ledger(Path(self.env.srcdir) / "notebooks")
        if "headline" in self.options:
            return headline(rows)
        said = {s.label: s for path in paths for s in statements(markdown_of(path))}
        body = []
        for r in (r for r in rows if r["label"] == parent(r["label"])):
            controls = [c for c in rows if c["label"] != r["label"] and parent(c["label"]) == r["label"]]
            title = f"{{prf:ref}}`{r['label']}` {said[r['label']].title}" if r["label"] in said else r["label"]
            where = f"{{doc}}`/notebooks/{r['chapter']}`"
            shown = "; ".join(f"`{c['label']}`: {measured(c)} {predicted(c)}: **{c['status']}**" for c in controls) or "none"
            verdict = f"**{r['status']}**" + ("" if r["status"] == r["expect"] == "holds" else f" (the book states {r['expect']})")
            body.append([title, r["source"], where, measured(r), predicted(r), verdict, shown])
        header = ["Result", "Source", "Tested in", "Measured", "Predicted", "Verdict", "Controls: an assumption dropped"]
        return table(header, body, "qbc-ledger")


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


def markdown_of(path: Path) -> str:
    cells = json.loads(path.read_text("utf8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", require_stage)
    app.add_directive("qbc-ledger", Ledger)
    app.add_directive("qbc-runs", Runs)
    app.set_html_assets_policy("always")  # the sidebars of pages without formulas show titles with formulas
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
