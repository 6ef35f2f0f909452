"""What a record was made from, in sixteen digits: another text or other tests, and it is an old one."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
TOP = HERE.parent.parent


def key(module: str, tests: list[str]) -> str:
    """Of the module, its tests, and how mutants are made and tried."""
    files = [TOP / "qbc" / f"{module}.py", HERE / "mutate.py", HERE / "trial.py"]
    named = [TOP / "tests" / t.partition("::")[0] for t in ("conftest.py", "made_up.py", *tests)]
    files += named + sorted(helpers(named) - set(named))
    return hashlib.sha256("".join([*tests, *(f.read_text("utf8") for f in files)]).encode()).hexdigest()[:16]


def helpers(files: Iterable[Path]) -> set[Path]:
    """The modules beside the tests, such as laws and examples, that test files import, and those that these import."""
    found: set[Path] = set()
    todo = list(files)
    while todo:
        names = [n for node in ast.walk(ast.parse(todo.pop().read_text("utf8"))) for n in _imported(node)]
        new = {f for n in names if (f := TOP / "tests" / f"{n}.py").exists()} - found
        found |= new
        todo += new
    return found


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [a.name for a in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
