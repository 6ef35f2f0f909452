"""Who may import whom: modules import downwards only, and torch stands behind one door."""

import ast
import subprocess
import sys

import pytest

from qbc.pipeline import chapters
from qbc.pipeline.science import DRAWS

QBC = chapters.root() / "qbc"
LEVEL = {
    "arrays": -1,
    "systems": 0,
    "quantizers": 0,
    "finite": 0,
    "divergences": 0,
    "claims": 0,
    "bounds": 0,
    "tasks": 1,
    "plots": 1,
    "live": 1,
    "joints": 1,
    "policies": 1,
    "couplings": 1,
    "noising": 1,
    "families": 1,
    "receding": 1,
    "primitives": 1,
    "representations": 1,
    "sequences": 2,
    "demonstrations": 2,
    "learn": 3,
    "benchmark": 4,
    "interventions": 4,
}
FILES = sorted(p for p in QBC.rglob("*.py"))


def room(path):
    """The module of qbc that a file belongs to: a package counts as one."""
    parts = path.relative_to(QBC).with_suffix("").parts
    return parts[0]


def imported(path):
    """Names of the modules a file imports, dotted."""
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{a.name}" for a in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(QBC)))
def test_modules_import_downwards(path):
    mine = room(path)
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("qbc.")} - {mine}
    if mine in ("pipeline", "cli"):
        assert ours <= {"pipeline"}, f"{path}: the pipeline imports none of the science"
    elif mine != "__init__":
        assert mine in LEVEL, f"give {mine} a level here and a line in qbc/__init__.py"
        assert all(LEVEL[other] < LEVEL[mine] for other in ours), f"{mine} imports {ours}"
        assert f"``{mine}``" in (QBC / "__init__.py").read_text("utf8")


def test_only_learn_imports_torch():
    importers = {room(p) for p in FILES if any(n.split(".")[0] == "torch" for n in imported(p))}
    assert importers == {"learn"}


def test_the_rest_really_runs_without_torch():
    rest = ", ".join(m for m in LEVEL if m not in ("learn", "benchmark", "interventions"))
    code = f"import sys; from qbc import {rest}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nothing_imports_what_draws():
    drawing = {f"qbc.{name.removesuffix('.py')}" for name in DRAWS}
    assert not [p for p in FILES if drawing & set(imported(p))]


def test_nothing_imports_the_notebooks_or_the_tests():
    assert not [p for p in FILES for n in imported(p) if n.split(".")[0] in ("notebooks", "tests", "book")]
