"""Whether an executed notebook is the whole of its run: every cell reached, every check of its text answered, as the book states."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from qbc.pipeline.notebooks import MIME, improper
from qbc.pipeline.record import parent

CONTROL = "<label>-control"
COMPUTED = "{}"  # stands for what a label's text does not say
MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.M)


def _label(call: ast.Call) -> str:
    """The label of a check as its text says it, computed parts as ``{}``."""
    given = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "label"), None)
    if isinstance(given, ast.Constant):
        return str(given.value)
    if isinstance(given, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else COMPUTED for v in given.values)
    return COMPUTED


def _seen(text: str) -> list[str]:
    """The labels of the checks in what is not Python."""
    return [found or COMPUTED for found in re.findall(r"\bcheck\((?:\s*[\"']([\w-]+)[\"'])?", text)]


def _calls(code: str) -> Iterator[str]:
    """The labels of the checks in the code of one cell."""
    for magic in MAGIC.finditer(code):
        yield from _seen(magic[0])
    python = MAGIC.sub(r"\1pass", code)
    try:
        tree = ast.parse(python)
    except SyntaxError:  # IPython's own syntax within a line
        yield from _seen(python)
        return
    nodes = list(ast.walk(tree))
    imported = [a for n in nodes if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names]
    names = {"check", "claims.check", "qbc.claims.check", *(a.asname for a in imported if a.name == "check" and a.asname)}
    names |= {f"{a.asname}.check" for a in imported if a.name in ("claims", "qbc.claims") and a.asname}
    called = [n for n in nodes if isinstance(n, ast.Call) and ast.unparse(n.func) in names]
    yield from map(_label, called)
    own = {id(n.func) for n in called}
    for n in nodes:  # by another name, or handed to something that calls it
        if isinstance(n, ast.Name | ast.Attribute) and isinstance(n.ctx, ast.Load) and id(n) not in own and ast.unparse(n) in names:
            yield COMPUTED


def checks_written(nb: Mapping[str, Any]) -> list[str]:
    """The label of every ``check(`` in the code of a notebook."""
    return [label for c in nb["cells"] if c["cell_type"] == "code" for label in _calls("".join(c["source"]))]


def unanswered(written: list[str], shown: list[str]) -> str:
    """A check of the text that no verdict answers; empty if there is none. One written check may have many verdicts."""
    literal = Counter(w for w in written if COMPUTED not in w)
    rest = [s for s in shown if s not in literal]
    for label, n in literal.items():
        if shown.count(label) < n:
            return label
    computed = Counter(w for w in written if COMPUTED in w)
    for label, n in computed.items():
        pattern = ".*".join(map(re.escape, label.split(COMPUTED)))
        if sum(bool(re.fullmatch(pattern, s)) for s in rest) < n:
            return label
    return "" if len(rest) >= computed.total() else next(iter(computed))


def incomplete(nb: Mapping[str, Any]) -> str:
    """Why an executed notebook is not the whole of its run; empty if it is."""
    shown = []
    for i, c in enumerate(nb["cells"]):
        if c["cell_type"] != "code" or not "".join(c["source"]).strip():
            continue
        if any(o["output_type"] == "error" for o in c["outputs"]):
            return f"cell {i} ended the run"
        if c["metadata"].get("papermill", {}).get("status") != "completed" or not c.get("execution_count"):
            return f"cell {i} was not executed: it is to be skipped, or an earlier cell ended the run"
        for row in (o["data"][MIME] for o in c["outputs"] if MIME in o.get("data", {})):
            if wrong := improper(row):
                return f"cell {i} shows a verdict that has no proper {wrong!r}"
            if row["status"] != row["expect"]:
                return f"cell {i} shows that {row['label']!r} is {row['status']}, the book states {row['expect']}"
            if (row["expect"] == "holds") != (row["label"] == parent(row["label"])):
                return f"cell {i} states that {row['label']!r} is {row['expect']}: a result holds, and its control, {CONTROL}, does not"
            shown.append(row["label"])
    missing = unanswered(checks_written(nb), shown)
    return f"its text has a check {missing!r} that shows no verdict: it is not reached, or its output is withheld" if missing else ""
