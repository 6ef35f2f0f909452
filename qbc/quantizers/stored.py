"""Quantizers as readable JSON, and back to the last bit. One mechanism for all: the fields of the object are the keys of the file."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from qbc.quantizers.circle import Periodic
from qbc.quantizers.quantizer import Cells, Dithered, Fitted, Quantizer
from qbc.quantizers.vector import PerCoordinate

FORMAT, VERSION = "qbc.quantizers", 1
TYPES: dict[str, type[Quantizer]] = {c.__name__: c for c in (Cells, Dithered, Periodic)}
NUMBERS = re.compile(r"\[(\n[^][{}\"]*)\]")  # an array of numbers, which goes on one line; no string holds a line break


def to_json(q: Quantizer | PerCoordinate) -> str:
    """Strict JSON: what the quantizer is, and what it was fitted to. Raises ``ValueError`` for a class that is not of this module."""
    text = json.dumps({"format": FORMAT, "version": VERSION, "quantizer": _plain(q)}, indent=2, allow_nan=False)
    return NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


def save(q: Quantizer | PerCoordinate, path: str | Path) -> None:
    """Write `to_json(q)` to a file."""
    Path(path).write_text(to_json(q), encoding="utf8")


def from_json(text: str, name: str = "text") -> Quantizer | PerCoordinate:
    """The quantizer that `to_json` wrote. Raises ``ValueError`` with one line that says which key of the text `name` is wrong."""
    try:
        top = json.loads(text, parse_constant=_refuse, object_pairs_hook=_no_twice)
    except (ValueError, RecursionError) as e:
        raise ValueError(f"{name}: no strict JSON: {e}") from None
    _keys(f"{name}: top level", top, {"format", "version", "quantizer"})
    for key, right in (("format", FORMAT), ("version", VERSION)):
        if top[key] != right or isinstance(top[key], bool):
            raise ValueError(f"{name}: {key}: {right!r}, not {top[key]!r}")
    return _vector(f"{name}: quantizer", top["quantizer"])


def load(path: str | Path) -> Quantizer | PerCoordinate:
    """The quantizer that `save` wrote. Raises ``ValueError`` with one line that names the file and the key that is wrong."""
    try:
        text = Path(path).read_text(encoding="utf8")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: no UTF-8") from None
    return from_json(text, str(path))


def _plain(q: Quantizer | PerCoordinate) -> dict[str, Any]:
    if isinstance(q, PerCoordinate):
        return {"type": "PerCoordinate", "coordinates": [_plain(c) for c in q.coordinates]}
    if TYPES.get(type(q).__name__) is not type(q):
        raise ValueError(f"q: one of {', '.join(TYPES)} or PerCoordinate, not {type(q).__name__}")
    own = {f.name: getattr(q, f.name) for f in fields(q) if f.name != "fitted"}
    return {
        "type": type(q).__name__,
        "fitted": asdict(q.fitted) if q.fitted else None,
        **{k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in own.items()},
    }


def _vector(where: str, x: Any) -> Quantizer | PerCoordinate:
    if not (isinstance(x, dict) and x.get("type") == "PerCoordinate"):
        return _scalar(where, x)
    _keys(where, x, {"type", "coordinates"})
    if not isinstance(x["coordinates"], list):
        raise ValueError(f"{where}.coordinates: a list")
    parts = [_scalar(f"{where}.coordinates[{j}]", c) for j, c in enumerate(x["coordinates"])]
    return _built(where, PerCoordinate, {"coordinates": tuple(parts)})  # type: ignore[no-any-return]


def _scalar(where: str, x: Any) -> Quantizer:
    kind = TYPES.get(str(x.get("type"))) if isinstance(x, dict) else None
    if kind is None:
        raise ValueError(f"{where}.type: one of {', '.join(TYPES)} or, at the top, PerCoordinate")
    names = [f.name for f in fields(kind)]
    _keys(where, x, {"type", *names})
    for key in {"values", "edges"} & set(names):
        _numbers(f"{where}.{key}", x[key])
    own = {k: x[k] for k in names if k != "fitted"}
    return _built(where, kind, own | {"fitted": _record(f"{where}.fitted", x["fitted"])})  # type: ignore[no-any-return]


def _record(where: str, x: Any) -> Fitted | None:
    if x is None:
        return None
    _keys(where, x, {f.name for f in fields(Fitted)})
    for key in ("low", "high"):
        _numbers(f"{where}.{key}", [x[key]])
    return _built(where, Fitted, {**x, "low": float(x["low"]), "high": float(x["high"])})  # type: ignore[no-any-return]


def _built(where: str, kind: Any, arguments: Mapping[str, Any]) -> Any:
    try:
        return kind(**arguments)
    except ValueError as e:  # it begins with the name of the field
        raise ValueError(f"{where}.{e}") from None


def _numbers(where: str, x: Any) -> None:
    if not (isinstance(x, list) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in x)):
        raise ValueError(f"{where}: numbers")
    if not all(abs(v) <= sys.float_info.max for v in x):
        raise ValueError(f"{where}: finite")


def _keys(where: str, x: Any, right: set[str]) -> None:
    if not isinstance(x, dict):
        raise ValueError(f"{where}: an object, not {type(x).__name__}")
    for words, keys in (("missing", right - set(x)), ("unknown", set(x) - right)):
        if keys:
            raise ValueError(f"{where}: {words} {', '.join(map(repr, sorted(keys)))}")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found
