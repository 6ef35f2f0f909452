"""Reading the code of a chapter: its calls, and the keyword arguments of its checks."""

import ast
import re


def code(nb):
    return "\n".join(re.sub(r"^%.*$", "", c.source, flags=re.M) for c in nb.cells if c.cell_type == "code")


def prose(nb):
    return "\n\n".join(c.source for c in nb.cells if c.cell_type == "markdown")


def calls(nb, name):
    return [n for n in ast.walk(ast.parse(code(nb))) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == name]


def checks(nb):
    """label -> list of the keyword arguments, as trees, of its checks; a control's label may end in something computed."""
    found, values = {}, assigned(nb)
    for call in calls(nb, "check"):
        label = written(call.args[0])
        assert "{" not in label.partition("-control")[0], f"the label of a stated result must be written out: {ast.unparse(call)}"
        given = {k.arg: k.value for k in call.keywords if k.arg}
        for k in call.keywords:
            given |= {} if k.arg else unpacked(k.value, values)
        found.setdefault(label, []).append(given)
    return found


def assigned(nb):
    """name -> everything that is assigned to it."""
    found = {}
    for node in ast.walk(ast.parse(code(nb))):
        if isinstance(node, ast.Assign | ast.AugAssign):
            target, value = (node.targets[0] if isinstance(node, ast.Assign) else node.target), node.value
            several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            for name, v in zip(target.elts, value.elts, strict=True) if several else [(target, value)]:
                found.setdefault(getattr(name, "id", ""), []).append(v)
    return found


def unpacked(node, values):
    """The keywords of every dict(...) that an expression may be made of."""
    found, open_, seen = {}, [node], set()
    while open_:
        for n in ast.walk(open_.pop()):
            if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "dict":
                found |= {k.arg: k.value for k in n.keywords if k.arg}
            if isinstance(n, ast.Name) and n.id not in seen:
                seen.add(n.id)
                open_ += values.get(n.id, [])
    return found


def written(node):
    """A literal as it stands in the source, computed parts as {}."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return "{}"
    assert isinstance(node, ast.JoinedStr), f"expected a string, found {ast.unparse(node)}"
    return "".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
