"""Chapter 13's benchmark: tasks in scenes, columns of representations, heads and the settings that each may have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from qbc import learn, tasks
from qbc.demonstrations import Demonstrations, demonstrations
from qbc.representations import Cumulated, Dct, Pca
from qbc.systems import Array

TASKS: dict[str, tasks.Task] = {
    "conditional circle": tasks.Circle(told=True),
    "radial 16": tasks.Radial(16),
    "corridor 8": tasks.Corridor(8),
}
SEVERAL = ("radial 16", "corridor 8")  # several answers to one observation
COLUMNS = ("actions", "positions", "DCT 8", "PCA 8")
ENTRY = 0.9  # of success on the conditional circle: a head below it is not ranked in that column
STEPS = 1000
WIDE = 8  # numbers of an observation, 0 where a task tells no mode


def observed(task: tasks.Task, scenes: tasks.Scenes, mode: NDArray[np.int64]) -> Array:
    x = scenes.seen(task, mode)
    return np.pad(x, ((0, 0), (0, WIDE - x.shape[1])))


def demonstrated(names: Sequence[str], seeds: Sequence[int], N: int = 1000) -> Demonstrations:
    """N scenes with a demonstration each, for every task and every seed: chunks of actions in the world."""
    xs, us = [], []
    for name in names:
        for seed in seeds:
            task, rng = TASKS[name], np.random.default_rng([seed, list(TASKS).index(name)])
            paths, mode = task.demonstrations(N, rng)
            scenes = tasks.Scenes.draw(task, N, rng)
            xs.append(observed(task, scenes, mode))
            us.append(scenes.chunks(task, paths))
    return demonstrations(np.stack(xs), np.stack(us))


def represented(d: Demonstrations, column: str) -> Demonstrations:
    """The chunks as actions, as positions relative to the start, as their first 8 DCT coefficients, or along their 8 leading
    directions, of all data sets together."""
    if column == "actions":
        return d
    d = d.represented(Cumulated())
    if column == "PCA 8":
        return d.represented(Pca.of(d.u[:, :300].reshape(-1, d.h, d.du), 8))
    return d.represented(Dct(d.h, 8)) if column == "DCT 8" else d


@dataclass(frozen=True, eq=False)
class Asked:
    """n fresh scenes for every task and every seed, and the modes that are wanted where they are told."""

    names: tuple[str, ...]  # one a network
    scenes: tuple[tasks.Scenes, ...]
    mode: tuple[NDArray[np.int64], ...]

    @staticmethod
    def of(names: Sequence[str], seeds: Sequence[int], n: int) -> Asked:
        each = [(name, np.random.default_rng([seed, list(TASKS).index(name), 1])) for name in names for seed in seeds]
        modes = tuple(rng.integers(TASKS[name].K, size=n) for name, rng in each)
        scenes = tuple(tasks.Scenes.draw(TASKS[name], n, rng) for name, rng in each)
        return Asked(tuple(name for name, _ in each), scenes, modes)

    @property
    def x(self) -> Array:
        return np.stack([observed(TASKS[a], s, m) for a, s, m in zip(self.names, self.scenes, self.mode, strict=True)])

    def paths(self, u: Array) -> list[Array]:
        """Chunks (k, n, h, 2) in the world, played: paths in the tasks' own coordinates."""
        return [TASKS[a].replay(s.home(v)) for a, s, v in zip(self.names, self.scenes, u, strict=True)]

    def scores(self, u: Array) -> list[tasks.Score]:
        wanted = [m if TASKS[a].told else None for a, m in zip(self.names, self.mode, strict=True)]
        return [TASKS[a].score(p, w) for a, p, w in zip(self.names, self.paths(u), wanted, strict=True)]


def look_up(d: Demonstrations, x: Array, *, relative: bool = False) -> Array:
    """The chunk of the demonstration whose observation is nearest, in units of its columns' spread; ``relative``: the marks' places
    are taken from the start's, which is left out."""

    def seen(a: Array) -> Array:
        return np.concatenate([a[:, 2:4] - a[:, :2], a[:, 4:6] - a[:, :2], a[:, 6:]], axis=1) if relative else a

    found = []
    for mine, u, at in zip(d.x, d.u, x, strict=True):
        unit = np.maximum(seen(mine).std(axis=0), 1e-9)
        unit[-2:] /= 100  # of the same mode, where it is told
        found.append(u[cKDTree(seen(mine) / unit).query(seen(at) / unit)[1]])
    return np.stack(found)


def tokens(d: Demonstrations, fit: learn.Fit, bins: int) -> learn.Head:
    """One by one, given those before: coefficients, or increments given the position, which their sums are."""
    stepwise = d.h == 59
    return learn.fit_tokens(d, fit, bins=bins, context=learn.Sight() if stepwise else learn.Prefix(octaves=0))


def autoencoder(**how: Any) -> Callable[[Demonstrations, learn.Fit, float], learn.Head]:
    def make(d: Demonstrations, fit: learn.Fit, variant: float) -> learn.Head:
        return learn.fit_autoencoders(d, fit, penalties=[variant] * d.k, loss="absolute", latent=4, **how)

    return make


Make = Callable[[Demonstrations, learn.Fit, Any], learn.Head]
HEADS: dict[str, tuple[Make, tuple[Any, ...], int]] = {  # how it is fitted, variants, batch
    "mean": (lambda d, f, v: learn.fit_regression(d, f, loss=v), ("squared",), 128),
    "median": (lambda d, f, v: learn.fit_regression(d, f, loss=v), ("absolute",), 128),
    "mixture density": (lambda d, f, v: learn.fit_mixture(d, f, components=v, shared=True, spread=False), (32, 16), 128),
    "prototypes, offsets": (lambda d, f, v: learn.fit_prototypes(d, f, codes=v, offsets=True), (64, 32), 128),
    "tokens": (tokens, (32, 64), 1024),
    "VQ, learned code law": (lambda d, f, v: learn.fit_codebook(d, f, codes=[v] * d.k, loss="absolute"), (32, 64), 128),
    "CVAE, N(0, I)": (autoencoder(), (0.01, 0.001), 128),
    "CVAE, learned prior": (autoencoder(components=32), (0.001, 0.01), 128),
    "MMD": (autoencoder(penalty="mmd", jitter=0.075), (10.0, 1.0), 128),
    "flow matching": (lambda d, f, v: learn.fit_flow(d, f, guess=v).using(50), ("data", "velocity"), 128),
    "diffusion": (lambda d, f, v: learn.fit_denoiser(d, f, guess=v).using(50), ("data", "noise"), 128),
}
RATES = (1e-2, 5e-3)
CAN = {h: tuple(c for c in COLUMNS if not (h == "tokens" and c == "positions")) for h in HEADS}


def grid(head: str) -> list[tuple[Any, float]]:
    """The settings of a head: its variants, each at two step sizes."""
    return [(v, lr) for v in HEADS[head][1] for lr in RATES]


def fitted(head: str, d: Demonstrations, setting: tuple[Any, float], steps: int, seed: int) -> learn.Head:
    make, _, batch = HEADS[head]
    return make(d, learn.Fit(seed=seed, steps=steps, lr=setting[1], width=128, depth=2, batch=batch), setting[0])
