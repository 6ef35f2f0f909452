"""``fit``, ``less`` and ``effort``: learners that ignore their data, see a tenth of it, or are trained four times as long."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qbc.interventions.rows import SHARE, enough_rows, few_samples
from qbc.interventions.swaps import Function, Swap

Array = NDArray[Any]
EFFORT = 4
RNG = np.random.default_rng(0)
_within: list[bool] = []  # not empty while a learner that sees a tenth is at work

# What learns from a ``Demonstrations``, its first argument.
DEMONSTRATIONS = (
    "qbc.learn.autoencoders:fit_autoencoders",
    "qbc.learn.autoregressive:fit_tokens",
    "qbc.learn.codes:fit_codebook",
    "qbc.learn.codes:fit_prototypes",
    "qbc.learn.mixture:fit_mixture",
    "qbc.learn.regression:fit_regression",
    "qbc.learn.samplers:fit_denoiser",
    "qbc.learn.samplers:fit_flow",
)
# What learns from arrays: argument -> the axis of its samples; the last one named is what it learns to predict.
DATA: dict[str, dict[str, int]] = {
    "qbc.learn.bernoulli:fit_bernoulli": {"x": 0, "u": 0},
    "qbc.learn.estimators:fit_estimator": {"x": 0, "y": 0},
    "qbc.learn.linear:descend": {"x": 0, "u": 0},
    "qbc.learn.linear:fit_linear": {"x": 0, "u": 0},
    "qbc.learn.lipschitz:fit_lipschitz": {"u": 0},
    "qbc.learn.softmax:fit_softmax": {"x": 0, "codes": 0},
    "qbc.quantizers.fits:fit_mu_law": {"u": 0},
    "qbc.quantizers.fits:fit_openvla": {"u": 0},
    "qbc.quantizers.fits:fit_uniform": {"u": 0},
    "qbc.quantizers.fits:kmeans": {"u": 0},
    "qbc.quantizers.fits:quantile": {"u": 0},
    "qbc.quantizers.residual:fit_residual": {"u": 0},
    "qbc.quantizers.vector:fit": {"u": 0},
    "qbc.tasks.blind:mode_blind": {"chunks": 0},
}
LINEAR = ("qbc.learn.bernoulli:fit_bernoulli", "qbc.learn.linear:descend", "qbc.learn.linear:fit_linear")
NETWORKS = "qbc.learn.device:minimise"  # the one loop that trains networks
STREAMS = ("qbc.learn.sgd:stream_gains", "qbc.learn.sgd:stream_networks")
TRAINED = (NETWORKS, "qbc.learn.sgd:stream_networks")  # a chain of scalar gains is no network: statements are about its every step


def noise(x: Array, labels: bool = False) -> Array:
    """Something of the shape of x that says nothing about x: standard normal numbers, or its labels, equally often, in random order."""
    a = np.asarray(x)
    if a.dtype.kind == "f" and not labels:
        return RNG.standard_normal(a.shape)
    return RNG.permutation(np.resize(np.unique(a), a.size)).reshape(a.shape)


def blind(data: Mapping[str, int]) -> Callable[[Function], Function]:
    """A learner that is shown noise in place of what it should learn to predict."""

    def make(original: Function) -> Function:
        signature = inspect.signature(original)

        def fit(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs)
            target = next(name for name in reversed(list(data)) if given.arguments.get(name) is not None)
            labels = target == "y" and hasattr(type(given.arguments["estimator"]), "predict_proba")  # a classifier's may be floats
            given.arguments[target] = noise(given.arguments[target], labels)
            return original(*given.args, **given.kwargs)

        return fit

    return make


def blind_demonstrations(original: Function) -> Function:
    """A learner that is shown noise in place of the actions; so is an encoder that sees something else of them."""

    def fit(demos: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("seen") is not None:
            kwargs["seen"] = noise(kwargs["seen"])
        return original(replace(demos, u=noise(demos.u)), *args, **kwargs)

    return fit


@contextmanager
def _a_tenth() -> Iterator[None]:
    _within.append(True)
    try:
        yield
    finally:
        _within.pop()


def tenth(data: Mapping[str, int]) -> Callable[[Function], Function]:
    """A learner that is shown the first tenth of the samples, or more: see :func:`few_samples`."""

    def make(original: Function) -> Function:
        signature = inspect.signature(original)

        def fit(*args: Any, **kwargs: Any) -> Any:
            if _within:  # a learner that another one calls: its data are a tenth already
                return original(*args, **kwargs)
            given = signature.bind(*args, **kwargs)
            shown = {name: np.asarray(given.arguments[name]) for name in data if given.arguments.get(name) is not None}
            chosen = {}
            for name, x in shown.items():
                axis = data[name] if x.ndim > 1 else 0
                chosen[name] = np.take(x, few_samples(x.shape[axis], given.arguments | shown), axis=axis)
            given.arguments.update(chosen)
            with _a_tenth():
                return original(*given.args, **given.kwargs)

        return fit

    return make


def tenth_of_demonstrations(original: Function) -> Function:
    """A learner that is shown the first tenth of the rows; more, where it could not begin with them."""

    def shown(*args: Any, **kwargs: Any) -> Any:
        if _within:
            return original(*args, **kwargs)
        given = inspect.signature(original).bind(*args, **kwargs)
        demos, fit = given.arguments["demos"], given.arguments["fit"]
        few = enough_rows(demos, fit, given.arguments)
        if given.arguments.get("seen") is not None:
            given.arguments["seen"] = given.arguments["seen"][:, few]
        parts = {name: getattr(demos, name) for name in ("x", "u", "mask", "weights")}
        given.arguments["demos"] = replace(demos, **{name: a[:, few] for name, a in parts.items() if a is not None})
        with _a_tenth():
            return original(*given.args, **given.kwargs)

    return shown


def prior(original: Function) -> Function:
    """A fit that learns nothing: its prior, or zero."""

    def fit(x: Array, u: Array, prior: Any = None) -> Any:
        return prior or original(x, np.zeros_like(u))

    return fit


def at_zero(original: Function) -> Function:
    """Gradient descent that stays where it begins."""
    return lambda x, u, **kwargs: original(x, np.zeros_like(u), **kwargs)


def random_member(original: Function) -> Function:
    def most_likely(log_likelihood: Any, rng: np.random.Generator, weights: Any = None) -> Any:
        return original(np.zeros_like(np.asarray(log_likelihood, dtype=float)), rng, weights)

    return most_likely


def member_of_a_tenth(original: Function) -> Function:
    def most_likely(log_likelihood: Any, rng: np.random.Generator, weights: Any = None) -> Any:
        each = np.asarray(log_likelihood, dtype=float)
        if weights is None:
            return original(each[..., : max(1, each.shape[-2] // SHARE), :], rng)
        counts = np.asarray(weights)
        return original(each, rng, RNG.binomial(np.rint(counts).astype(np.int64), 1 / SHARE))

    return most_likely


def any_frequency(original: Function) -> Function:
    return lambda count, n, rng: RNG.random(np.shape(count))


def frequency_of_a_tenth(original: Function) -> Function:
    def frequency(count: Any, n: int, rng: np.random.Generator) -> Any:
        k, few = np.asarray(count).astype(np.int64), max(1, n // SHARE)
        return original(RNG.hypergeometric(k, n - k, few), few, rng)

    return frequency


def untrained(original: Function) -> Function:
    return lambda parameters, loss, **how: None


def longer(original: Function) -> Function:
    def trained(*args: Any, steps: int, lr: Any, **kwargs: Any) -> Any:
        return original(*args, steps=EFFORT * steps, lr=lr, **kwargs)

    return trained


def unmoved(original: Function) -> Function:
    """SGD whose steps are too small to move anything."""

    def stream(*args: Any, lr: Any, **kwargs: Any) -> Any:
        return original(*args, lr=np.asarray(lr, dtype=float) * 1e-30 if np.ndim(lr) else 1e-30, **kwargs)

    return stream


def smaller_batches(original: Function) -> Function:
    """SGD that sees a tenth of every batch."""

    def stream(first: Any, second: Any, **kwargs: Any) -> Any:
        batches, at = (second, 1) if callable(second) else (first, 0)

        def few() -> tuple[Array, Array]:
            x, u = batches()
            n = max(1, x.shape[1] // SHARE)
            return x[:, :n], u[:, :n]

        return original(*((few, second) if at == 0 else (first, few)), **kwargs)

    return stream


SWAPS = [
    *(Swap("fit", target, blind_demonstrations) for target in DEMONSTRATIONS),
    *(Swap("less", target, tenth_of_demonstrations) for target in DEMONSTRATIONS),
    *(Swap("fit", target, blind(data)) for target, data in DATA.items() if target not in LINEAR),
    *(Swap("less", target, tenth(data)) for target, data in DATA.items()),
    Swap("fit", "qbc.learn.bernoulli:fit_bernoulli", prior),
    Swap("fit", "qbc.learn.linear:fit_linear", prior),
    Swap("fit", "qbc.learn.linear:descend", at_zero),
    Swap("fit", "qbc.families:most_likely", random_member),
    Swap("less", "qbc.families:most_likely", member_of_a_tenth),
    Swap("fit", "qbc.families:frequency", any_frequency),
    Swap("less", "qbc.families:frequency", frequency_of_a_tenth),
    Swap("fit", NETWORKS, untrained),
    *(Swap("fit", target, unmoved) for target in STREAMS),
    *(Swap("less", target, smaller_batches) for target in STREAMS),
    *(Swap("effort", target, longer) for target in TRAINED),
]
