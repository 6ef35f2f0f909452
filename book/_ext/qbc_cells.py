"""What stands in the cells of the book's tables: Markdown, and HTML where a cell needs ids or links into other pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from qbc.pipeline.evidence import INTERVENTIONS, Cells, evidence_class, turned_by, weak
from qbc.pipeline.record import Row, Source, Statement
from qbc.pipeline.written import powers

CLAIM_WORDS = {
    "as stated": "as stated",
    "other constant": "with another constant",
    "other condition": "with another condition",
    "does not hold as stated": "does not hold as stated",
}
SIGNS = {"turned": "T", "moved": "m", "same": "·", "lost": "?", "unreached": ""}
HEADS = {"bound-low": "bound × .8", "bound-high": "bound × 1.25"}
NONE = "–"


def show(x: float | None) -> str:
    """Three significant digits, as in the verdict boxes."""
    return "∞" if x is None else powers(f"{x:.3g}").replace("-", "−")


def measured(r: Row) -> str:
    interval = "" if r["low"] == r["high"] else f" [{show(r['low'])}, {show(r['high'])}]"
    cases = f" ({r['cases']} cases)" if (r["cases"] or 1) > 1 else ""
    return f"{show(r['value'])}{interval}{cases}"


def predicted(r: Row) -> str:
    sign = ("not " if r["status"] == "violated" else "") + {"<=": "≤", ">=": "≥", "==": "="}[r["relation"]]
    return f"{sign} {show(r['rhs'])}" + (f" ± {show(r['tol'])}" if r["tol"] else "")


def slack(r: Row) -> str:
    return NONE if r["slack"] is None else show(r["slack"])


def number(stem: str) -> str:
    """Of a chapter: ``08b`` of ``08b-noise-in-training``."""
    return stem.partition("-")[0]


def permalink(name: str, what: str) -> str:
    return f'<a class="qbc-link" href="#{name}" aria-label="link to {what}">#</a>'


def title(label: str, said: Mapping[str, Statement]) -> str:
    """The statement's number, a link to it, and its title."""
    return f"{{prf:ref}}`{label}` {said[label].title}" if label in said else label


def result(r: Row, said: Mapping[str, Statement]) -> str:
    label = r["label"]
    where = f"{{doc}}`chapter {number(r['chapter'])} </notebooks/{r['chapter']}>`"
    return f"{title(label, said)} ({where}) `{label}` {permalink(f'ledger-{label}', f'the row of {label}')}"


def box(r: Row, text: str) -> str:
    """A link to the verdict's box in its chapter."""
    return f'<a href="../notebooks/{r["chapter"]}.html#verdict-{escape(r["label"])}">{escape(text)}</a>'


def verdict(r: Row, cells: Cells | None) -> str:
    said = f"**{box(r, r['status'])}**" + ("" if r["status"] == r["expect"] else f" (the book states {r['expect']})")
    marks = [f'<a class="qbc-mark" href="power.html#power-{r["label"]}">{mark}</a>' for mark in weakness(cells)] if cells else []
    return " ".join([said, *marks])


def weakness(cells: Cells) -> list[str]:
    """Why a result is weak, in words; empty if it is not."""
    turned = turned_by(cells)
    why = ["turns at four times the training"] if "effort" in turned else []
    why += ["turns at another seed"] if cells.get("data") == "turned" else []
    if weak(cells) and not set(turned) - {"effort"}:
        why.append("weak: nothing turns it")
    elif weak(cells) and not why:
        why.append(f"weak: {evidence_class(cells)}, but turned only by {', '.join(turned)}")
    return why


def claim(source: Source | None) -> str:
    """Whose claim it is: a paper's, in which relation to it, where it stands and how we know it; or ours."""
    if source is None:
        return "no source given"
    if not source.key:
        return "ours"
    where = f"{{cite:t}}`{source.key}`, {source.item} ({source.provenance})"
    return f"ours, after {where}" if source.claim == "ours" else f"{CLAIM_WORDS[source.claim]}: {where}"


def controls(rows: Sequence[Row]) -> str:
    """One line for each control: without what, what came out, and its verdict."""
    if not rows:
        return "none"
    lines = [
        f'<li id="ledger-{escape(r["label"])}">{escape("without " + r["drops"] if r["drops"] else r["label"])}: '
        f"{escape(measured(r))}, {escape(predicted(r))}: {box(r, r['status'])}</li>"
        for r in rows
    ]
    return f'<ul class="qbc-controls">{"".join(lines)}</ul>'


def turned(label: str, cells: Cells | None) -> str:
    """What turned the verdict, with a link to the matrix."""
    if cells is None:
        return NONE
    return f'<a href="power.html#power-{label}">{", ".join(turned_by(cells)) or "nothing"}</a>'


def matrix_row(label: str, cells: Cells, declared: Sequence[str], said: Mapping[str, Statement]) -> list[str]:
    row = permalink(f"power-{label}", f"the row of {label}")
    name = f'{title(label, said)} <a href="claims.html#ledger-{label}">`{label}`</a> {row}'
    signs = [SIGNS[cells[n]] if n in cells else NONE for n in INTERVENTIONS]
    return [name, evidence_class(cells), *signs, ", ".join(declared) or NONE, ", ".join(turned_by(cells)) or NONE]


def amount(x: float, kind: str) -> str:
    """Seconds, or bytes for the kind "memory", in the unit that suits."""
    units = [(1e6, "MB"), (1e3, "kB"), (1, "B")] if kind == "memory" else [(1, "s"), (1e-3, "ms"), (1e-6, "µs")]
    scale, unit = next((u for u in units if x >= u[0]), units[-1])
    return f"{show(x / scale)} {unit}"


def race(row: Mapping[str, Any]) -> list[str]:
    """Ours, theirs, the ratio with its quartiles, and what both take."""
    if "missing" in row:
        return [row["ours"], row["theirs"], f"not measured: {row['missing']}", NONE, NONE]
    ratio = f"{show(row['ratio'])} [{show(row['low'])}, {show(row['high'])}]"
    return [row["ours"], row["theirs"], ratio, amount(row["own"], row["kind"]), amount(row["peer"], row["kind"])]
