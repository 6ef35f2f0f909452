"""The reviewed numbers of every chapter, and what a fresh run says of them.

``tests/expected/NN-name.json`` holds one number a line: ``x`` (exact: a sum or a closed form, the same to a relative 1e-6 on every
processor), ``[value, low, high]`` (sampled: a fresh value must lie in the recorded interval), or ``{"value", "tol", "why"}`` (it went
through a fit, a decomposition or a chaotic iteration, whose last digits depend on the processor).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from qbc.pipeline.chapters import Problem
from qbc.pipeline.notebooks import executed, keep, strict
from qbc.pipeline.record import numbers

EXACT = 1e-6  # relative
LEARNED = 1e-4  # relative, of a number that went through a fit, where other processors were seen and differed by less
ALONE = 0.05  # the same where no other was: rounding that training enlarges moves shares of successes by a few per cent
PROVISIONAL = "it moves with the fit, and was seen on one kind of processor only"
MARGIN = 10  # times the spread seen


def read(file: Path) -> dict[str, Any]:
    """The reviewed numbers in a file; none if there is none. Raises ``Problem`` for a file that holds none."""
    if not file.is_file():
        return {}
    try:
        found = strict(file.read_text("utf8"))
        if not isinstance(found, dict):
            raise ValueError("it is no object")
        for k, v in found.items():
            if not _proper(v):
                raise ValueError(f"{k!r} is {json.dumps(v)[:60]}, which is no reviewed number")
    except (OSError, ValueError) as e:
        raise Problem(f"cannot read the reviewed numbers {file}: {e}") from None
    return found


def _real(*given: Any) -> bool:
    return all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in given)


def _proper(x: Any) -> bool:
    """Whether ``x`` is one of the three kinds of reviewed numbers, or a text."""
    if isinstance(x, dict):
        return x.keys() == {"value", "tol", "why"} and _real(x["value"], x["tol"]) and isinstance(x["why"], str)
    if isinstance(x, list):
        return len(x) == 3 and _real(x[0], *(end for end in x[1:] if end is not None))
    return isinstance(x, str) or _real(x)


def _finite(x: Any) -> bool:
    """Whether a fresh number is one, also one that was glued as a text; the interval of a sampled one may have no end."""
    if isinstance(x, str):
        return not re.search(r"\b(nan|inf)\b", x)
    return not isinstance(x, float | list) or math.isfinite(x[0] if isinstance(x, list) else x)


def _rounded(x: Any) -> Any:
    if isinstance(x, list):
        return [_rounded(y) for y in x]
    if isinstance(x, float) and not math.isfinite(x):
        return None  # an interval without an end on this side
    return float(f"{x:.9g}") if isinstance(x, float) else x


def tolerant(value: Any, seen: Sequence[Any], old: Any, learned: bool) -> Any:
    """An exact number with the tolerance that its spread over the runs ``seen`` asks for; a reviewed tolerance is kept if wider, unless
    it was provisional and other processors are known: from such runs, or from a review of a number within whose tolerance this is."""
    if not isinstance(value, float):
        return value
    reviewed = isinstance(old, dict) and old["why"] != PROVISIONAL
    known = bool(seen) or (reviewed and abs(value - old["value"]) <= old["tol"])
    kept = (old["tol"], old["why"]) if reviewed or (isinstance(old, dict) and not known) else (0.0, "")
    spread = MARGIN * max((abs(v - value) for v in seen if isinstance(v, float)), default=0.0)
    fit = (LEARNED if known else ALONE) * abs(value) if learned else 0.0
    tol, why = max(
        kept,
        (float(f"{spread:.2g}"), f"{MARGIN} times its spread over {len(seen) + 1} kinds of processor"),
        (float(f"{fit:.2g}"), "it moves with the fit, whose last digits depend on the processor" if known else PROVISIONAL),
        key=lambda pair: pair[0],
    )
    return value if tol <= EXACT * abs(value) else {"value": value, "tol": tol, "why": why}


def _numbers(path: Path) -> dict[str, Any]:
    """The fresh numbers of a chapter. Raises ``Problem`` for one that is not finite: it is none."""
    fresh = numbers(path)
    if bad := [k for k, v in fresh.items() if not _finite(v)]:
        raise Problem(f"{path.stem}: {bad[0]} is {fresh[bad[0]]}, which is no number: nothing was accepted")
    return fresh


def write(
    folder: Path,
    expected: Path,
    also: Sequence[Path] = (),
    learned: Mapping[str, Sequence[str]] | None = None,
    only: Collection[str] | None = None,
) -> None:
    """Accept the numbers of every executed chapter in ``folder`` (of those in ``only``), one a line; others' files are left alone.

    Exact ones get a tolerance where runs in ``also``, on other processors, differ, and where they are ``learned``: chapter -> names.
    Raises ``Problem`` before anything is written.
    """
    texts = {}
    for stem, path in executed(folder, only).items():
        fresh, file = _numbers(path), expected / f"{stem}.json"
        reviewed = read(file)
        others = [_numbers(executed(f)[stem]) for f in also if stem in executed(f)]
        fits = set((learned or {}).get(stem, ()))
        kept = {k: tolerant(_rounded(v), [o.get(k) for o in others], reviewed.get(k), k in fits) for k, v in fresh.items()}
        lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(_rounded(v), allow_nan=False)}" for k, v in kept.items())
        texts[file] = f"{{\n{lines}\n}}\n"
    for file, text in texts.items():
        keep(file, text)


def forget(expected: Path, book: Collection[str]) -> list[str]:
    """Remove the reviewed numbers of chapters that are not in the book any more; whose they were."""
    gone = [f for f in sorted(expected.glob("*.json")) if f.stem not in book]
    for f in gone:
        f.unlink()
    return [f.stem for f in gone]


def _kind(x: Any) -> str:
    return "sampled" if isinstance(x, list) else "text" if isinstance(x, str) else "exact"


def _ends(old: Sequence[Any]) -> tuple[float, float]:
    return -math.inf if old[1] is None else old[1], math.inf if old[2] is None else old[2]


def difference(stem: str, key: str, new: Any, old: Any) -> str:
    """What is wrong with a fresh number against the reviewed one; empty if nothing is."""
    tol, value = (old["tol"], old["value"]) if isinstance(old, dict) else (None, old)
    if not _finite(new):
        return f"{stem}: {key} was {value}, is now {new}: it is no number any more"
    if _kind(new) != _kind(value):
        return f"{stem}: {key} was {_kind(value)}, {value}, is now {_kind(new)}, {new}"
    if isinstance(new, str):
        return "" if new == value else f"{stem}: {key} was {value!r}, is now {new!r}"
    if isinstance(new, list):
        low, high = _ends(value)
        if any(math.isfinite(a) and not math.isfinite(b) for a, b in zip((low, high), new[1:], strict=True)):
            return f"{stem}: {key} was {value[0]:.6g} in [{low:.6g}, {high:.6g}], now its interval is [{new[1]:.6g}, {new[2]:.6g}]"
        if low <= new[0] <= high or math.isclose(new[0], value[0], rel_tol=EXACT):  # an interval narrower than its digits
            return ""
        return f"{stem}: {key} was {value[0]:.6g} in [{low:.6g}, {high:.6g}], is now {new[0]:.6g}"
    if tol is not None:
        if abs(new - value) <= tol:
            return ""
        return f"{stem}: {key} was {value:.9g} ± {tol:.2g} ({old['why']}), is now {new:.9g}"
    if math.isclose(new, value, rel_tol=EXACT, abs_tol=1e-15):
        return ""
    return f"{stem}: {key} was {value:.9g}, is now {new:.9g} (relative change {abs(new - value) / max(abs(value), 1e-300):.1e})"


def differences(stem: str, fresh: Mapping[str, Any], reviewed: Mapping[str, Any]) -> list[str]:
    """What changed against the reviewed numbers of a chapter."""
    said = []
    for k in sorted(fresh.keys() | reviewed.keys()):
        if k not in fresh or k not in reviewed:
            said.append(f"{stem}: {k} is {'not glued any more' if k not in fresh else 'new'}")
        elif text := difference(stem, k, fresh[k], reviewed[k]):
            said.append(text)
    return said


def regressions(folder: Path, expected: Path, only: Collection[str] | None = None) -> list[str]:
    """All differences between an executed folder (the chapters ``only`` of it) and the reviewed numbers."""
    said, found = [], executed(folder, only)
    for stem, path in found.items():
        said += differences(stem, numbers(path), read(expected / f"{stem}.json"))
    said += [f"{f.stem}: has reviewed numbers but was not executed" for f in sorted(expected.glob("*.json")) if f.stem not in found]
    return said
