"""The decorator that makes a function a right-hand side: what it reads, what it refuses and what it says."""

import inspect
import math
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import pytest
from numpy.typing import ArrayLike

from qbc import bounds
from qbc.bounds.domain import Count, Finite, NonNegative, Positive, Rate, Share, bound, is_bound
from qbc.bounds.kinds import Array, Interval


@bound("C * eps <= 1")
def regret(H: Count, eps: Share = 0.5, *, C: Positive = 1.0):
    """C eps H.

    Labels: none.
    """
    return C * eps * H


@bound("sum(law) == 1")
def weighed(
    law: Annotated[ArrayLike, "(n,) of [0, 1]"], values: Annotated[ArrayLike, "(n, k)"], edges: Annotated[ArrayLike, "(n + 1,)"]
):
    """Values weighed by a law."""
    return law @ values + edges[-1]


@bound()
def played(kind: Literal["mean", "mode"], xi: Literal[1, -1], sure: bool, share: Share | None = None):
    """One of each kind."""
    assert (type(kind), type(xi), type(sure)) == (str, int, bool)
    return xi if share is None else share


@bound("is_covariance(S)")
def total(S: Annotated[ArrayLike, "(d, d)"]):
    """Its trace."""
    return S.trace()


@bound()
def power(x: Finite, n: Annotated[float, "[1, inf]"]) -> Annotated[float, "[0, inf]"]:
    """x^n, infinite where that is too large."""
    return math.inf if n == math.inf else x**n


@bound()
def inverse(x: NonNegative) -> float:
    """1 / x."""
    return 1 / x


@bound("a != 3 * b")
def compared(a: Finite, b: Finite):
    return a


def test_what_is_equal_up_to_rounding_is_no_other_number():
    assert compared(0.3, 0.2) == 0.3
    with pytest.raises(ValueError, match=r"a != 3 \* b must hold"):
        compared(0.1 * 3, 0.1 + 1e-12)


def test_the_formula_gets_floats_whole_numbers_and_arrays():
    seen = []

    @bound()
    def look(n: Count, x: Finite, v: Annotated[ArrayLike, "(n,)"]):
        """Nothing."""
        seen.extend((type(n), type(x), type(v), v.dtype))
        return 0

    look(np.int64(3), np.float32(2), [1, 2])
    look(3, Fraction(1, 2), (1.0, 2.0))
    assert seen == [int, float, np.ndarray, float] * 2


def test_arguments_are_bound_as_python_does():
    assert regret(10, C=2) == regret(H=10, eps=0.5, C=2.0) == 10
    with pytest.raises(TypeError, match=r"^regret: missing a required argument: 'H'"):
        regret()
    with pytest.raises(TypeError, match=r"^regret: got an unexpected keyword argument 'D'"):
        regret(10, D=1)


ONE = np.ones((2, 1))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: regret(10, 1.5), "regret: eps must lie in [0, 1], got 1.5"),
        (lambda: regret(10, math.nan), "regret: eps must lie in [0, 1], got nan"),
        (lambda: regret(10, np.float64(-0.1)), "regret: eps must lie in [0, 1], got -0.1"),
        (lambda: regret(10, C=math.inf), "regret: C must lie in (0, inf), got inf"),
        (lambda: regret(10, C=0), "regret: C must lie in (0, inf), got 0"),
        (lambda: regret(10, 10**400), "regret: eps must lie in [0, 1], got 1" + "0" * 17 + "..." + "0" * 19),
        (lambda: regret(0), "regret: H must lie in [1, inf), got 0"),
        (lambda: regret(2.0), "regret: H must be a whole number in [1, inf), got 2.0"),
        (lambda: regret(True), "regret: H must be a whole number in [1, inf), got True"),
        (lambda: regret(2**53 + 1), "regret: H must be at most 2**53, got 9007199254740993"),
        (lambda: regret(10, "x"), "regret: eps must be a real number in [0, 1], got 'x'"),
        (lambda: regret(10, None), "regret: eps must be a real number in [0, 1], got None"),
        (lambda: regret(10, np.array([0.1, 0.2])), "regret: eps must be a real number in [0, 1], got an array of shape (2,)"),
        (lambda: regret(10, np.array(0.1)), "regret: eps must be a real number in [0, 1], got an array of shape ()"),
        (lambda: regret(10, 1, C=2), "regret: C * eps <= 1 must hold, got eps=1.0, C=2.0"),
        (lambda: regret(2, -1, C=-1), "regret: eps must lie in [0, 1], got -1"),  # the first one
        (lambda: regret(10, 1, C=1.00000001), "regret: C * eps <= 1 must hold, got eps=1.0, C=1.00000001"),
        (lambda: regret(10, 1 + 2**-52), "regret: eps must lie in [0, 1], got 1.0000000000000002"),
        (lambda: weighed([0.5, 0.6], ONE, [0] * 3), "weighed: sum(law) == 1 must hold, got law=an array of shape (2,)"),
        (lambda: weighed([0.5, 1.6], ONE, [0, 0, 1]), "weighed: law must have its entries in [0, 1], got 1.6 at [1]"),
        (lambda: weighed([0.5, math.nan], ONE, [0, 0, 1]), "weighed: law must have its entries in [0, 1], got nan at [1]"),
        (lambda: weighed([], ONE, [0, 0, 1]), "weighed: law must have the shape (n,), got []"),
        (lambda: weighed(1.0, ONE, [0, 0, 1]), "weighed: law must have the shape (n,), got 1.0"),
        (lambda: weighed([[1], [1, 2]], 1, 1), "weighed: law must be an array of numbers of shape (n,), got [[1], [1, 2]]"),
        (lambda: weighed("x", 1, 1), "weighed: law must be an array of numbers of shape (n,), got 'x'"),
        (lambda: weighed([1, 0], [[1]], 1), "weighed: values must have the shape (n, k) with n = 2, got [[1]]"),
        (lambda: weighed([1, 0], ONE, [1, 1]), "weighed: edges must have the shape (n + 1,) with n = 2, got [1, 1]"),
        (lambda: weighed([1, 0], ONE * np.inf, 1), "weighed: values must have its entries in (-inf, inf), got inf at [0, 0]"),
        (lambda: played("median", 1, True), "played: kind must be 'mean' or 'mode', got 'median'"),
        (lambda: played("mean", 2, True), "played: xi must be 1 or -1, got 2"),
        (lambda: played("mean", True, True), "played: xi must be 1 or -1, got True"),
        (lambda: played("mean", 1.0, True), "played: xi must be 1 or -1, got 1.0"),
        (lambda: played("mean", np.ones(2), True), "played: xi must be 1 or -1, got an array of shape (2,)"),
        (lambda: played("mean", 1, 1), "played: sure must be False or True, got 1"),
        (lambda: played("mean", 1, True, 2), "played: share must lie in [0, 1], got 2"),
        (lambda: total([[1, 2], [0, 1]]), "total: is_covariance(S) must hold, got S=an array of shape (2, 2)"),
        (lambda: total([[-1.0]]), "total: is_covariance(S) must hold, got S=an array of shape (1, 1)"),
        (lambda: total([[1, 2]]), "total: S must have the shape (d, d), got [[1, 2]]"),
        (lambda: power(10, 400), "power: no finite value at x=10.0, n=400.0"),
        (lambda: inverse(0), "inverse: no finite value at x=0.0"),
        (lambda: bounds.prediction("prop-x", math.inf), "prediction: value must lie in (-inf, inf), got inf"),
        (lambda: bounds.prediction("", 1), "prediction: label must be a label like prop-horizon, got ''"),
        (lambda: bounds.prediction("no such label", 1), "prediction: label must be a label like prop-horizon, got 'no such label'"),
        (lambda: bounds.prediction(3, 1), "prediction: label must be a label like prop-horizon, got 3"),
    ],
)  # fmt: skip
def test_what_lies_outside_is_refused_in_one_line(call, said):
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        call()
    assert str(refused.value) == said


def test_what_lies_inside_is_computed():
    assert regret(np.int64(3), 1, C=1) == 3
    assert regret(2**53, 0) == 0
    np.testing.assert_array_equal(weighed([0.5, 0.5], [[1, 2], [3, 4]], [0, 1, 2]), [4, 5])
    assert played("mode", np.int64(-1), np.bool_(False)) == -1
    assert played("mean", 1, True, 0.5) == 0.5
    assert total([[2, 1], [1, 2]]) == 4
    assert total(np.ones((3, 3))) == 3  # its least eigenvalue is 0
    assert power(10, math.inf) == math.inf
    assert bounds.prediction("prop-x", 3) == 3.0


@bound("0 <= y - x <= 1", "n <= m", "x + y == 1")
def chained(x: Finite, y: Finite, n: Count, m: Count):
    """Nothing."""
    return 0


def test_a_condition_that_admits_equality_admits_rounding_of_what_is_rounded():
    assert chained(0.0, 1.0, 3, 3) == 0
    assert chained(-0.1 * 3 + 0.3, 1 + 1e-12, 1, 2) == 0
    for x, y, n, m, said in ((0.0, 1 + 1e-8, 1, 1, "0 <= y - x"), (0.4, 0.61, 1, 1, "x [+] y"), (0.0, 1.0, 2**53, 2**53 - 1, "n <= m")):
        with pytest.raises(ValueError, match=f"^chained: {said}"):
            chained(x, y, n, m)
    assert regret(3, 1, C=1 + 1e-10) == 3 * (1 + 1e-10)


def test_the_docstring_tells_the_same_domain():
    assert inspect.getdoc(regret).endswith(
        "\n\nLabels: none.\n\nDomain: H whole in [1, inf); eps in [0, 1]; C in (0, inf); C * eps <= 1."
    )
    assert weighed.__doc__.endswith("law of shape (n,), entries in [0, 1]; values of shape (n, k), entries in (-inf, inf); "
                                    "edges of shape (n + 1,), entries in (-inf, inf); sum(law) == 1.")  # fmt: skip
    assert played.__doc__.endswith("kind 'mean' or 'mode'; xi 1 or -1; sure False or True; share in [0, 1], or None.")
    assert regret.__name__ == "regret"
    assert list(inspect.signature(regret).parameters) == ["H", "eps", "C"]
    assert is_bound(regret)
    assert not is_bound(test_the_docstring_tells_the_same_domain)
    assert not is_bound(inspect.unwrap(regret))


@pytest.mark.parametrize(("text", "within", "outside"), [
    ("[0, 1)", (0, 0.5), (1, -1e-300, math.nan)),
    ("(0, 2/3]", (1e-300, 2 / 3), (0, math.nextafter(2 / 3, 1))),
    ("[1, inf]", (1, math.inf), (-math.inf, math.nan)),
    ("(-inf, sqrt(2))", (-1e300, 1.4142), (-math.inf, 1.42)),
    ("[log(2), pi]", (math.log(2), math.pi), (0.69, 3.15)),
])  # fmt: skip
def test_an_interval_has_its_square_ends_only(text, within, outside):
    assert all(x in Interval(text) for x in within)
    assert not any(x in Interval(text) for x in outside)


@pytest.mark.parametrize("text", ["0, 1", "[0; 1]", "[1, 0]", "[0,1]", ""])
def test_an_interval_that_is_none_is_refused(text):
    with pytest.raises(TypeError, match=r"interval"):
        Interval(text)


@pytest.mark.parametrize("shape", ["n", "()", "(n + k,)", "(n - 1,)"])
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(TypeError, match="shape is written like"):
        Array(shape, Interval("[0, 1]"))


def bare(x):
    """No domain."""


def plain(x: float):
    """No domain."""


def constant():
    """A number in disguise."""


def single(x: Rate):
    """A rate."""


@pytest.mark.parametrize(("conditions", "function", "said"), [
    ((), bare, "bare: the annotation of x declares no domain"),
    ((), plain, "plain: the annotation of x declares no domain"),
    ((), constant, "constant: a bound has parameters; a number is predicted in its chapter"),
    (("x <= y",), single, "single: the condition 'x <= y' names y"),
])  # fmt: skip
def test_a_function_without_a_domain_is_no_bound(conditions, function, said):
    with pytest.raises(TypeError, match=said):
        bound(*conditions)(function)
