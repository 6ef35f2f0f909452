"""Keys: what an executed chapter was made from, as one hash, and whether that is what stands in the clone now."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from qbc.pipeline.chapters import Chapter, Problem, contents, derive
from qbc.pipeline.complete import incomplete
from qbc.pipeline.notebooks import load
from qbc.pipeline.science import DRAWS, PACKAGE, bare, parsed, science, unpublished

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "matplotlib", "seaborn", "myst-nb", "ipykernel", "papermill")
TARGET = re.compile(r"[\"']qbc\.([\w.]+):")
RUNNING = ("execute.py", "kernel.py", "launch.py")


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _versions(python: str) -> dict[str, str]:
    return {p: version(p) for p in PACKAGES} | {"python": python}


def _code(nb: NotebookNode) -> list[str]:
    return [c.source for c in nb.cells if c.cell_type == "code"]


def key(nb: NotebookNode, values: dict[str, Any], package: Path = PACKAGE, files: Mapping[str, str] | None = None) -> str:
    """What an executed chapter depends on: its cells, the parameters, what they use of qbc, the versions, the ``files`` it reads.

    Of the pipeline only what runs it counts: a word in a table of the terminal makes no chapter stale.
    """
    running = {p.name: p.read_text("utf8") for p in sorted(package.rglob("*")) if p.suffix == ".mplstyle" or p.name in RUNNING}
    return _hash(contents(nb), values, science(_code(nb), package), running, _versions(sys.version.split()[0]), files or {})


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


def evidence_key(nb: NotebookNode, values: dict[str, Any], package: Path = PACKAGE) -> str:
    """What the verdicts of a chapter depend on, whatever the intervention: code, not words, and not what only publishes or draws."""
    sources = [kept for s in _code(nb) if (kept := unpublished(s)) or not s]
    python = ".".join(map(str, sys.version_info[:2]))
    used = {name: text for name, text in science(sources, package).items() if name not in DRAWS}
    return _hash([bare(s) for s in sources], values, used, _taken(package, used), _versions(python))


def _taken(package: Path, used: Collection[str]) -> dict[str, str]:
    """The code of the interventions, but for the modules whose swaps, all of them, are of modules that are not ``used``."""
    files = {p.name: p.read_text("utf8") for p in sorted((package / "interventions").glob("*.py"))}
    return {name: bare(text) for name, text in files.items() if not (of := _swapped(text)) or of & set(used)}


def _swapped(text: str) -> set[str]:
    """The files of the modules that a module of interventions names as targets, ``"qbc.module:function"``."""
    found = (m[1].split(".") for m in TARGET.finditer(text))
    return {f"{'/'.join(parts)}{end}" for parts in found for end in (".py", "/__init__.py")}


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
