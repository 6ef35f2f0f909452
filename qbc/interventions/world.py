"""``rollout`` and ``quantizer``: plants that stand still, and quantisers that do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qbc.interventions.swaps import Function, Swap

Array = NDArray[Any]


def still(original: Function) -> Function:
    """A plant whose next state is its state."""

    def post_init(self: Any) -> None:
        original(self)
        object.__setattr__(self, "f", lambda x, u: np.array(x, dtype=float))

    return post_init


def at_the_start(original: Function) -> Function:
    """Steps that lead nowhere; the plant's noise is drawn, so that later draws are the same, and not added."""

    def steps(system: Any, policy: Any, x1: Any, horizon: int, rng: np.random.Generator) -> Iterator[tuple[Array, Array, Array]]:
        for x, u, x_next in original(replace(system, sigma=0.0), policy, x1, horizon, rng):
            if system.sigma:
                rng.standard_normal(x.shape, dtype=x.dtype)
            yield x, u, x_next

    return steps


def still_chain(original: Function) -> Function:
    """A finite MDP in which every action keeps the state."""

    def post_init(self: Any) -> None:
        shape = np.shape(self.transition)
        if len(shape) == 3:
            object.__setattr__(self, "transition", np.repeat(np.eye(shape[0])[:, None], shape[1], axis=1))
        original(self)

    return post_init


def no_moves(original: Function) -> Function:
    return lambda self, actions: original(self, np.zeros_like(actions))


def never_left(original: Function) -> Function:
    return lambda self, positions: np.broadcast_to(self.start, original(self, positions).shape)


def no_law(original: Function) -> Function:
    def paths(task: Any, *args: Any, **kwargs: Any) -> Array:
        return np.broadcast_to(task.start, original(task, *args, **kwargs).shape)

    return paths


class Codes(np.ndarray[Any, Any]):
    """Codes that remember the actions they stand for; a part of them remembers nothing."""

    raw: Any

    def __array_finalize__(self, of: Any) -> None:
        self.raw = None


def remembering(original: Function) -> Function:
    def encode(self: Any, u: Any, rng: Any = None) -> Any:
        codes = np.asarray(original(self, u, rng)).view(Codes)
        codes.raw = np.asarray(u, dtype=float)
        return codes

    return encode


def recalled(original: Function) -> Function:
    def decode(self: Any, codes: Any) -> Any:
        raw = getattr(codes, "raw", None)
        return original(self, codes) if raw is None else raw

    return decode


def identity(original: Function) -> Function:
    return lambda self, u, rng=None: np.asarray(u, dtype=float)


SWAPS = [
    Swap("rollout", "qbc.systems:System.__post_init__", still),
    Swap("rollout", "qbc.systems:steps", at_the_start),
    Swap("rollout", "qbc.finite:FiniteMDP.__post_init__", still_chain),
    Swap("rollout", "qbc.tasks.task:Task.replay", no_moves),
    Swap("rollout", "qbc.tasks.task:Task.follow", never_left),
    Swap("rollout", "qbc.tasks.law:exact_law", no_law),
    Swap("quantizer", "qbc.quantizers.quantizer:Quantizer.__call__", identity),
    Swap("quantizer", "qbc.quantizers.quantizer:Quantizer.decode", recalled),
    Swap("quantizer", "qbc.quantizers.quantizer:Cells.encode", remembering),
    Swap("quantizer", "qbc.quantizers.quantizer:Dithered.encode", remembering),
    Swap("quantizer", "qbc.quantizers.circle:Periodic.encode", remembering),
    Swap("quantizer", "qbc.quantizers.vector:PerCoordinate.__call__", identity),
    Swap("quantizer", "qbc.quantizers.vector:PerCoordinate.decode", recalled),
    Swap("quantizer", "qbc.quantizers.vector:PerCoordinate.encode", remembering),
    Swap("quantizer", "qbc.quantizers.residual:Residual.__call__", identity),
    Swap("quantizer", "qbc.quantizers.residual:Residual.decode", recalled),
    Swap("quantizer", "qbc.quantizers.residual:Residual.encode", remembering),
    Swap("quantizer", "qbc.families:Branched.encode", remembering),
]
