"""Fitted tokenizers in one npz file of plain arrays, and back to the last bit: the keys are the fields. Nothing is pickled."""

from __future__ import annotations

import types
import zipfile
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from qbc import quantizers as qz
from qbc.quantizers import PerCoordinate
from qbc.tokenizers.kinds import CLASSES
from qbc.tokenizers.tokenizer import Tokenizer

FORMAT, VERSION = "qbc.tokenizers", 1


def save(tokenizer: Tokenizer, path: str | Path) -> None:
    """Write it to a file whose name ends with .npz. Raises ``ValueError`` for one that was not made by ``fit``."""
    if CLASSES.get(type(tokenizer).__name__) is not type(tokenizer) or tokenizer.fitted is None:
        raise ValueError(f"tokenizer: one made by fit, not {type(tokenizer).__name__}")
    _npz(path)
    about: dict[str, Any] = {"format": np.array(FORMAT), "version": np.array(VERSION), "class": np.array(type(tokenizer).__name__)}
    arrays: dict[str, Any] = about | _plain(tokenizer, "")
    np.savez(path, **arrays)


def load(path: str | Path) -> Tokenizer:
    """The tokenizer that `save` wrote. Raises ``ValueError`` with one line that names the file and the key that is wrong."""
    _npz(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {key: file[key] for key in file.files}
    except FileNotFoundError:
        raise
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as e:
        raise ValueError(f"{path}: no npz file of plain arrays: {' '.join(str(e).split())[:200]}") from None
    try:
        return _tokenizer(found)
    except ValueError as e:
        raise ValueError(f"{path}: {e}") from None


def _tokenizer(found: dict[str, NDArray[Any]]) -> Tokenizer:
    for key, right in (("format", FORMAT), ("version", VERSION)):
        if key not in found or found[key].tolist() != right:
            raise ValueError(f"{key}: {right!r}, not {found[key].tolist() if key in found else 'missing'!r}")
    kind = CLASSES.get(str(found.get("class")))
    if kind is None:
        raise ValueError(f"class: one of {', '.join(sorted(CLASSES))}, not {str(found.get('class'))[:60]!r}")
    left = {k: v for k, v in found.items() if k not in ("format", "version", "class")}
    made: Tokenizer = _object(kind, "", left)
    if left:
        raise ValueError(f"unknown {', '.join(map(repr, sorted(left)))}")
    return made


def _plain(x: Any, where: str) -> dict[str, NDArray[Any]]:
    out: dict[str, NDArray[Any]] = {}
    for f in fields(x):
        value, key = getattr(x, f.name), f"{where}{f.name}"
        if isinstance(value, PerCoordinate):
            out[key] = np.array(qz.to_json(value))
        elif is_dataclass(value):
            out |= _plain(value, f"{key}.")
        elif isinstance(value, tuple):
            out |= {f"{key}.{i}": part for i, part in enumerate(value)}
        else:
            out[key] = np.asarray(value)
    return out


def _object(kind: Any, where: str, found: dict[str, NDArray[Any]]) -> Any:
    """Takes what it uses out of ``found``."""
    hints = get_type_hints(kind)
    return kind(**{f.name: _value(hints[f.name], f"{where}{f.name}", found) for f in fields(kind)})


def _value(hint: Any, key: str, found: dict[str, NDArray[Any]]) -> Any:
    if get_origin(hint) is types.UnionType:  # of None, which no saved tokenizer has
        hint = get_args(hint)[0]
    if hint is PerCoordinate:
        return qz.from_json(str(_taken(key, found, "U", 0)), key)
    if is_dataclass(hint):
        return _object(hint, f"{key}.", found)
    if get_origin(hint) is tuple:
        n = next(i for i in range(len(found) + 1) if f"{key}.{i}" not in found)
        return tuple(_taken(f"{key}.{i}", found, "f") for i in range(n))
    if hint in (int, float):
        return hint(_taken(key, found, "i" if hint is int else "f", 0))
    return _taken(key, found, "i" if "int64" in str(hint) else "f")


def _taken(key: str, found: dict[str, NDArray[Any]], kind: str, ndim: int | None = None) -> NDArray[Any]:
    if key not in found:
        raise ValueError(f"missing {key!r}")
    array = found.pop(key)
    if array.dtype.kind != kind or (ndim is not None and array.ndim != ndim):
        wanted = {"U": "a text", "i": "integers", "f": "floats"}[kind]
        raise ValueError(f"{key}: {wanted}, not {array.dtype} {array.shape}")
    if kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{key}: finite numbers")
    return array


def _npz(path: str | Path) -> None:
    if Path(path).suffix != ".npz":
        raise ValueError(f"{path}: a name that ends with .npz")
