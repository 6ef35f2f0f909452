"""Folding: which code cells a page shows open. The core of an argument is, which the text tags; the rest is a click away."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from qbc.pipeline.science import parsed

CORE = "core"  # the tag of a cell that the page shows open
DOES = {"figure": "figure", "check": "verdict", "glue": "numbers"}  # what the name of a function tells, in the words of a toggle


def does(cell: Mapping[str, Any]) -> list[str]:
    """What the code of a cell does, in the words of its toggle."""
    tags, source = cell["metadata"].get("tags", []), "".join(cell["source"])
    if "parameters" in tags:
        return ["parameters"]
    try:
        tree = parsed(source)
    except SyntaxError:  # IPython's own syntax within a line
        return ["experiment"]
    called = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
    dotted = {ast.unparse(f) for f in called if isinstance(f, ast.Name | ast.Attribute)}
    names = {name.rpartition(".")[2] for name in dotted}
    if any(name.startswith("live.") for name in dotted):
        return ["interactive figure"]
    if "figure" in cell["metadata"].get("mystnb", {}) or "subplots" in names:
        return ["figure"]
    found = ["set-up"] if any(isinstance(n, ast.Import | ast.ImportFrom) for n in tree.body) else []
    found += ["definitions"] if any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in tree.body) else []
    found += ["fit"] if any(n.startswith(("fit", "train")) for n in names) or "most_likely" in names else []
    found += ["rollouts"] if any(n.startswith("rollout") for n in names) else []
    return [*found, *(word for name, word in DOES.items() if name in names)] or ["experiment"]


def is_open(cell: Mapping[str, Any]) -> bool:
    """Whether the text tags a cell as core: what a key result of the chapter stands on."""
    return CORE in cell["metadata"].get("tags", [])


def fold(cell: dict[str, Any]) -> None:
    """Tag a code cell that is to be folded, and let its toggle say what the code does."""
    if cell["cell_type"] != "code" or is_open(cell):
        return
    meta, said = cell["metadata"], ", ".join(does(cell))
    if "hide-cell" in meta.get("tags", []):
        said = f"solution ({said})"
    else:
        meta["tags"] = [*meta.get("tags", []), "hide-input"]
    prompts = {"code_prompt_show": f"Show the code: {said}", "code_prompt_hide": f"Hide the code: {said}"}
    meta["mystnb"] = {**prompts, **meta.get("mystnb", {})}
