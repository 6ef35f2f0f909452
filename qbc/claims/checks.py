"""A check compares two sides, its verdict says which way it went, and a notebook keeps both."""

from __future__ import annotations

import html
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qbc.claims.estimates import Estimate, exact

MIME = "application/vnd.qbc.claim+json"

Relation = Literal["<=", ">=", "=="]
Status = Literal["holds", "violated", "inconclusive"]
RESTS_ON = ("fit", "less", "rollout", "quantizer", "bound")  # what can be taken away from a statement


class ClaimError(AssertionError):
    """A verdict is not the one the book states."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"claim {verdict.label!r} is not as the book states (expected {verdict.expect}): {verdict}")
        self.verdict = verdict


@dataclass(frozen=True)
class Verdict:
    """The outcome of one :func:`check`; ``value, low, high, rhs, tol`` are those of the case with the least room.

    ``violated`` of the ``cases`` are violated; a control should violate all of its cases.
    """

    label: str
    relation: Relation
    value: float
    low: float
    high: float
    rhs: float
    tol: float
    expect: Status
    status: Status
    cases: int
    violated: int
    why: str
    rests_on: tuple[str, ...] = ()
    drops: str = ""

    @property
    def as_stated(self) -> bool:
        return self.status == self.expect

    def __str__(self) -> str:
        lhs = f"{Estimate(self.value, self.low, self.high):.6g}"
        tol = f" ± {self.tol:.3g}" if self.tol else ""
        kind = "tightest" if self.status == "holds" else f"worst; violated in {self.violated}"
        many = f" ({kind} of {self.cases} cases)" if self.cases > 1 else ""
        return f"{self.label}: {self.status}: {lhs} {self.relation} {self.rhs:.6g}{tol}{many}"

    def _ipython_display_(self) -> None:
        """Nothing: ``check`` has shown it, and as the last value of a cell it would be shown, and counted, twice."""

    def bundle(self) -> dict[str, Any]:
        """What a notebook shows of the verdict and keeps for the ledger, by MIME type."""
        row = {k: None if isinstance(x, float) and not math.isfinite(x) else x for k, x in asdict(self).items()}
        return {"text/plain": str(self), "text/html": _box(self), MIME: row}  # JSON knows no infinity


def _box(v: Verdict) -> str:
    word: str = v.status
    if v.expect == "violated" and v.as_stated:
        word = f"fails, as it should, without {v.drops}" if v.drops else "fails, as it should"
    elif not v.as_stated:
        word = f"{v.status}, but the book states {v.expect}"
    sign = {"<=": "at most", ">=": "at least", "==": "predicted"}[v.relation]
    tol = f", tolerance {v.tol:.3g}" if v.tol else ""
    kind = "the tightest" if v.status == "holds" else f"the worst, {v.violated} violated"
    many = f"; {kind} of {v.cases} cases" if v.cases > 1 else ""
    numbers = f"measured {Estimate(v.value, v.low, v.high):.3g}; {sign} {v.rhs:.3g}{tol}{many}"
    why = f'<span class="qbc-why">{html.escape(v.why)}</span>' if v.why else ""
    name, result = html.escape(v.label), html.escape(v.label.partition("-control")[0])
    return (
        f'<div class="qbc-verdict qbc-{v.status}{"" if v.as_stated else " qbc-wrong"}" id="verdict-{name}">'
        f'<strong>{html.escape(word)}</strong> <a class="reference internal" href="#{result}">{name}</a> '
        f'<span class="qbc-numbers">{html.escape(numbers)}</span>{why} '
        f'<a class="qbc-link" href="#verdict-{name}" aria-label="link to the verdict of {name}">#</a></div>'
    )


def _estimates(label: str, x: object) -> list[Estimate]:
    if isinstance(x, Estimate):
        return [x]
    if isinstance(x, list | tuple | range) or (isinstance(x, Iterable) and getattr(x, "ndim", 0) > 0):
        return [e for item in x for e in _estimates(label, item)]
    try:
        if isinstance(x, str | bytes):
            raise TypeError
        value = float(x)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"check {label!r}: expected a number, an Estimate or a sequence of them, got {type(x).__name__}") from None
    if math.isnan(value):
        raise ValueError(f"check {label!r}: a side of the comparison is not a number (nan)")
    return [exact(value)]


def _judge(low: float, high: float, relation: Relation, tol: float) -> tuple[Status, float]:
    """Status of ``lhs - rhs`` in ``[low, high]``, and the room left: positive inside, negative outside."""
    room = {"<=": tol - high, ">=": low + tol, "==": min(tol - high, low + tol)}[relation]
    miss = {"<=": low - tol, ">=": -high - tol, "==": max(low - tol, -high - tol)}[relation]
    if room >= 0:
        return "holds", room
    return ("violated" if miss > 0 else "inconclusive"), room


def _covering(a: Estimate, b: Estimate, within: float) -> float:
    """The tolerance that the interval of a - b needs to contain 0, and rounding; at most a share of the prediction b."""
    width, size = a.high - a.low + b.high - b.low, abs(b.value)
    return min(width + 1e-9 * size, within * size)


def check(
    label: str,
    lhs: Estimate | float | Iterable[Any],
    relation: Relation,
    rhs: Estimate | float | Iterable[Any],
    *,
    tol: float | Sequence[float] | NDArray[np.float64] = 0.0,
    within: float | None = None,
    why: str = "",
    rests_on: Sequence[str] = (),
    drops: str = "",
    expect: Status = "holds",
) -> Verdict:
    """Compare what was measured with what was predicted, show the verdict, and raise unless it is the expected one.

    ``lhs`` and ``rhs`` are an estimate, a number, or a sequence of them (one side may be a single one for all); the verdict
    is ``violated`` if any case is, else ``inconclusive`` if any is, else ``holds``. ``tol`` is absolute, one or one per case,
    and needs its reason in ``why``. A ``==`` between sampled numbers needs a ``tol``, or ``within``: then the tolerance of a case is
    the width of its interval, but at most the share ``within`` of the prediction, so that it holds if the interval covers the
    prediction and is narrow, and a wide one is inconclusive.

    ``rests_on`` declares what the statement is about, out of :data:`RESTS_ON`: take that away and the verdict turns (``qbc power``
    takes it away). A control says in ``drops``, after the word "without", which one assumption it drops.

    Raises :class:`ClaimError` if the status is not ``expect``, ``ValueError`` naming the label for a malformed call.
    """
    if isinstance(rests_on, str) or not set(rests_on) <= set(RESTS_ON):
        raise ValueError(f"check {label!r}: rests_on must be a tuple out of {', '.join(RESTS_ON)}, got {rests_on!r}")
    if (drops and expect == "holds") or (rests_on and expect != "holds"):
        raise ValueError(f"check {label!r}: drops= belongs to a control, rests_on= to what holds")
    if relation not in ("<=", ">=", "=="):
        raise ValueError(f"check {label!r}: relation must be one of <= >= ==, got {relation!r}")
    if expect not in ("holds", "violated", "inconclusive"):
        raise ValueError(f"check {label!r}: expect must be holds, violated or inconclusive, got {expect!r}")
    left, right, tols = _estimates(label, lhs), _estimates(label, rhs), [t.value for t in _estimates(label, tol)]
    n = max(len(left), len(right))
    if isinstance(lhs, np.ndarray) and isinstance(rhs, np.ndarray) and lhs.size == rhs.size and lhs.shape != rhs.shape:
        raise ValueError(f"check {label!r}: the sides have the shapes {lhs.shape} and {rhs.shape}")
    if min(len(left), len(right), len(tols)) < 1 or any(len(s) not in (1, n) for s in (left, right, tols)):
        raise ValueError(f"check {label!r}: {len(left)} left, {len(right)} right sides and {len(tols)} tolerances do not match")
    if any(t < 0 or not math.isfinite(t) for t in tols):
        raise ValueError(f"check {label!r}: tol must be finite and >= 0")
    if not all(math.isfinite(e.value) for e in (*left, *right)):
        raise ValueError(f"check {label!r}: both sides must be finite (an interval may end at infinity)")
    if any(tols) and not why.strip():
        raise ValueError(f"check {label!r}: a tolerance needs its reason: pass why='...'")
    sides = [(left[i % len(left)], right[i % len(right)], tols[i % len(tols)]) for i in range(n)]
    if within is not None:
        if relation != "==" or any(tols) or not 0 < within < 1:
            raise ValueError(f"check {label!r}: within is a share of (0, 1), belongs to == and replaces tol, got {within!r}")
        sides = [(a, b, _covering(a, b, within)) for a, b, _ in sides]
        why = why or f"the width of the interval, at most {100 * within:g} % of the prediction"
    if relation == "==" and any(t == 0 and (a.low < a.high or b.low < b.high) for a, b, t in sides):
        raise ValueError(f"check {label!r}: == between sampled numbers needs a tol > 0 and its reason")

    order: dict[Status, int] = {"violated": 0, "inconclusive": 1, "holds": 2}
    judged = []
    for a, b, t in sides:
        gap = a.low - b.high, a.high - b.low
        status, room = _judge(*gap, relation, t)
        unit = t if relation == "==" and t else abs(b.value) or 1.0  # the tightest case is the one with the least room in its own units
        judged.append((status, room / unit, a, b, t))
    status, _, a, b, t = min(judged, key=lambda j: (order[j[0]], j[1]))
    violated = sum(j[0] == "violated" for j in judged)
    verdict = Verdict(
        label, relation, a.value, a.low, a.high, b.value, t, expect, status, n, violated, why, tuple(rests_on), drops
    )  # fmt: skip
    if "ipykernel" in sys.modules:  # in a notebook the verdict is a cell output, from which the ledger is read
        from IPython.display import display

        display(verdict.bundle(), raw=True)  # type: ignore[no-untyped-call]
    if not verdict.as_stated:
        raise ClaimError(verdict)
    return verdict


def glue(key: str, x: Estimate | float | str) -> None:
    """Record a number for the text (``{glue:text}``) and for regression; an interval adds ``key-low`` and ``key-high``."""
    from myst_nb import glue as glue_  # 0.3 s, needed in notebooks only

    if isinstance(x, Estimate) and x.sampled:
        glue_(f"{key}-low", float(x.low), display=False)
        glue_(f"{key}-high", float(x.high), display=False)
    glue_(key, x if isinstance(x, str) else float(x.value if isinstance(x, Estimate) else x), display=False)
