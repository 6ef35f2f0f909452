"""Keys: what an executed chapter was made from, as one hash, and whether that is what stands in the clone now."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from qbc.pipeline.chapters import Chapter, Problem, contents, derive
from qbc.pipeline.complete import MAGIC, incomplete
from qbc.pipeline.notebooks import load

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "matplotlib", "seaborn", "myst-nb", "ipykernel", "papermill")
PACKAGE = Path(__file__).parent.parent
DECLARED = {"rests_on", "drops"}  # what a check declares, beside what it compares
RUNNING = ("execute.py", "kernel.py", "launch.py")


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _versions(python: str) -> dict[str, str]:
    return {p: version(p) for p in PACKAGES} | {"python": python}


def key(nb: NotebookNode, values: dict[str, Any], package: Path = PACKAGE, files: Mapping[str, str] | None = None) -> str:
    """What an executed chapter depends on: its cells, the parameters, the module qbc, the versions, the ``files`` it reads.

    Of the pipeline only what runs it counts: a word in a table of the terminal makes no chapter stale.
    """
    names = [p.relative_to(package) for p in sorted(package.rglob("*")) if p.suffix in (".py", ".mplstyle")]
    mine = [n for n in names if n.parts[0] not in ("pipeline", "cli.py", "interventions") or n.name in RUNNING]
    sources = {str(n): (package / n).read_text("utf8") for n in mine}
    return _hash(contents(nb), values, sources, _versions(sys.version.split()[0]), files or {})


def parsed(source: str) -> ast.Module:
    """The code of a cell or module, magics left out. Raises ``SyntaxError`` for what is no Python even then."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.parse(MAGIC.sub(r"\1pass", source))


def read_by(chapter: Chapter, nb: NotebookNode) -> dict[str, str]:
    """The files of the clone that the cells of a chapter name, with a hash of each: a recorded table, say."""
    top, found = chapter.text.parent.parent, {}
    for c in nb.cells:
        try:
            nodes = list(ast.walk(parsed(c.source))) if c.cell_type == "code" else []
        except SyntaxError:
            continue
        for name in {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str) and "/" in n.value}:
            if len(name) < 200 and "\0" not in name and (top / name).is_file():
                found[name] = hashlib.sha256((top / name).read_bytes()).hexdigest()
    return found


class _Bare(ast.NodeTransformer):
    """Code without what can change no number: docstrings, and the declarations of checks."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if getattr(node.func, "id", "") in ("check", "dict"):
            node.keywords = [k for k in node.keywords if k.arg not in DECLARED]
        return self.generic_visit(node)


def bare(source: str) -> str:
    """Code as its meaning: without comments, docstrings, layout and declarations."""
    try:
        return ast.dump(_Bare().visit(ast.parse(source)))
    except SyntaxError:  # a magic of IPython
        return source


@cache
def _module(file: Path) -> tuple[str, frozenset[str]]:
    """A file bare, and the names it imports, dotted."""
    source = file.read_text("utf8")
    return bare(source), frozenset(_imported(source))


def _imported(source: str) -> Iterator[str]:
    try:
        nodes = list(ast.walk(parsed(source)))
    except SyntaxError:  # IPython's own syntax within a line
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{a.name}" for a in node.names)


def _files(name: str, package: Path) -> Iterator[Path]:
    """The files of qbc that importing a dotted name runs."""
    first, *parts = name.split(".")
    if first != "qbc" or parts[:1] == ["pipeline"]:
        return
    for i in range(len(parts) + 1):
        here = package.joinpath(*parts[:i])
        yield from (p for p in (here.with_suffix(".py"), here / "__init__.py") if p.is_file())


def _science(sources: Sequence[str], package: Path) -> dict[str, str]:
    """The modules of qbc that cells import, however indirectly, and the interventions, bare."""
    found = {p for p in (package / "interventions").glob("*.py")}
    new = {p for s in sources for name in _imported(s) for p in _files(name, package)}
    while new:
        found |= new
        new = {p for file in new for name in _module(file)[1] for p in _files(name, package)} - found
    return {str(p.relative_to(package)): _module(p)[0] for p in sorted(found)}


def evidence_key(nb: NotebookNode, values: dict[str, Any], package: Path = PACKAGE) -> str:
    """What the verdicts of a chapter depend on, whatever the intervention: code, not words."""
    sources = [c.source for c in nb.cells if c.cell_type == "code"]
    return _hash([bare(s) for s in sources], values, _science(sources, package), _versions(".".join(map(str, sys.version_info[:2]))))


def made(executed: Path) -> dict[str, Any]:
    """What an executed notebook says of how it was made: ``key``, ``parameters``, ``incomplete``; empty if there is none.

    Raises ``Problem`` for a file that is no executed notebook.
    """
    if not executed.is_file():
        return {}
    nb = load(executed)
    meta, run = nb["metadata"].get("qbc", {}), nb["metadata"].get("papermill", {})
    if not isinstance(run.get("parameters"), dict) or not isinstance(meta.get("key"), str):
        raise Problem(f"cannot read the executed chapter {executed}: it does not say what it was made from; execute it again")
    return {"key": meta["key"], "parameters": run["parameters"], "incomplete": incomplete(nb)}


def stale(chapters: Sequence[Chapter], done: Path) -> list[str]:
    """Which chapters the folder ``done`` does not hold as they stand in the clone, at their default parameters, and why."""
    said = []
    for c in chapters:
        nb = derive(c)
        run = made(done / f"{c.stem}.ipynb")
        if (done / f"{c.stem}.failed.ipynb").is_file():
            said.append(f"{c.stem}: its last run failed")
        elif not run:
            said.append(f"{c.stem}: not executed")
        elif run["parameters"]:
            given = ", ".join(f"{k} = {v}" for k, v in run["parameters"].items())
            said.append(f"{c.stem}: executed with {given}, not as printed")
        elif run["key"] != key(nb, {}, files=read_by(c, nb)):
            said.append(f"{c.stem}: its text, its parameters or qbc have changed since it was executed")
        elif run["incomplete"]:
            said.append(f"{c.stem}: {run['incomplete']}")
    return said
