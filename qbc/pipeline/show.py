"""Tables for a terminal of 120 columns."""

from __future__ import annotations

from collections.abc import Sequence

from qbc.pipeline.evidence import Cells, evidence_class, turned_by
from qbc.pipeline.notebooks import Row
from qbc.pipeline.record import parent

WIDTH = 120
SHORT = {"other constant": "constant", "other condition": "condition", "does not hold as stated": "refuted"}
MARKS = {"same": ".", "moved": "m", "turned": "T", "lost": "?", "unreached": ""}


def number(x: float | None) -> str:
    return "inf" if x is None else f"{x:.3g}"


def columns(rows: Sequence[Sequence[str]], least: int = 30) -> str:
    """Left-aligned columns; where a line would not fit, the last one is cut down to ``least``, then the first."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    for i, floor in ((-1, least), (0, 12)):
        over = sum(widths) + 2 * (len(widths) - 1) - WIDTH
        widths[i] = max(min(widths[i], floor), widths[i] - max(over, 0))
    lines = []
    for r in rows:
        cells = [c if len(c) <= w else f"{c[: w - 1]}…" for c, w in zip(r, widths, strict=True)]
        lines.append("  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip())
    return "\n".join(lines)


def ledger(rows: Sequence[Row]) -> str:
    """Verdicts, one a line: results with their class, claim and what turned them, under each its controls and what they drop."""
    cells = [("result, -control", "class", "claim", "measured", "predicted", "slack", "verdict", "turned by; without what")]
    for r in rows:
        own = r["label"] == parent(r["label"])
        wrong = "" if r["status"] == r["expect"] else f", NOT {r['expect']}"
        name = (r["label"], r["evidence"], SHORT.get(r["claim"], r["claim"])) if own else (f"  -{_control(r)}", "", "")
        used = number(r["slack"]) if r["slack"] is not None else ""
        last = " ".join(r["turned_by"]) if own else r["drops"]
        cells.append((*name, number(r["value"]), f"{r['relation']} {number(r['rhs'])}", used, r["status"] + wrong, last))
    return columns(cells)


def _control(r: Row) -> str:
    """``control``, or what follows it in the label."""
    return r["label"].partition("-control")[2].removeprefix("-") or "control"


def matrix(results: dict[str, Cells], names: Sequence[str]) -> str:
    """Result x intervention: T turned, m moved, . the same, ? no verdict, blank: nothing of it is called."""
    heads = {"bound-low": "bound×.8", "bound-high": "×1.25"}
    rows = [("result", "class", *(heads.get(n, n) for n in names), "turned by")]
    for label, cells in results.items():
        marks = (MARKS[cells[n]] if n in cells else "-" for n in names)
        rows.append((label, evidence_class(cells), *marks, " ".join(turned_by(cells))))
    return columns(rows)
