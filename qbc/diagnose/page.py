"""The report as one page that needs nothing else: no script, no font, no address. Every text from a file is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from qbc.diagnose.findings import Finding
from qbc.diagnose.marginals import Dimension
from qbc.diagnose.report import Report
from qbc.diagnose.shown import dimension_rows, drift_rows, horizons, loops, numbers, read_as, seen, some, token_rows, tokenized

HIGH, WIDE = 60, 280  # of a figure
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.finding { border-left: 4px solid #8a4b00; background: #fdf4e7; padding: .45rem .8rem; margin: .4rem 0; overflow-wrap: anywhere; }
.note, .none { border-left: 4px solid #00694b; background: #eef7f3; padding: .45rem .8rem; margin: .4rem 0; overflow-wrap: anywhere; }
.numbers { display: block; font-variant-numeric: tabular-nums; color: #3a3a3a; font-size: .9rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; text-align: right; border-bottom: 1px solid #8a8a8a; white-space: nowrap; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1rem; }
figure { margin: 0; } figcaption { font-size: .84rem; overflow-wrap: anywhere; } svg { width: 100%; height: auto; }
.bar { fill: #0072b2; } .quantile { stroke: #b34700; stroke-width: 1.5; stroke-dasharray: 5 3; } .axis { stroke: #5a5a5a; }
@media (prefers-color-scheme: dark) {
  body { color: #ececec; background: #121212; } .finding { background: #3b2a12; border-color: #e2a24a; }
  .note, .none { background: #14352a; border-color: #4fc39a; } .numbers { color: #cfcfcf; }
  .bar { fill: #56b4e9; } .quantile { stroke: #ffb366; } .axis { stroke: #aaa; }
}
"""


def page(r: Report) -> str:
    """The whole page."""
    title = f"qbc diagnose: {escape(r.path)}"
    parts = [f"<h1>{title}</h1><p>{escape(r.format)}. {escape(read_as(r))}.</p>"]
    faults, notes = r.faults, [f for f in r.findings if f.severity != "fault"]
    parts.append(_section("Faults", map(_finding, faults) if faults else ['<p class="none">No fault found.</p>']))
    parts.append(_section("Notes", [*map(_finding, notes), *(f'<p class="note">{escape(n)}</p>' for n in r.notes)]))
    advice = (
        f"<li><strong>{escape(a.choice)}: {escape(a.value)}.</strong> {escape(a.reason)} Unless {escape(a.unless)}.</li>"
        for a in r.advice
    )
    parts.append(_section("Recommended", _listed(advice)))
    if r.sections.dimensions:
        shown = "".join(figure(d, _stored(r, i)) for i, d in enumerate(r.sections.dimensions))
        words = "Bars: rows between the ends, as high as the root of their number. Dashed: q01, q50, q99 of the rows."
        parts.append(_section("Actions", [_table(dimension_rows(r)), f'<p>{words}</p><div class="figures">{shown}</div>']))
        drifts = [_table(drift_rows(r))] if r.sections.drift else []
        parts.append(_section("Steps and neighbours", [*(f"<p>{escape(s)}</p>" for s in seen(r)), *drifts]))
        fitted = [_table(loops(r))] if r.sections.horizon.loops else []
        parts.append(_section("Horizon", [*fitted, *(f"<p>{escape(s)}</p>" for s in horizons(r))]))
        said = [f"<p>{escape(s)}</p>" for s in tokenized(r)]
        parts.append(_section("Tokenizers of chunks", [_table(token_rows(r)), *said] if said else []))
    parts.append(_section("What this report cannot see", _listed(f"<li>{escape(u)}</li>" for u in r.unseen)))
    parts.append(f"<footer><p>qbc {escape(r.qbc)}, numpy {escape(r.numpy)}, seed {r.seed}, schema {r.schema}.</p></footer>")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style>'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n'
        + "\n".join(p for p in parts if p)
        + "\n</main></body></html>\n"
    )


def _section(title: str, parts: Iterable[str]) -> str:
    inner = "\n".join(parts)
    return f"<section><h2>{title}</h2>\n{inner}</section>" if inner else ""


def _listed(items: Iterable[str]) -> list[str]:
    inner = "".join(items)
    return [f"<ul>{inner}</ul>"] if inner else []


def _finding(f: Finding) -> str:
    where = f" in {escape(some(f.dimensions))}" * bool(f.dimensions)
    chapter = f" Chapter {escape(f.chapter)}." * bool(f.chapter)
    words = f"<strong>{escape(f.name)}{where}.</strong> {escape(f.reason)} {escape(f.do)}{chapter}"
    return f'<p class="{"finding" if f.severity == "fault" else "note"}">{words}<span class="numbers">{escape(numbers(f))}</span></p>'


def _table(rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in rows[1:])
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0" role="region" aria-label="table">{table}</div>'


def _stored(r: Report, i: int) -> list[str]:
    """Stored statistics that are wrong for this dimension, in words."""
    name = r.sections.dimensions[i].name
    return [f"stored {c.statistic}" for c in r.sections.stored if name in c.wrong]


def figure(d: Dimension, wrong: Sequence[str] = ()) -> str:
    """The histogram of a dimension, with its quantiles; bars are as high as the root of their count, so that rare rows are seen."""
    most, n = max(max(d.histogram), 1), len(d.histogram)
    bars = "".join(
        f'<rect class="bar" x="{i * WIDE / n:.1f}" y="{HIGH - h:.1f}" width="{WIDE / n - 0.5:.1f}" height="{h:.1f}"/>'
        for i, c in enumerate(d.histogram)
        if (h := HIGH * (c / most) ** 0.5) > 0
    )
    lines = ""
    if d.kind != "constant":
        for q in (d.q01, d.q50, d.q99):
            x = WIDE * (q.value - d.min) / d.range
            lines += f'<line class="quantile" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HIGH}"/>'
    name, said = escape(d.name), f"from {d.min:.4g} to {d.max:.4g}, q01 {d.q01.value:.4g}, q99 {d.q99.value:.4g}"
    wrongly = f"; wrong: {escape(', '.join(wrong))}" * bool(wrong)
    axis = f'<line class="axis" x1="0" x2="{WIDE}" y1="{HIGH}" y2="{HIGH}"/>'
    svg = f'<svg viewBox="0 0 {WIDE} {HIGH + 1}" role="img" aria-label="{name}: {said}">{bars}{lines}{axis}</svg>'
    return f"<figure>{svg}<figcaption><strong>{name}</strong> {said}{wrongly}</figcaption></figure>"
