"""The kinds of arguments that a right-hand side takes: numbers of an interval, arrays of them, one of a list, or nothing.

Each reads a value as a formula wants it, or raises :class:`Outside` with what it must do: "lie in [0, 1]", "have the shape (n,)".
"""

from __future__ import annotations

import math
import operator
import re
import reprlib
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

COUNTABLE = 2**53  # the whole numbers up to here are floats


def shown(x: object) -> str:
    """A value in an error message: floats to the last digit, numpy's numbers like Python's, of an array its shape."""
    if isinstance(x, np.ndarray):
        return f"an array of shape {x.shape}"
    if isinstance(x, float | np.floating):
        return repr(float(x))
    return reprlib.repr(x.item() if isinstance(x, np.generic) else x)


class Outside(Exception):
    """An argument that is not what it must be, and what was got in its place."""

    def __init__(self, must: str, got: str) -> None:
        super().__init__(f"must {must}, got {got}")


class Kind(Protocol):
    """What an argument may be; ``str`` of it goes on after the name of the parameter."""

    def read(self, x: Any, lengths: dict[str, int]) -> Any:
        """The value for the formula. ``lengths`` holds the letters of the arrays read before, and gets those of this one."""


class Interval:
    """The numbers of ``(0, 2/3]``: round ends are open, square ones closed; an end is a quotient, a root, a logarithm or infinite."""

    def __init__(self, text: str) -> None:
        form = re.fullmatch(r"([\[(])([^,]+), ([^,]+)([\])])", text)
        if not form:
            raise TypeError(f"an interval is written like '[0, 1)', not {text!r}")
        words = {"__builtins__": {}, "inf": math.inf, "sqrt": math.sqrt, "log": math.log, "pi": math.pi}
        self.low, self.high = (float(eval(form[k], words)) for k in (2, 3))
        self.text, self.low_in, self.high_in = text, form[1] == "[", form[4] == "]"
        if not self.low < self.high:
            raise TypeError(f"the interval {text} is empty")

    def __contains__(self, x: float) -> bool:
        above = x >= self.low if self.low_in else x > self.low
        return above and (x <= self.high if self.high_in else x < self.high)

    def __str__(self) -> str:
        return self.text


class Number:
    """A real number of an interval, or a whole one; numpy's scalars are welcome, bools and arrays are not."""

    def __init__(self, interval: Interval, *, whole: bool) -> None:
        self.interval, self.whole = interval, whole

    def read(self, x: Any, lengths: dict[str, int]) -> float:
        if isinstance(x, bool) or not isinstance(x, Integral if self.whole else Real):
            raise Outside(f"be a {'whole' if self.whole else 'real'} number in {self.interval}", shown(x))
        try:
            value = operator.index(x) if isinstance(x, Integral) and self.whole else float(x)
        except OverflowError:  # an int with more than 308 digits
            raise Outside(f"lie in {self.interval}", shown(x)) from None
        if value not in self.interval:
            raise Outside(f"lie in {self.interval}", shown(x))
        if self.whole and abs(value) > COUNTABLE:
            raise Outside("be at most 2**53", shown(x))
        return value

    def __str__(self) -> str:
        return f"whole in {self.interval}" if self.whole else f"in {self.interval}"


class Array:
    """An array of floats of a shape like ``(n + 1, 2)``, whose entries lie in an interval; a letter is any length >= 1."""

    def __init__(self, shape: str, interval: Interval) -> None:
        self.shape, self.interval = shape, interval
        self.axes = [re.fullmatch(r"([a-zA-Z]?)(?: \+ )?(\d*)", axis.strip()) for axis in shape.strip("()").split(",") if axis.strip()]
        if not re.fullmatch(r"\(.*\)", shape) or not self.axes or None in self.axes:
            raise TypeError(f"a shape is written like '(n,)' or '(n + 1, 2)', not {shape!r}")

    def read(self, x: Any, lengths: dict[str, int]) -> NDArray[np.float64]:
        try:
            raw = np.asarray(x)
            value = raw.astype(float) if raw.dtype.kind in "iuf" else None
        except ValueError:  # of lists of different lengths
            value = None
        if value is None:
            raise Outside(f"be an array of numbers of shape {self.shape}", shown(x))
        if not self._fits(value.shape, lengths):
            known = ", ".join(f"{k} = {n}" for k, n in lengths.items() if k in self.shape)
            raise Outside(f"have the shape {self.shape}" + (f" with {known}" if known else ""), shown(x))
        for where, entry in np.ndenumerate(value):
            if float(entry) not in self.interval:
                raise Outside(f"have its entries in {self.interval}", f"{shown(entry)} at {list(where)}")
        return value

    def _fits(self, shape: tuple[int, ...], lengths: dict[str, int]) -> bool:
        if len(shape) != len(self.axes):
            return False
        found = dict(lengths)
        for size, axis in zip(shape, self.axes, strict=True):
            assert axis is not None
            letter, plus = axis[1], int(axis[2] or 0)
            if not (found.setdefault(letter, size - plus) == size - plus >= 1 if letter else size == plus):
                return False
        lengths.update(found)
        return True

    def __str__(self) -> str:
        return f"of shape {self.shape}, entries in {self.interval}"


class Choice:
    """One of a list of words or whole numbers."""

    def __init__(self, choices: Sequence[Any]) -> None:
        self.choices = tuple(choices)

    def read(self, x: Any, lengths: dict[str, int]) -> Any:
        value = x.item() if isinstance(x, np.generic) else x
        for c in self.choices:
            if type(value) is type(c) and value == c:
                return c
        raise Outside(f"be {self._listed()}", shown(x))

    def _listed(self) -> str:
        return " or ".join(repr(c) for c in self.choices)

    def __str__(self) -> str:
        return self._listed()


class Label:
    """The label of a statement, ``prop-horizon``."""

    def read(self, x: Any, lengths: dict[str, int]) -> str:
        if not isinstance(x, str) or not re.fullmatch("[a-z]+(-[a-z0-9]+)+", x):
            raise Outside("be a label like prop-horizon", shown(x))
        return str(x)

    def __str__(self) -> str:
        return "a label"


class OrNone:
    """Another kind, or None."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def read(self, x: Any, lengths: dict[str, int]) -> Any:
        return None if x is None else self.kind.read(x, lengths)

    def __str__(self) -> str:
        return f"{self.kind}, or None"
