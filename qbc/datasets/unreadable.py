"""What cannot be read, in one line: the file, the key within it, and what is wrong there."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

INSTALL = ".venv/bin/python -m pip install --no-build-isolation -c constraints.txt -e '.[data]'"
POINTER = b"version https://git-lfs"
PICKLED = "holds pickled objects, which are never loaded: save plain numbers"


class Unreadable(Exception):
    """A data set, or a file of one, that is not what it claims to be. Its text is one line: ``FILE: KEY: what is wrong``."""

    def __init__(self, path: Path | str, words: object, key: str = "") -> None:
        super().__init__(one_line(": ".join(str(part) for part in (path, key, words) if str(part))))


class Notes(list[str]):
    """Lines on what was odd and yet could be read, each kept once."""

    def add(self, line: str) -> None:
        line = one_line(line)
        if line not in self:
            self.append(line)


def one_line(text: str) -> str:
    """A text without line breaks and control characters, which names in foreign files may hold; at most 600 characters."""
    return "".join(c if c.isprintable() else " " for c in text)[:600]


class Unknown(ValueError):
    """A way of writing that is not read here; its text says how to write instead."""


@contextmanager
def naming(path: Path | str, key: str = "") -> Iterator[None]:
    """Whatever goes wrong inside is said as :class:`Unreadable` of this file: decoders of foreign bytes raise nearly anything."""
    try:
        yield
    except (Unreadable, ModuleNotFoundError):
        raise
    except Unknown as e:
        raise Unreadable(path, e, key) from None
    except FileNotFoundError:
        raise Unreadable(path, "no such file", key) from None
    except OSError as e:
        raise Unreadable(path, f"cannot be read ({e.strerror or ' '.join(str(e).split())[:200]})", key) from None
    except Exception as e:
        words = " ".join(str(e).split())[:200]
        raise Unreadable(path, f"damaged or truncated ({type(e).__name__}{': ' * bool(words)}{words})", key) from None


def extra(module: str) -> ModuleType:
    """A package of the extra ``data``, imported when a format needs it. Raises ``ModuleNotFoundError`` saying what to install."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(f"no {missing.name}: install the extra data with {INSTALL}", name=missing.name) from None


def head(path: Path, n: int = 64) -> bytes:
    """The first n bytes of a file. Raises :class:`Unreadable` for an empty file and for a pointer that git-lfs left in its place."""
    with naming(path), path.open("rb") as file:
        first = file.read(n)
    if not first:
        raise Unreadable(path, "an empty file")
    if first.startswith(POINTER):
        raise Unreadable(path, "a pointer of git-lfs, not the data: fetch them with `git lfs pull`")
    return first


def parsed(text: bytes, path: Path | str, key: str = "") -> dict[str, Any]:
    """A JSON object. Raises :class:`Unreadable` for anything else."""
    try:
        found = json.loads(text.decode("utf8"))
    except UnicodeDecodeError:
        raise Unreadable(path, "no UTF-8", key) from None
    except RecursionError:
        raise Unreadable(path, "no JSON that can be read: nested too deeply", key) from None
    except ValueError as e:
        raise Unreadable(path, f"no JSON ({e})", key) from None
    if not isinstance(found, dict):
        raise Unreadable(path, f"a JSON object, not {type(found).__name__}", key)
    return found


def json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    head(path)
    with naming(path):
        text = path.read_bytes()
    return parsed(text, path)


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file with one a line, each with ``line N``, N from 1; empty lines are passed over."""
    head(path)
    with naming(path), path.open("rb") as file:
        for i, line in enumerate(file, start=1):
            if line.strip():
                yield f"line {i}", parsed(line, path, f"line {i}")


def entry(within: Mapping[str, Any], name: str, kind: type | tuple[type, ...], path: Path | str, key: str = "") -> Any:
    """``within[name]``, of this kind (a bool is no number). Raises :class:`Unreadable` naming the key."""
    where = f"{key}.{name}" if key else name
    if name not in within:
        raise Unreadable(path, "missing", where)
    found = within[name]
    if not isinstance(found, kind) or isinstance(found, bool):
        wanted = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        raise Unreadable(path, f"{wanted}, not {type(found).__name__}", where)
    return found


def in_order(paths: Iterator[Path]) -> list[Path]:
    """Paths with the numbers in their names in order: ``episode_2`` before ``episode_10``."""
    return sorted(paths, key=lambda p: [(int(s), "") if s.isdecimal() else (-1, s) for s in re.split(r"(\d+)", p.as_posix())])
