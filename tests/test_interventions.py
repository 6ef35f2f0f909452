"""The interventions reach everything in qbc that learns, moves, rounds or bounds: whatever is new and out of reach is named here."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import qbc
from qbc import bounds, learn, quantizers, tokenizers
from qbc.bounds.domain import Count, bound, is_bound
from qbc.interventions import NAMES, apply, swaps
from qbc.pipeline.chapters import find
from qbc.quantizers import PerCoordinate, Quantizer

REPORT = ("diagnose",)  # on the data of others; what learns in it are tokenizers and their head
NOT_IN_A_CHAPTER = ("qbc.pipeline", "qbc.cli", *(f"qbc.{room}" for room in REPORT))
SCIENCE = [m.name for m in pkgutil.walk_packages(qbc.__path__, "qbc.") if not m.name.startswith(NOT_IN_A_CHAPTER)]
MODULES = [importlib.import_module(n) for n in SCIENCE if not n.startswith("qbc.interventions")]
LOOPS = {"qbc.learn.device:minimise", "qbc.learn.sgd:stream_networks"}  # the two that train networks
THROUGH = {"qbc.tokenizers.kinds.steps:Steps._fit"}  # calls qbc.quantizers' fit, which is reached itself
DERIVATIVES = {  # differentiate and change nothing
    "qbc.learn.networks:Networks.jacobian",
    "qbc.learn.token_means:TokenMeans.jacobians",
    "qbc.learn.token_means:_fisher",
    "qbc.learn.token_means:curvature_along",
}


def targets(intervention):
    return {s.target for s in swaps() if s.intervention == intervention}


def name(function):
    return f"{function.__module__}:{function.__qualname__}"


@cache
def functions():
    """(module:qualified name, syntax tree) of every function and method of qbc that is not inside another."""
    return list(_functions())


def _functions():
    for module in MODULES:
        for node in ast.parse(Path(module.__file__).read_text("utf8")).body:
            inner = node.body if isinstance(node, ast.ClassDef) else [node]
            prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            yield from ((f"{module.__name__}:{prefix}{f.name}", f) for f in inner if isinstance(f, ast.FunctionDef))


def calls(tree):
    """The last names of everything that is called in a piece of code."""
    found = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in found}


def descends(tree):
    """Whether a piece of code asks for a gradient or for an optimiser."""
    return bool(calls(tree) & {"backward", "grad"}) or any(getattr(n, "attr", "") == "optim" for n in ast.walk(tree))


def learners():
    """Every public function that learns from data."""
    named = [getattr(learn, n) for n in learn.__all__ if n.startswith(("fit_", "stream_")) or n in ("descend", "train")]
    fits = [f for f in vars(quantizers).values() if inspect.isfunction(f) and next(iter(inspect.signature(f).parameters)) == "u"]
    library = {n for n, tree in functions() if calls(tree) & {"fit", "lstsq"}} - THROUGH  # scikit-learn's and numpy's fits
    return (
        {name(f) for f in [*named, *fits, tokenizers.fit, tokenizers.modelability]}
        | library
        | {"qbc.families:most_likely", "qbc.families:frequency"}
    )


def movers():
    """Every method or function that gives the next state: of plants, finite MDPs and tasks."""
    found = {"qbc.tasks.law:exact_law", "qbc.systems:steps"}
    for cls in {c for m in MODULES for c in vars(m).values() if inspect.isclass(c) and c.__module__.startswith("qbc.")}:
        if {"f", "transition"} & set(getattr(cls, "__dataclass_fields__", ())):
            found.add(f"{name(cls)}.__post_init__")
        found |= {f"{name(cls)}.{way}" for way in ("replay", "follow", "step") if way in vars(cls)}
    return found


def below(cls):
    """The class and all below it, in qbc."""
    return [cls] + [k for c in cls.__subclasses__() if c.__module__.startswith("qbc.") for k in below(c)]


def kinds():
    """Every quantizer: of one coordinate, and of several."""
    return [*below(Quantizer), *below(PerCoordinate)]


def tokenizing():
    """encode and decode of every tokenizer, each where it is defined."""
    return {name(getattr(c, way)) for c in below(tokenizers.Tokenizer) for way in ("encode", "decode")}


def rounders():
    """__call__, encode and decode of every quantizer, each where it is defined."""
    found = {getattr(c, way) for c in kinds() for way in ("__call__", "encode", "decode")}
    return {name(f) for f in found if not getattr(f, "__isabstractmethod__", False)}


def missing():
    """(intervention, what it should reach and does not)."""
    sides = {f"qbc.bounds:{n}" for n, f in vars(bounds).items() if is_bound(f)}  # so is every function of a chapter: test_bounds_law.py
    loops = {n for n, tree in functions() if descends(tree)} - DERIVATIVES
    wanted = [("fit", learners()), ("less", learners()), ("effort", loops), ("rollout", movers())]
    wanted += [("quantizer", rounders() | tokenizing()), ("bound-low", sides), ("bound-high", sides)]
    return sorted((which, target) for which, all_ in wanted for target in all_ - targets(which))


def test_everything_that_learns_moves_rounds_or_bounds_is_reached():
    assert missing() == []


def test_one_chapter_uses_the_report():
    """Its own fits, of loops and neighbours, are out of reach: no other chapter and no other part of qbc uses it."""
    package = Path(qbc.__path__[0])
    sources = [*package.rglob("*.py"), *(package.parent / "book").glob("*.md")]
    named = re.compile(r"(qbc\.|import .*\b)({})\b".format("|".join(REPORT)))
    users = [p.relative_to(package.parent) for p in sources if named.search(p.read_text("utf8"))]
    assert {str(p) for p in users if not set(p.parts) & set(REPORT)} == {"qbc/cli.py", "book/16-diagnose.md"}


def test_networks_are_trained_in_two_places_only():
    assert {n for n, tree in functions() if descends(tree)} == LOOPS | DERIVATIVES
    assert targets("effort") == LOOPS
    changing = {"sub_", "add_", "copy_", "lerp_", "step", "mul_"}
    assert [n for n, tree in functions() if n in DERIVATIVES and calls(tree) & changing] == []


def test_every_fit_of_a_network_passes_through_them():
    made = {"Ensemble", "network"}  # `Data.network` makes one of the shape of a fit
    trained = {n for n, tree in functions() if calls(tree) & made and n.split(":")[1].lstrip("_").startswith("fit")}
    assert [n for n, tree in functions() if n in trained and not calls(tree) & {"minimise", "train"}] == []
    assert len(trained) >= 8


# --- what is new is missed


def test_a_new_learner_is_missed(monkeypatch):
    def fit_new(x, u):
        return u.mean()

    monkeypatch.setattr(learn, "fit_new", fit_new, raising=False)
    monkeypatch.setattr(learn, "__all__", [*learn.__all__, "fit_new"])
    assert set(missing()) == {("fit", name(fit_new)), ("less", name(fit_new))}


def test_a_new_fit_of_a_quantizer_is_missed(monkeypatch):
    def fit_new(u, n_codes):
        return u.mean()

    monkeypatch.setattr(quantizers, "fit_new", fit_new, raising=False)
    assert set(missing()) == {("fit", name(fit_new)), ("less", name(fit_new))}


def test_a_new_stream_is_missed(monkeypatch):
    def stream_new(batches, *, lr, steps):
        return lr

    monkeypatch.setattr(learn, "stream_new", stream_new, raising=False)
    monkeypatch.setattr(learn, "__all__", [*learn.__all__, "stream_new"])
    assert set(missing()) == {(which, name(stream_new)) for which in ("fit", "less")}


def test_a_new_bound_needs_no_swap_of_its_own(monkeypatch):
    def new_floor(n: Count):
        """1 / n."""
        return 1 / n

    before = {w: targets(w) for w in ("bound-low", "bound-high")}
    monkeypatch.setattr(bounds, "new_floor", new_floor, raising=False)
    assert {w: targets(w) for w in before} == before  # a function that declares no domain is none
    monkeypatch.setattr(bounds, "new_floor", bound()(new_floor))
    assert {w: targets(w) - before[w] for w in before} == {w: {"qbc.bounds:new_floor"} for w in before}
    assert missing() == []


@pytest.mark.parametrize("kind", [Quantizer, PerCoordinate])
@pytest.mark.parametrize("way", ["encode", "decode", "__call__"])
def test_a_new_quantizer_is_missed(monkeypatch, way, kind):
    def own(self, u, rng=None):
        return u

    every = kinds()
    monkeypatch.setattr(sys.modules[__name__], "kinds", lambda: [*every, type("New", (kind,), {way: own})])
    assert set(missing()) == {("quantizer", name(own))}


def test_a_new_plant_is_missed(monkeypatch):
    new = type("Chain", (), {"__module__": "qbc.finite", "step": lambda self, x: x, "__dataclass_fields__": {"transition": None}})
    monkeypatch.setattr(qbc.finite, "Chain", new, raising=False)
    assert {("rollout", "qbc.finite:Chain.step"), ("rollout", "qbc.finite:Chain.__post_init__")} <= set(missing())


# --- names


def test_every_swap_names_an_intervention_and_something_that_is_there():
    for swap in swaps():
        module, _, path = swap.target.partition(":")
        owner = importlib.import_module(module)
        for part in path.split("."):
            owner = getattr(owner, part)
        assert callable(owner)
        assert swap.intervention in set(NAMES) - {"none", "data"}


def test_the_pipeline_knows_the_same_interventions():
    from qbc.pipeline.evidence import INTERVENTIONS

    assert {"none", *INTERVENTIONS} == set(NAMES)


def test_an_unknown_intervention_is_refused():
    with pytest.raises(ValueError, match="no intervention 'fits'; there are none, data, fit"):
        apply("fits")


def test_chapters_reach_bounds_by_the_name_that_is_swapped(top):
    for chapter in find(top):
        assert "from qbc.bounds" not in chapter.text.read_text("utf8"), chapter.stem


def test_data_are_swapped_where_functions_name_them():
    from qbc.interventions.learners import DATA

    for target, data in DATA.items():
        module, _, function = target.partition(":")
        assert set(data) <= set(inspect.signature(getattr(importlib.import_module(module), function)).parameters)
    assert np.isin(list(DATA), list(learners())).all()
