"""What to train with, and why; what would change it; and what nobody can see in recorded actions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbc.diagnose.findings import Finding, sparse
from qbc.diagnose.marginals import Dimension

if TYPE_CHECKING:
    from qbc.diagnose.report import Sections
    from qbc.diagnose.tokens import Tokenized

WIDE = 1.5  # range over q99 - q01: below, clipping buys less than it costs
BINS = (32, 64, 128, 256, 512, 1024)
MOST = 0.9  # share of dimensions whose typical step a bin resolves
LOST = 0.01  # share of sampled chunks that may not decode: they count as the mean chunk, which flatters a tokenizer
COARSE = 0.1  # standard deviations: an error of encoding and decoding beyond it adds up along a run, whatever the head does
CLIPPED = "Clipping moves 2 % of the rows or fewer, and a bin from end to end would be {:.1f} times as wide (chapter 03)."


@dataclass(frozen=True)
class Advice:
    """A choice, its reason in one sentence, and what would change it."""

    choice: str
    value: str
    reason: str
    unless: str


def advise(found: Sections, named: Sequence[Finding]) -> tuple[Advice, ...]:
    """Kind of action, range, bins, normalisation, tokenizer, head, chunk."""
    kind = found.alignment.kind
    moving = [d for d in found.dimensions if d.kind == "continuous"]
    out = [_kind(found)]
    if moving:
        out.append(_range(moving, kind))
        out.append(_bins(found, kind))
    others = [d for d in found.dimensions if d.kind != "continuous"]
    value = "each dimension by the range above" + f"; {_some(others)} not at all" * bool(others)
    lying = any(f.name == "stored statistics" for f in named)
    reason = (
        "The stored statistics are wrong: use those of this report." if lying else "Dimensions then weigh alike, whatever their units."
    )
    out.append(Advice("normalisation", value, reason, "the loss has weights of its own"))
    if found.tokens.rows:
        out.append(_tokenizer(found.tokens))
    n = found.neighbours
    if n.two_ways is not None:
        ways = any(f.name == "two ways" for f in named)
        why = f"two ways at {n.two_ways.value:.0%} of {n.places} places [{n.two_ways.low:.0%}, {n.two_ways.high:.0%}]"
        value = "one that samples" if ways else "no reason against a mean seen"
        out.append(Advice("head", value, f"Neighbouring states have {why}.", "forks are rare or brief: places are drawn at random"))
    memory = sorted(loop.memory.value for loop in found.horizon.loops)
    if memory:
        a = memory[len(memory) // 2]
        half = math.log(0.5) / math.log(a) if 0 < a < 1 else math.inf
        keeps = f"keeps half of a deviation for {half:.1f} steps" if half < 1e4 else "does not forget a deviation"
        value = "not from these data alone"
        reason = f"Without feedback the state {keeps} (median over dimensions): what is longer than that is played blind (chapter 09)."
        out.append(Advice("chunk", value, reason, "a chunk meets a fork: then it must hold the whole choice (chapter 13b)"))
    return tuple(out)


def _kind(found: Sections) -> Advice:
    kind = found.alignment.kind
    if kind == "unknown":
        reason = "No state was recorded, or none follows the actions closely: they alone do not tell increments from targets."
        return Advice("actions", "as they are", reason, "you know what the controller takes")
    told = [a for a in found.alignment.dimensions if a.kind == kind]
    correlation = sorted(abs(a.correlation) for a in told)[len(told) // 2]
    lag = found.alignment.lag
    seen = f"The state follows {len(told)} dimensions with a correlation of {correlation:.2f} (median), {lag} steps later"
    if kind == "targets":
        return Advice("actions", "targets, as recorded", f"{seen}; an error of a target is not summed.", "you record increments anew")
    worst = max(found.drift, key=lambda d: d.by_bins[255], default=None)
    drifts = f"; summed, 255 bins drift {worst.by_bins[255]:.1%} of a path's extent at worst" if worst else ""
    return Advice("actions", "increments, as recorded", f"{seen}{drifts}.", "the drift matters: then store targets")


def _range(moving: list[Dimension], kind: str) -> Advice:
    """From end to end, but where few rows make a range much wider."""
    clip = [d for d in moving if not sparse(d) and d.range > WIDE * d.spread]
    value = "min to max" if not clip else "q01 to q99" if len(clip) == len(moving) else f"min to max; q01 to q99 for {_some(clip)}"
    value += ", made symmetric about 0" * (kind == "increments")
    if not clip:
        reason = f"The ends are at most {WIDE:g} times as far apart as q01 and q99: nothing need be clipped."
        return Advice("range", value, reason, "rows to come go further: what is beyond is clipped")
    worst = max(d.range / d.spread for d in clip)
    return Advice("range", value, CLIPPED.format(worst), "rare large actions matter, as in contact: then keep the ends")


def _bins(found: Sections, kind: str) -> Advice:
    pairs = [(d, s) for d, s in zip(found.dimensions, found.motion.steps, strict=True) if d.kind == "continuous" and not sparse(d)]
    wide = {d.name: 2 * max(abs(d.q01.value), abs(d.q99.value)) if kind == "increments" else d.spread for d, _ in pairs}
    need = sorted(wide[d.name] / s for d, s in pairs if s > 0)
    if not need:
        return Advice("bins", "any", "No continuous dimension moves.", "more data show that it does")
    wanted = need[min(len(need) - 1, math.ceil(MOST * len(need)) - 1)]
    n = next((n for n in BINS if n >= wanted), BINS[-1])
    reason = f"A bin is then no wider than a typical step in {MOST:.0%} of the dimensions ({wanted:.0f} would do): wider ones hide it."
    if wanted > BINS[-1]:
        reason = f"It would take {wanted:.0f} bins to resolve a typical step: prefer increments, or a continuous head."
    if kind == "increments":
        n, zero = n - 1, max(d.zero for d in found.dimensions if d.kind == "continuous")
        reason += f" Odd: 0, up to {zero:.1%} of the rows, then decodes to 0, and a summed path that rests does not creep."
        unless = "the controller is proportional and must reach a point: an odd number leaves it a dead band (chapter 14)"
        return Advice("bins", str(n), reason, unless)
    return Advice("bins", str(n), reason, "no head learns as many from these data: see the tokenizer")


def _tokenizer(found: Tokenized) -> Advice:
    """The one whose tokens take the head the fewest bits, of those that decode and are not coarse (chapter 16)."""
    able = [t for t in found.rows if t.head_lost <= LOST] or found.rows
    nearest = min(able, key=lambda t: t.head_error)
    finest = min(found.rows, key=lambda t: t.error.value)
    if nearest.head_error >= 1 or nearest.head_lost > LOST:
        reason = f"No setting lets a small head do better than the mean chunk, whatever its error: {nearest.name} comes nearest."
        return Advice("tokenizer", "none is told apart", reason, "there are more demonstrations, or what decides is in the images")
    fine = [t for t in able if t.error.value <= COARSE]
    best = min(fine or able, key=lambda t: t.head_bits)
    reason = (
        f"A chunk takes a small head {best.head_bits:.0f} bits, with {finest.name}, whose error of reconstruction is least, "
        f"{finest.head_bits:.0f}; settings that are more than {COARSE:g} standard deviations off, or whose samples do not all decode, "
        "are left out (chapter 16)."
    )
    unless = "you train a larger head on more data: this one takes codes for names, and overstates what fine ones cost"
    return Advice("tokenizer", f"{best.name}, as far as these data go", reason, unless)


def _some(dimensions: Sequence[Dimension]) -> str:
    names = [d.name for d in dimensions]
    return ", ".join(names[:4]) + f" and {len(names) - 4} more" * (len(names) > 4)


def unseen(found: Sections, rows: int, whole: bool, has_rows: bool) -> tuple[str, ...]:
    """What the report cannot see: for want of data here, and for any report on recorded actions."""
    out = []
    if not has_rows:
        out.append("Anything of the rows: the path holds statistics alone.")
    elif not rows:
        out.append("Anything of the actions: no row is a number throughout.")
    if found.neighbours.why and rows:
        out.append(f"Smoothness and ways: {found.neighbours.why}.")
    if not found.alignment.seen and rows:
        out.append("Increments or targets, and lag: no state was recorded, or too few rows.")
    if found.tokens.why and rows:
        out.append(f"Tokenizers: {found.tokens.why}.")
    out += [f"A tokenizer: {line}." for line in found.tokens.skipped]
    if found.horizon.why and found.horizon.gain is None and rows:
        out.append(f"How far errors carry: {found.horizon.why}; --gain takes what you know of it.")
    if not whole:
        out.append("Rare events in pauses, lag, neighbours and loops: they were measured on a sample of stretches.")
    return (*out, *ALWAYS)


ALWAYS = (
    "The pole of the loop that will be learned, which decides whether errors grow (chapter 02).",
    "Whether an episode succeeded, and errors of structure in it: a task done in the wrong order has blameless actions "
    "(arXiv 2606.05588 found such errors invisible to every metric of actions alone).",
    "Which episodes to leave out: a good detector of bad episodes chose data for the worst policy (arXiv 2606.10229), and most such "
    "scores follow the length of an episode; no rule here uses it.",
    "What images show, contacts, forces, and disturbances that the demonstrations did not meet.",
    "Rare forks: states that a share of less than a tenth of the places stands for.",
    "What a large policy makes of the tokens: neither an error of reconstruction nor a small head that copies ranks tokenizers for it.",
)
