"""The mutants of a module: cosmic-ray's small changes of its text, without those that change no code.

From cosmic-ray are the operators; of the 11 that replace one arithmetic operator we take the one that numbers survive.
Added is one operator of numerical code, which swaps a function with its opposite (``min`` with ``max``).
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from typing import NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python.tree import Name

ARITHMETIC = "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mul Mod_Mul Pow_Mul BitOr_BitAnd BitAnd_BitOr RShift_LShift LShift_RShift"
COMPARISON = "Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is"
OTHER = (
    "ReplaceUnaryOperator_Delete_USub ReplaceUnaryOperator_Delete_Not ReplaceUnaryOperator_Delete_Invert AddNot NumberReplacer "
    "ReplaceTrueWithFalse ReplaceFalseWithTrue ReplaceAndWithOr ReplaceOrWithAnd ReplaceBreakWithContinue "
    "ReplaceContinueWithBreak ExceptionReplacer RemoveDecorator ZeroIterationForLoop"
)
OPPOSITES = "min max, minimum maximum, argmin argmax, any all, sin cos, floor ceil, zeros ones, isneginf isposinf, sorted reversed"
OPPOSITE = dict(p for pair in OPPOSITES.split(", ") for a, b in [pair.split()] for p in ((a, b), (b, a)))


class SwapOpposites(Operator):
    """Replaces a function or a method with its opposite."""

    def mutation_positions(self, node):
        called = isinstance(node, Name) and node.value in OPPOSITE and (after := node.get_next_leaf()) and after.value == "("
        if called:
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        node.value = OPPOSITE[node.value]
        return node

    @classmethod
    def examples(cls):
        return (Example("min(x)", "max(x)"),)


class Mutant(NamedTuple):
    where: str  # the function or class it lies in; empty for the module
    was: str  # the lines that change
    now: str
    text: str  # of the whole module


def mutants(text: str) -> list[Mutant]:
    """All mutants of a module's text, each once, in the order of its lines."""
    nodes, found = list(ast_nodes(get_ast(text))), {}
    seen = {_code(text)}
    for op in _operators():
        for i in range(sum(1 for node in nodes for _ in op.mutation_positions(node))):
            new = mutate_code(text, op, i)
            try:
                code = _code(new)
            except SyntaxError:
                continue
            if code not in seen:
                seen.add(code)
                line, was, now = _change(text, new)
                found[line, len(found)] = Mutant(_where(text, line), was, now, new)
    return [found[k] for k in sorted(found)]


def _operators() -> Iterator[Operator]:
    provider = OperatorProvider()
    names = [f"ReplaceBinaryOperator_{x}" for x in ARITHMETIC.split()]
    names += [f"ReplaceComparisonOperator_{x}" for x in COMPARISON.split()]
    yield from (provider[name]() for name in [*names, *OTHER.split()])
    yield SwapOpposites()


def _code(text: str) -> str:
    """What runs, and is more than an example: without annotations, without ``@final``, without the table EXAMPLES."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        for field in {"annotation", "returns"} & set(node._fields):
            setattr(node, field, None)
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            node.decorator_list = [d for d in node.decorator_list if not (isinstance(d, ast.Name) and d.id == "final")]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "EXAMPLES":
            node.value = None
    return ast.dump(tree)


def _change(text: str, new: str) -> tuple[int, str, str]:
    old, lines = text.splitlines(), new.splitlines()
    changes = [c for c in difflib.SequenceMatcher(None, old, lines, autojunk=False).get_opcodes() if c[0] != "equal"]
    i, j, k, m = changes[0][1], changes[-1][2], changes[0][3], changes[-1][4]
    return i + 1, *("\n".join(" ".join(x.split()) for x in part if x.strip()) for part in (old[i:j], lines[k:m]))


def _where(text: str, line: int) -> str:
    names, body = [], ast.parse(text).body
    while inside := [
        n
        for n in body
        if isinstance(n, ast.ClassDef | ast.FunctionDef)
        and min([n.lineno, *(d.lineno for d in n.decorator_list)]) <= line <= n.end_lineno
    ]:
        names.append(inside[0].name)
        body = inside[0].body
    return ".".join(names)
