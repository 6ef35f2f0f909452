"""The domain of a right-hand side: declared beside its parameters, checked before its formula, told in its docstring.

    @bound("C * eps <= 1")
    def offset_regret(H: Count, eps: Share, *, C: Positive, eta: Rate) -> float:

``Annotated[float, "(0, 2/3]"]`` is a number of an interval (square ends belong to it, so ``[1, inf]`` has infinity in it),
``Annotated[int, "[1, inf)"]`` a whole number, ``Annotated[ArrayLike, "(n, d) of [0, 1]"]`` an array; the same letter is the same length
in all arguments. ``Literal`` lists what may be passed, ``| None`` admits None. The strings of ``bound`` join several parameters.

Each argument is checked alone, in order, then what joins them; the formula gets floats, ints and arrays of floats. NaN lies in no
interval. A whole number is an integer, not 2.0, of at most 2**53, as far as floats count. In a condition, two floats that differ by
a relative 1e-9, the rounding of a sum of many, are equal: ``<=``, ``>=`` and ``==`` hold of them, which the formula must bear, and
``!=`` does not; ``<`` and ``>`` are exact. What is refused, and a value that is not finite where the return annotation does not say
"inf]", raise ``ValueError``: ``offset_regret: eps must lie in [0, 1], got 1.5``.
"""

from __future__ import annotations

import ast
import functools
import inspect
import math
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from scipy import special

from qbc.bounds import stable
from qbc.bounds.kinds import Array, Choice, Interval, Kind, Label, Number, OrNone, Outside, shown

Function = TypeVar("Function", bound=Callable[..., Any])

Finite = Annotated[float, "(-inf, inf)"]
NonNegative = Annotated[float, "[0, inf)"]
Positive = Annotated[float, "(0, inf)"]
Share = Annotated[float, "[0, 1]"]
Rate = Annotated[float, "[0, 1)"]
Level = Annotated[float, "(0, 1)"]
Count = Annotated[int, "[1, inf)"]
Natural = Annotated[int, "[0, inf)"]


def is_covariance(matrix: Any) -> bool:
    """Whether a square matrix is symmetric and has no negative eigenvalue, to a relative 1e-9."""
    scale = 1e-9 * float(np.abs(matrix).max())
    return bool(np.abs(matrix - matrix.T).max() <= scale and np.linalg.eigvalsh(matrix).min() >= -scale)


def equal(x: Any, y: Any) -> bool:
    """Whether two numbers differ by no more than the rounding of a sum of many: a relative 1e-9. Whole numbers are not rounded."""
    return bool(x == y if isinstance(x, int) and isinstance(y, int) else math.isclose(x, y, rel_tol=1e-9))


def at_most(x: Any, y: Any) -> Any:
    """Whether x <= y up to rounding; arrays entry by entry, as they are."""
    return x <= y if isinstance(x, np.ndarray) else bool(x <= y) or equal(x, y)


WORDS: dict[str, Any] = {
    "__builtins__": {}, "abs": abs, "min": min, "max": max, "sum": np.sum, "all": np.all, "equal": equal,
    "at_most": at_most, "is_covariance": is_covariance,
    "floor": stable.whole, "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "pi": math.pi,
    "sin": math.sin, "quantile": special.ndtri,
}  # fmt: skip


STRICT: dict[str, Any] = dict(over="raise", divide="raise", invalid="raise")  # numpy then does as Python's floats do


class NotFinite(ValueError, ArithmeticError):
    """The value of a right-hand side is too large for a float; where another one needs it, that one's is, too."""


class Forgiving(ast.NodeTransformer):
    """Replaces the comparisons that speak of equality by those that admit rounding."""

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        sides = [node.left, *node.comparators]
        each = [_compared(x, op, y) for x, op, y in zip(sides[:-1], node.ops, sides[1:], strict=True)]
        return each[0] if len(each) == 1 else ast.BoolOp(ast.And(), each)


def _compared(x: ast.expr, op: ast.cmpop, y: ast.expr) -> ast.expr:
    def call(name: str, *sides: ast.expr) -> ast.expr:
        return ast.Call(ast.Name(name, ast.Load()), list(sides), [])

    match op:
        case ast.LtE():
            return call("at_most", x, y)
        case ast.GtE():
            return call("at_most", y, x)
        case ast.Eq():
            return call("equal", x, y)
        case ast.NotEq():
            return ast.UnaryOp(ast.Not(), call("equal", x, y))
    return ast.Compare(x, [op], [y])


class Condition:
    """A comparison of several parameters, as text: ``C * eps <= 1``."""

    def __init__(self, text: str) -> None:
        self.text = text
        tree = ast.fix_missing_locations(Forgiving().visit(ast.parse(text, "<domain>", "eval")))
        self._code = compile(tree, "<domain>", "eval")
        self.names = self._code.co_names

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it does; a side that cannot be computed, such as one that overflows, does not."""
        try:
            with np.errstate(**STRICT):
                return bool(eval(self._code, WORDS, dict(values)))
        except ArithmeticError:
            return False


class Domain:
    """What the parameters of one function may be, each alone and together."""

    def __init__(self, function: Callable[..., Any], conditions: tuple[str, ...]) -> None:
        self.name = function.__name__
        self.signature = inspect.signature(function)
        hints = get_type_hints(function, include_extras=True)
        self.infinite = "inf]" in str(hints.get("return"))
        self.parameters: dict[str, Kind] = {name: _kind(self.name, name, hints.get(name)) for name in self.signature.parameters}
        self.conditions = tuple(Condition(text) for text in conditions)
        for c in self.conditions:
            if strange := [n for n in c.names if n not in self.parameters and n not in WORDS]:
                raise TypeError(f"{self.name}: the condition {c.text!r} names {', '.join(strange)}")
        if not self.parameters:
            raise TypeError(f"{self.name}: a bound has parameters; a number is predicted in its chapter, with bounds.prediction")

    def read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name, as the formula wants them; ``ValueError`` for the first one outside, ``TypeError`` for one too few."""
        try:
            given = self.signature.bind(*args, **kwargs)
        except TypeError as e:
            raise TypeError(f"{self.name}: {e}") from None
        given.apply_defaults()
        lengths: dict[str, int] = {}
        values = {}
        for name, kind in self.parameters.items():
            try:
                values[name] = kind.read(given.arguments[name], lengths)
            except Outside as e:
                raise ValueError(f"{self.name}: {name} {e}") from None
        for c in self.conditions:
            if not c.holds(values):
                raise ValueError(f"{self.name}: {c.text} must hold, got {told(values, c.names)}")
        return values

    def finite(self, result: Any) -> bool:
        """Whether a value may be given back: never NaN, and infinity only where that is declared."""
        parts = result if isinstance(result, tuple) else (result,)
        return all(bool(np.isfinite(x).all() or (self.infinite and not np.isnan(x).any())) for x in parts)

    def __str__(self) -> str:
        return "; ".join([*(f"{name} {kind}" for name, kind in self.parameters.items()), *(c.text for c in self.conditions)])


def told(values: Mapping[str, Any], names: Any) -> str:
    """``C=0.8, eps=5``: those of the values that are named."""
    return ", ".join(f"{name}={shown(x)}" for name, x in values.items() if name in names)


def _kind(function: str, name: str, hint: Any) -> Kind:
    """What an annotation admits."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType) and len(args) == 2 and args[1] is type(None):
        return OrNone(_kind(function, name, args[0]))
    if origin is Literal:
        return Choice(args)
    if hint is str:
        return Label()
    if hint is bool:
        return Choice((False, True))
    if origin is Annotated and args[0] in (int, float):
        return Number(Interval(args[1]), whole=args[0] is int)
    if origin is Annotated:
        shape, _, interval = args[1].partition(" of ")
        return Array(shape, Interval(interval or "(-inf, inf)"))
    raise TypeError(f"{function}: the annotation of {name} declares no domain")


def bound(*conditions: str) -> Callable[[Function], Function]:
    """Make a function a right-hand side, defined on the domain that its annotations and the ``conditions`` declare.

    The docstring gets a last line that tells the domain; ``domain`` is an attribute of the function. Raises ``TypeError`` where a
    parameter has no domain, where there is none, or where a condition names something else.
    """

    def made(function: Function) -> Function:
        domain = Domain(function, conditions)

        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            values = domain.read(args, kwargs)
            try:
                with np.errstate(**STRICT):
                    result = function(**values)
            except ArithmeticError:
                result = math.nan
            if not domain.finite(result):
                raise NotFinite(f"{domain.name}: no finite value at {told(values, values)}")
            return result

        checked.__doc__ = f"{inspect.getdoc(function) or ''}\n\nDomain: {domain}."
        vars(checked)["domain"] = domain
        return checked  # type: ignore[return-value]

    return made


def is_bound(x: object) -> bool:
    """Whether something was made a right-hand side by :func:`bound`."""
    return inspect.isfunction(x) and "domain" in vars(x)
