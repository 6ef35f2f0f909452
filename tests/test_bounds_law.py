"""What holds for every right-hand side: it declares its domain, refuses by name what lies outside, and is finite inside."""

import importlib
import inspect
import math
import pkgutil
import re

import numpy as np
import pytest
from bounds_examples import EXAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

from qbc import bounds
from qbc.bounds import kinds
from qbc.bounds.domain import WORDS, is_bound

MACHINERY = ("domain", "kinds", "stable")
BOUNDS = {name: f for name, f in vars(bounds).items() if is_bound(f)}
each = pytest.mark.parametrize("name", sorted(BOUNDS))
NOT_A_NUMBER = ("x", None, [0.5], (0.5,), {}, True, 1j, np.array(0.5), np.array([0.1, 0.2]), math.nan, np.float64("nan"))
EXTREME = (0.0, -0.0, 5e-324, -5e-324, 1e-300, 1e-17, 1 - 2**-53, 1.0, 1 + 2**-52, 2.0, 1e17, 1e300, -1e300, math.inf, -math.inf)
COUNTS = (-(10**400), -1, 0, 1, 2, 3, 50, 10**6, 2**53, 2**53 + 1, 10**400)


def takes(kind):
    """The bounds that take an argument of a kind."""
    return pytest.mark.parametrize("name", sorted(n for n in BOUNDS if list(of(n, kind))))


def of(name, kind):
    """(parameter, what it may be) of every argument of a kind, also of one that may be None."""
    for parameter, k in BOUNDS[name].domain.parameters.items():
        k = k.kind if isinstance(k, kinds.OrNone) else k
        if isinstance(k, kind):
            yield parameter, k


def parts(value):
    return np.concatenate([np.ravel(x) for x in (value if isinstance(value, tuple) else (value,))]).astype(float)


def refuses(name, parameter, x):
    """The bound refuses its example with ``x`` in the place of one argument, and names it."""
    with pytest.raises(ValueError, match=f"^{name}: {parameter} must "):
        BOUNDS[name](**EXAMPLES[name] | {parameter: x})


def is_declared(name, arguments):
    """A finite value, or infinity where that is declared, or a refusal: never NaN, another exception or a warning."""
    f = BOUNDS[name]
    try:
        value = parts(f(**arguments))
    except ValueError as refused:
        if not re.fullmatch(rf"{name}: .*", str(refused)):
            raise
        return
    assert np.isfinite(value).all() or (f.domain.infinite and not np.isnan(value).any())


def test_every_public_function_of_a_chapter_is_a_bound():
    modules = [m.name for m in pkgutil.iter_modules(bounds.__path__) if m.name not in MACHINERY]
    assert len(modules) == 22
    for module in (importlib.import_module(f"qbc.bounds.{m}") for m in modules):
        own = {n: f for n, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__}
        assert [n for n, f in own.items() if not n.startswith("_") and not is_bound(f)] == []
        assert [n for n, f in own.items() if is_bound(f) and getattr(bounds, n, None) is not f] == []


def test_what_is_listed_are_the_bounds():
    assert dir(bounds) == sorted(BOUNDS)
    assert sorted(bounds.__all__) == sorted(BOUNDS)


# what moves each condition that admits equality to its end, from the example, and the other arguments there
ENDS = {
    "slope_left": [("variance", {})],
    "worst_twin_radius": [("r", {})],
    "decayed_radius": [("a", {})],
    "spread_radius": [("a", {}), ("eta_hidden", {"eta": 0.1})],
    "limit_stochastic": [("c", {})],
    "limit_stabilised": [("gain", {})],
    "mass_left": [("others", {})],
    "uniform_bridge": [("gap", {})],
    "blob_slope": [("s", {})],
    "sampled_slope": [("s", {})],
    "kl_cap": [("d", {})],
    "absolute_kl": [("m", {})],
    "mode_recall": [("m", {})],
    "blind_coverage": [("least", {})],
    "ring_blind": [("positions", {})],
    "drift_regret_leading": [("H", {})],
    "sharp_share": [("eps", {})],
    "offset_regret": [("C", {})],
    "largest_rest_gap": [("eps", {})],
    "parted_share": [("eps", {})],
    "tie_probability": [("rough", {})],
    "mean_return_leading": [("variance", {})],
    "firing": [("slope", {})],
    "sampler_within": [("bias", {})],
    "equal_cells_distance": [("width", {})],
    "zero_one_rate": [("distance", {})],
    "rest_loss": [("value", {"B": 0.5})],
    "trap_visit": [("A", {})],
    "bias_of_same_average": [("d", {})],
    "missing_label_regret": [("masses", {})],
    "rare_branch_limit": [("m", {})],
    "fresh_mistake": [("n", {}), ("m", {})],
    "tvc_share_used": [("slope", {"eps": 0.01})],
    "boundary_parting": [("slope", {"eps": 1.0, "tilt": -0.5})],
    "dithered_firing": [("slope", {})],
    "rounded_rms": [("on_edges", {})],
}


def admits(condition):
    """Of numbers: the entries of arrays are compared as they are."""
    return re.search("^(?!all).*[<>]=", condition.text)


def as_read(arguments):
    return {p: np.array(v) if isinstance(v, list) else v for p, v in arguments.items()}


def test_every_condition_that_admits_equality_has_an_end():
    assert {n: len(e) for n, e in ENDS.items()} == {
        n: k for n, f in BOUNDS.items() if (k := len([*filter(admits, f.domain.conditions)]))
    }


@pytest.mark.parametrize("name", ENDS)
def test_at_equality_there_is_a_value_also_where_rounding_passes_it_and_beyond_there_is_none(name):
    """The end is found by bisection of a factor; both sides differ there by a billionth, or by one where they are whole."""
    f = BOUNDS[name]
    for condition, (parameter, others) in zip(filter(admits, f.domain.conditions), ENDS[name], strict=True):
        base = {p: v.default for p, v in inspect.signature(f).parameters.items() if v.default is not inspect.Parameter.empty}
        base |= EXAMPLES[name] | others
        whole = isinstance(base[parameter], int)

        def at(factor, base=base, parameter=parameter, whole=whole):
            x = np.multiply(base[parameter], factor)
            return base | {parameter: x if np.ndim(x) else round(x) if whole else float(x)}

        def holds(factor, at=at, condition=condition):
            return condition.holds(as_read(at(factor)))

        inside, beyond = 1.0, next(k for k in (2.0**j for j in range(60)) if not holds(k))
        while beyond - inside > 4e-16 * beyond and (not whole or at(beyond)[parameter] - at(inside)[parameter] > 1):
            middle = (inside + beyond) / 2
            inside, beyond = (middle, beyond) if holds(middle) else (inside, middle)
        assert np.isfinite(parts(f(**at(inside)))).all()
        with pytest.raises(ValueError, match=f"^{name}: {re.escape(condition.text)} must hold"):
            f(**at(beyond))
        if not whole:
            sides = [eval(s, WORDS, as_read(at(inside))) for s in re.split("[<>]=", condition.text)]
            assert sides[0] == pytest.approx(sides[1], rel=2e-9)
            assert sides[0] != sides[1]


def test_every_bound_has_an_example():
    assert set(EXAMPLES) == set(BOUNDS)


@each
def test_an_example_is_inside_and_its_value_is_plain(name):
    value = BOUNDS[name](**EXAMPLES[name])
    assert np.isfinite(parts(value)).all() or BOUNDS[name].domain.infinite
    assert isinstance(value, float | int | tuple | np.ndarray)
    assert not isinstance(value, np.generic)


@each
def test_a_docstring_tells_what_whose_and_where(name):
    doc = inspect.getdoc(BOUNDS[name])
    what, _, domain = doc.rpartition("\n\n")
    assert domain == f"Domain: {BOUNDS[name].domain}."
    if name != "prediction":
        assert len(re.findall(r"^(?:.*\. )?(Labels|Helps): [\w-]+(?:, [\w-]+)*\. Source: .", what, re.M)) == 1, what


def test_what_a_helper_helps_is_the_label_of_another():
    labels = {x for f in BOUNDS.values() for x in re.findall(r"[\w-]+", "".join(re.findall(r"Labels: ([^.]+)\.", inspect.getdoc(f))))}
    helped = {x for f in BOUNDS.values() for x in re.findall(r"Helps: ([\w-]+)\.", inspect.getdoc(f))}
    assert helped
    assert helped <= labels


@takes(kinds.Number)
def test_what_is_no_number_or_just_outside_is_refused_by_name(name):
    for parameter, kind in of(name, kinds.Number):
        optional = isinstance(BOUNDS[name].domain.parameters[parameter], kinds.OrNone)
        for x in NOT_A_NUMBER + ((2.5, 2.0, 1e300, np.float64(3)) if kind.whole else ()):
            if x is not None or not optional:
                refuses(name, parameter, x)
        i = kind.interval
        for end, inside, away in ((i.low, i.low_in, -1), (i.high, i.high_in, 1)):
            if kind.whole and math.isfinite(end):
                refuses(name, parameter, int(end) + inside * away)
            elif not (math.isinf(end) and inside):
                refuses(name, parameter, math.nextafter(end, away * math.inf) if inside else end)


@takes(kinds.Number)
def test_at_an_extreme_of_one_argument_a_value_is_finite_or_refused(name):
    for parameter, kind in of(name, kinds.Number):
        low, high = kind.interval.low, kind.interval.high
        ends = (math.nextafter(low, math.inf), low, high, math.nextafter(high, -math.inf))
        for x in COUNTS if kind.whole else EXTREME + ends:
            is_declared(name, EXAMPLES[name] | {parameter: x})


@takes(kinds.Array)
def test_what_is_no_array_of_that_shape_is_refused_by_name(name):
    for parameter, _ in of(name, kinds.Array):
        a = np.array(EXAMPLES[name][parameter], dtype=float)
        for x in ("x", None, 1.0, [], a[None], a.astype(complex), a * math.nan, a + math.inf, ["x"] * len(a), {"a": 1}):
            refuses(name, parameter, x)
        for x in (a * 0, a * 1e300, -a, a[:1], a + 1e-300):
            is_declared(name, EXAMPLES[name] | {parameter: x})


@takes(kinds.Choice)
def test_what_is_not_in_a_list_is_refused_by_name(name):
    for parameter, _ in of(name, kinds.Choice):
        for x in ("no such", 17, 1.0, None, math.nan, [], np.ones(2)):
            refuses(name, parameter, x)


def drawn(kind, example):
    """Arguments inside their own interval, many of them extreme."""
    if isinstance(kind, kinds.OrNone):
        return st.none() | drawn(kind.kind, example)
    if isinstance(kind, kinds.Number):
        low, high = kind.interval.low, kind.interval.high
        if kind.whole:
            return st.integers(int(low), int(min(high, low + 60)))
        ends = dict(min_value=max(low, -1e308), max_value=min(high, 1e308), exclude_min=not kind.interval.low_in and low > -math.inf)
        wide = st.floats(**ends, exclude_max=not kind.interval.high_in and high < math.inf)
        near = st.floats(0.5, 1.5).map(lambda r: r * example).filter(lambda x: x in kind.interval) if example else wide
        return near | wide
    return st.just(example)


@each
@settings(max_examples=20)
@given(data=st.data())
def test_wherever_the_arguments_are_a_value_is_finite_or_refused(name, data):
    f, example = BOUNDS[name], EXAMPLES[name]
    defaults = {p: v.default for p, v in inspect.signature(f).parameters.items() if v.default is not inspect.Parameter.empty}
    given_ = {p: data.draw(drawn(k, (defaults | example)[p]), p) for p, k in f.domain.parameters.items()}
    is_declared(name, given_)
