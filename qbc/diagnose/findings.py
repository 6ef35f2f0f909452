"""Named faults: a rule each, with its reason, its numbers, what to do, and the chapter that measures what it costs.

A rule is silent on clean data. A *fault* costs a policy something that can be avoided; a *note* is information.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbc.datasets import Recording
from qbc.diagnose.marginals import Dimension
from qbc.diagnose.neighbours import SPLIT
from qbc.quantizers import openvla

if TYPE_CHECKING:
    from qbc.diagnose.report import Sections

PAUSED = 0.05  # share of rows
OUTLYING = 10.0  # range over q99 - q01; normal rows have 2.2 among ten millions, Laplace's 4
SPARSE = 1e-3  # q99 - q01 over the range
SATURATED = 0.05  # share of rows at one end
UNLIKE = 50.0  # ratio of two spreads; degrees beside radians have 57, metres of a step beside radians about 10
FACTORS = {"degrees and radians": 180 / math.pi, "a factor of 1000": 1000.0}
LATE = 0.05  # how much better a negative lag must correlate
WAYS = 0.1  # share of places; half of it at 95 %


@dataclass(frozen=True)
class Finding:
    """One sentence of reason, the numbers it rests on, and what to do."""

    name: str
    severity: str  # "fault", "note"
    dimensions: tuple[str, ...]
    reason: str
    evidence: Mapping[str, float]
    do: str
    chapter: str  # of the book; "" where none has it


def findings(recording: Recording, unsound: int, first: str, found: Sections) -> tuple[Finding, ...]:
    """Every rule, faults first."""
    named = [*_unsound(unsound, first), *_empty(recording, found)]
    for rule in RULES:
        named += rule(found)
    return tuple(sorted(named, key=lambda f: f.severity))


def _unsound(n: int, first: str) -> Iterator[Finding]:
    if n:
        do = "Drop these rows, and cut the episode there: the rows beside them do not follow one another."
        yield Finding("rows that are no numbers", "fault", (), f"A loss over them is NaN; the first is {first}.", {"rows": n}, do, "")


def _empty(recording: Recording, found: Sections) -> Iterator[Finding]:
    """Stored ranges without room, where there are no rows to say more."""
    if not recording.has_rows and found.empty_ranges:
        names = tuple(dict.fromkeys(recording.actions[i] for *_, i in found.empty_ranges))
        do = "Leave these dimensions out, or normalise them by a range of your own."
        yield Finding("empty stored range", "fault", names, f"{found.empty_ranges[0][1]}: dividing by it explodes.", {}, do, "")


def _dead(found: Sections) -> Iterator[Finding]:
    if dead := [d for d in found.dimensions if d.kind == "constant"]:
        reason = "It never changes: a normaliser divides by a range of 0, and a token for it says nothing."
        yield Finding(
            "dead dimension", "fault", _names(dead), reason, {"value": dead[0].min}, "Leave it out, and send the constant.", ""
        )


def _sparse(found: Sections) -> Iterator[Finding]:
    if some := [d for d in found.dimensions if sparse(d)]:
        d = min(some, key=lambda d: d.spread / d.range)
        reason = (
            "q01 and q99 are as good as equal, the ends are not: normalised by quantiles, rare actions explode or are clipped away."
        )
        do = "Normalise it by its ends, or give its frequent value a class of its own."
        yield Finding("sparse dimension", "fault", _names(some), reason, {"q99 - q01": d.spread, "range": d.range}, do, "03")


def _outliers(found: Sections) -> Iterator[Finding]:
    out = [d for d in _continuous(found) if not sparse(d) and d.range > OUTLYING * d.spread]
    if out:
        d = max(out, key=lambda d: d.range / d.spread)
        reason = "A few rows are far beyond all others: equal bins from end to end spend nearly all codes on nothing."
        do = "Look at these rows; take the range from quantiles if they are wrong, keep them if they are meant."
        evidence = {"range / (q99 - q01)": d.range / d.spread, "min": d.min, "max": d.max}
        yield Finding("outliers", "fault", _names(out), reason, evidence, do, "03")


def _stored(found: Sections) -> Iterator[Finding]:
    if wrong := [c for c in found.stored if c.wrong]:
        c = max(wrong, key=lambda c: c.off)
        names = tuple(dict.fromkeys(n for c in wrong for n in c.wrong))
        reason = (
            f"Stored {', '.join(dict.fromkeys(c.statistic for c in wrong))} are not those of the rows: "
            f"actions are normalised by a range they do not have. Worst: {c.statistic} of {c.dimension} in {c.source}."
        )
        evidence = {"stored": c.stored, "true, at least": c.true.low, "true, at most": c.true.high, "off, share of the range": c.off}
        do = "Compute them anew over all rows at once; quantiles of a whole are no function of those of its episodes."
        yield Finding("stored statistics", "fault", names, reason, evidence, do, "03")


def _wraps(found: Sections) -> Iterator[Finding]:
    if some := [d for d in found.dimensions if d.wraps]:
        reason = f"An angle jumps by a whole turn ({some[0].period}): two equal actions look opposite, and their mean is wrong."
        do = "Use its sine and cosine, increments, or bins on a circle (`quantizers.periodic`)."
        evidence = {"jumps": sum(d.wraps for d in some), "range": some[0].range}
        yield Finding("angle wraps", "fault", _names(some), reason, evidence, do, "12")


def _pauses(found: Sections) -> Iterator[Finding]:
    m = found.motion
    if m.pauses > PAUSED:
        reason = "Nothing moves there, and the state does not say when it will: a policy that learns to wait may wait for ever."
        evidence = {"share of rows": m.pauses, "longest [rows]": m.longest, "at the start [rows]": m.leading}
        do = "Cut pauses out, or show the policy its past; keep bins narrower than a typical step."
        yield Finding("pauses", "fault", (), reason, evidence, do, "13b")


def _late(found: Sections) -> Iterator[Finding]:
    told = [a for a in found.alignment.dimensions if a.kind != "unknown"]
    late = [a for a in told if a.lag < 0 and abs(a.correlation) - a.ahead > LATE]
    if late and 2 * len(late) >= len(told):
        a = max(late, key=lambda a: abs(a.correlation))
        reason = "The state moves before the action that moves it is recorded: a policy learns to answer late."
        evidence = {"lag [steps]": a.lag, "correlation": a.correlation, "without lag": a.ahead}
        do = "Shift the actions back by that many rows, within each episode."
        yield Finding("late actions", "fault", tuple(a.name for a in late), reason, evidence, do, "09")


def _same(found: Sections) -> Iterator[Finding]:
    if same := [a for a in found.alignment.dimensions if a.equal > 0.99]:
        reason = "The action is the state of its own row: a policy learns to ask for what already is, and does not move."
        evidence = {"share of rows": min(a.equal for a in same)}
        do = "Record commands, or take the state some steps later as the action."
        yield Finding("action is the state", "fault", tuple(a.name for a in same), reason, evidence, do, "")


def _units(found: Sections) -> Iterator[Finding]:
    spreads = [d for d in _continuous(found) if not sparse(d) and not d.range > OUTLYING * d.spread]
    for a in found.alignment.dimensions:
        for words, factor in FACTORS.items():
            if a.kind == "targets" and a.scale > 0 and abs(abs(math.log(a.scale)) - math.log(factor)) < 0.1:
                reason = f"{a.state} follows it in other units: {words}."
                evidence = {"units of the state per unit of the action": a.scale}
                yield Finding("mixed units", "fault", (a.name,), reason, evidence, "Bring both to one unit.", "")
                return
    if len(spreads) > 1:
        small, large = min(spreads, key=lambda d: d.spread), max(spreads, key=lambda d: d.spread)
        if large.spread > UNLIKE * small.spread:
            odd = _odd_ones(spreads)
            reason = "Dimensions of very unlike scales: a squared error sees the large ones only, and one range hides the small ones."
            evidence = {"largest q99 - q01": large.spread, "smallest q99 - q01": small.spread, "ratio": large.spread / small.spread}
            do = "Check their units; normalise each dimension by a range of its own."
            yield Finding("mixed units", "fault", _names(odd), reason, evidence, do, "")


def _odd_ones(spreads: list[Dimension]) -> list[Dimension]:
    """The dimensions on the smaller side of the widest gap between spreads, on a scale of factors."""
    rising = sorted(spreads, key=lambda d: d.spread)
    cut = max(range(1, len(rising)), key=lambda i: rising[i].spread / rising[i - 1].spread)
    return rising[:cut] if cut <= len(rising) - cut and cut != len(rising) - 1 else rising[cut:]


def _two_ways(found: Sections) -> Iterator[Finding]:
    n = found.neighbours
    if n.two_ways is not None and n.two_ways.value > WAYS and n.two_ways.low > WAYS / 2:
        reason = (
            "In neighbouring states different episodes go two ways: the mean goes neither, and a sampler blind to them goes between."
        )
        evidence = {
            "share of places": n.two_ways.value,
            "places": n.places,
            "mode-blind draws that nobody demonstrated": n.unsupported,
            f"P(neighbours' actions > {SPLIT:g} of the range apart)": n.split.value if n.split else 0.0,
        }
        do = "Train a head that samples (tokens, mixture, flow, diffusion), or show what decides between the ways."
        yield Finding("two ways", "fault", (), reason, evidence, do, "13")


def _discrete(found: Sections) -> Iterator[Finding]:
    for d in found.dimensions:
        if d.kind == "discrete":
            lost = [v for v in d.levels if lost_level(d, v)]
            shown = ", ".join(f"{v:g}" for v in d.levels[:6]) + ", ..." * (len(d.levels) > 6)
            evidence: dict[str, float] = {"levels": len(d.levels), "lost": len(lost)}
            if lost:
                reason = (
                    f"It has {len(d.levels)} values ({shown}), and bins from q01 to q99 give {lost[0]:g} back as another one of them."
                )
                yield Finding("discrete levels lost", "fault", (d.name,), reason, evidence, "Make it a class for each value.", "03")
            else:
                reason = f"It has {len(d.levels)} values ({shown}): classes, not a range."
                yield Finding("discrete dimension", "note", (d.name,), reason, evidence, "A class for each value loses nothing.", "03")


def lost_level(d: Dimension, level: float) -> bool:
    """Whether 255 bins between q01 and q99 decode a level to something nearer to another level."""
    low, high = d.q01.value, d.q99.value
    back = float(openvla(low, high, 256)(level)) if d.spread > 1e-9 * d.range else low
    return min(d.levels, key=lambda v: abs(v - back)) != level


def _saturated(found: Sections) -> Iterator[Finding]:
    some = [d for d in _continuous(found) if not sparse(d) and max(d.at_min, d.at_max) > SATURATED]
    if some:
        d = max(some, key=lambda d: max(d.at_min, d.at_max))
        evidence = {"share of rows at the least": d.at_min, "at the largest": d.at_max}
        reason = "Many rows are at the end of the range exactly, as at a limit of speed or travel."
        do = "Let a code decode to the end itself: bins decoded at their centres stop half a bin short of it."
        yield Finding("saturation", "note", _names(some), reason, evidence, do, "03")


def sparse(d: Dimension) -> bool:
    """Whether a continuous dimension leaves one value so rarely that its quantiles do not see it."""
    return d.kind == "continuous" and d.spread <= SPARSE * d.range


def _continuous(found: Sections) -> list[Dimension]:
    return [d for d in found.dimensions if d.kind == "continuous"]


def _names(dimensions: list[Dimension]) -> tuple[str, ...]:
    return tuple(d.name for d in dimensions)


Rule = Callable[["Sections"], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    _dead, _sparse, _outliers, _stored, _wraps, _pauses, _late, _same, _units, _two_ways, _discrete, _saturated
)  # fmt: skip
