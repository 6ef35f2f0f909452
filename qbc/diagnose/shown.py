"""The report as text for a terminal of 120 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from qbc.datasets.unreadable import one_line
from qbc.diagnose.findings import Finding
from qbc.diagnose.horizon import BINS
from qbc.diagnose.report import Report

WIDTH = 120
NAME = 24  # letters of a dimension's name
FEW = 6  # names after a finding


def text(r: Report) -> str:
    """All of it; names from files are without control characters."""
    blocks = [[one_line(f"{r.path}: {r.format}")], _read(r)]
    if r.notes:
        blocks.append(["Odd in the files", *(line for n in r.notes for line in _wrapped(one_line(n)))])
    blocks.append(_findings("Faults", [f for f in r.findings if f.severity == "fault"]) or ["No fault found."])
    blocks.append(_findings("Notes", [f for f in r.findings if f.severity == "note"]))
    if r.sections.dimensions:
        blocks += [["Actions", *table(dimension_rows(r))], _seen(r), _horizon(r), _tokens(r)]
    lines = (line for a in r.advice for line in _wrapped(f"{a.choice}: {a.value}. {a.reason} Unless {a.unless}."))
    blocks.append(["Recommended", *lines] if r.advice else [])
    blocks.append(["What this report cannot see", *(line for u in r.unseen for line in _wrapped(f"- {u}"))])
    return "\n\n".join("\n".join(b) for b in blocks if b)


def read_as(r: Report) -> str:
    """What was read, in one line."""
    c = r.counts
    rate = f" at {r.fps:g} Hz" if r.fps else ""
    exact = "quantiles exact" if c.rank_error == 0 else f"ranks of quantiles to {c.rank_error:.2%} of the rows"
    steps = f"{c.shortest:,} to {c.longest:,}" if c.shortest < c.longest else f"{c.longest:,}"
    return (
        f"{c.episodes:,} episodes of {steps} steps{rate}, {c.rows:,} rows"
        f"{f' and {c.unsound:,} left out' * bool(c.unsound)}; {exact}; "
        f"neighbours in time from {'all rows' if c.whole else f'a sample of {c.sample:,} rows'}"
    )


def _read(r: Report) -> list[str]:
    return _wrapped(read_as(r)) if r.counts.rows or r.counts.unsound else ["statistics without rows"]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH - 2, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def some(names: Sequence[str]) -> str:
    """A few names, and how many more."""
    return ", ".join(one_line(n) for n in names[:FEW]) + f" and {len(names) - FEW} more" * (len(names) > FEW)


def numbers(f: Finding) -> str:
    return "; ".join(f"{one_line(k)} {v:.4g}" for k, v in f.evidence.items())


def _findings(title: str, found: Sequence[Finding]) -> list[str]:
    out = [title] if found else []
    for f in found:
        where = f" in {some(f.dimensions)}" * bool(f.dimensions)
        shown, chapter = f" ({numbers(f)})" * bool(f.evidence), f" Chapter {f.chapter}." * bool(f.chapter)
        out += _wrapped(one_line(f"{f.name}{where}. {f.reason}{shown} {f.do}{chapter}"))
    return out


def dimension_rows(r: Report) -> list[tuple[str, ...]]:
    """A heading and a row for each action dimension."""
    rows: list[tuple[str, ...]] = [("name", "kind", "min", "q01", "q50", "q99", "max", "zero", "at ends", "step", "lag")]
    for d, a, step in zip(r.sections.dimensions, r.sections.alignment.dimensions, r.sections.motion.steps, strict=True):
        quantiles = (f"{v:.4g}" for v in (d.min, d.q01.value, d.q50.value, d.q99.value, d.max))
        kind = f"{len(d.levels)} values" if d.kind == "discrete" else d.kind if a.kind == "unknown" else a.kind
        lag = f"{a.lag:+d}" if a.state else ""
        shares = f"{d.zero:.1%}", f"{d.at_min + d.at_max * (d.kind != 'constant'):.1%}"
        rows.append((one_line(d.name)[:NAME], kind, *quantiles, *shares, f"{step:.3g}" if step else "", lag))
    return rows


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns, those of words aligned left; what passes ``WIDTH`` is cut."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    left = {i for i, title in enumerate(rows[0]) if title in ("name", "kind")}
    lines = ("  ".join(c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths, strict=True))) for r in rows)
    return [f"  {line.rstrip()}"[:WIDTH] for line in lines]


def seen(r: Report) -> Iterable[str]:
    """Sentences on motion and neighbours."""
    m, n = r.sections.motion, r.sections.neighbours
    yield f"Nothing moves on {m.pauses:.1%} of the rows; {m.longest} in the longest pause, {m.leading:g} at a start (median)."
    if n.split is not None and n.two_ways is not None:
        yield (
            f"Nearest states of other episodes are {n.distance:.2g} deviations apart, their actions {n.jump:.2g} of the range, "
            f"of any two rows {n.apart:.2g}; a tenth of the range lies between them at {n.split:.0%} of {n.places} places."
        )
        yield f"Sixteen neighbours go two ways at {n.two_ways:.0%} of the places."
    if r.sections.drift:
        yield "Summed increments, quantised with so many bins, drift from the recorded path by these shares of its extent:"


def _seen(r: Report) -> list[str]:
    drifts = table(drift_rows(r)) if r.sections.drift else []
    return ["Steps and neighbours", *(line for s in seen(r) for line in _wrapped(one_line(s))), *drifts]


def drift_rows(r: Report) -> list[tuple[str, ...]]:
    """A heading and a row for each dimension that is an increment."""
    head = ("name", *(f"{n} bins" for n in r.sections.drift[0].by_bins))
    return [head, *((one_line(d.name)[:NAME], *(f"{v:.1%}" for v in d.by_bins.values())) for d in r.sections.drift)]


def loops(r: Report) -> list[tuple[str, ...]]:
    """A heading and a row for each fitted loop."""
    h = r.sections.horizon
    rows: list[tuple[str, ...]] = [("name", "keeps (a)", "moves by (b)", "pole shown", "below 1", f"after {h.steps} steps")]
    for one in h.loops:
        cells = f"{one.memory:.2f}", f"{one.effect:.2g}", f"{one.pole:.4f}", one.holds, f"{one.carried:.3g}"
        rows.append((one_line(one.name)[:NAME], *cells))
    return rows


def horizons(r: Report) -> Iterable[str]:
    """Sentences on how far errors carry."""
    h = r.sections.horizon
    if h.gain is not None:
        yield f"With the gain given, an error eps of every action moves the state by {h.gain:g} eps for good."
    if h.loops:
        yield f"Last column: state deviation per unit of action error, made at each of {h.steps} steps, in the loop that is shown."
    if h.half_bin:
        name, most = max(h.half_bin, key=lambda e: e[1])
        yield f"Half a bin of {BINS} from q01 to q99 is then at most {most:.3g} [units of the state], in {name}."
    yield h.condition
    yield h.autocorrelation


def _horizon(r: Report) -> list[str]:
    fitted = table(loops(r)) if r.sections.horizon.loops else []
    return ["Horizon", *fitted, *(line for s in horizons(r) for line in _wrapped(one_line(s)))]


def token_rows(r: Report) -> list[tuple[str, ...]]:
    """A heading and a row for each setting of a tokenizer."""
    rows: list[tuple[str, ...]] = [("name", "tokens", "bits", "error", "one wrong", "no decode", "head: bits", "error", "no decode")]
    for t in r.sections.tokens.rows:
        wrong = "" if t.wrong is None else f"{t.wrong:.2f}"
        head = f"{t.head_bits:.0f}", f"{t.head_error:.2f}", f"{t.head_lost:.0%}"
        rows.append((t.name, f"{t.tokens:.1f}", f"{t.bits:.0f}", f"{t.error.value:.3f}", wrong, f"{t.undecodable:.0%}", *head))
    return rows


def tokenized(r: Report) -> Iterable[str]:
    """Sentences on tokenizers."""
    t = r.sections.tokens
    if t.rows:
        yield (
            f"Fitted to {t.train:,} chunks of {t.chunk} steps, looked at on {t.held_out:,} of other episodes; errors are in standard "
            f"deviations of the actions. The head sees {t.context}, copies like demonstrations token by token, and samples."
        )
        yield f"Without tokens, their mean is {t.regression:.2f} off, and a perfect sampler would be about {t.sampler:.2f} off."


def _tokens(r: Report) -> list[str]:
    shown = table(token_rows(r)) if r.sections.tokens.rows else []
    return ["Tokenizers of chunks", *shown, *(line for s in tokenized(r) for line in _wrapped(s))] if shown else []
