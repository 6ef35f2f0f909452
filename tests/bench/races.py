"""What is raced against what. Both sides of a race give the same result; a test runs all of them small and compares."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import ot
from scipy.spatial.distance import cdist

from bench import heads, plants
from qbc import divergences, quantizers

Run = Callable[[], Any]
Sides = Callable[..., tuple[Run, Run]]


@dataclass(frozen=True)
class Race:
    """``make(**sizes)`` gives the two runs, ours and theirs; a test makes the size ``n`` small."""

    name: str
    group: str
    ours: str
    theirs: str
    make: Sides
    sizes: dict[str, int]
    kind: str = "time"  # or "memory": the peak of what Python and numpy allocate
    same: Callable[[Any, Any], None] = np.testing.assert_allclose


def both(ours: Callable[..., Any], theirs: Callable[..., Any]) -> Sides:
    return lambda **sizes: (partial(ours, **sizes), partial(theirs, **sizes))


def rollouts() -> Iterator[Race]:
    line, few, space = ({"n": n, "d": d, "horizon": 100} for n, d in ((10_000, 1), (100, 1), (1000, 4)))
    nothing, loop = "numpy alone, nothing stored", "one trajectory after the other"

    def gymnasium(**sizes: int) -> tuple[Run, Run]:
        return partial(plants.stored, **sizes), plants.environments(**sizes)

    for name, what, theirs, make, sizes in (
        ("rollout-bare", "rollout", nothing, both(plants.stored, plants.bare), line),
        ("rollout-numpy", "rollout", "numpy alone, all stored", both(plants.stored, plants.kept), line),
        ("steps-bare", "steps", nothing, both(plants.streamed, plants.bare), line),
        ("rollout-few", "rollout", nothing, both(plants.stored, plants.bare), few),
        ("rollout-space", "rollout", nothing, both(plants.stored, plants.bare), space),
        ("rollout-loop", "rollout", loop, both(plants.stored, plants.trajectories), space),
        ("rollout-gymnasium", "rollout", "gymnasium's `SyncVectorEnv`", gymnasium, space),
    ):
        yield Race(name, "rollouts", f"`{what}`, {sizes['n']} × 100 steps, dx = {sizes['d']}", theirs, make, sizes)
    for name, what, theirs, make in (
        ("memory-stacked", "rollout", "`steps` in lists, stacked at the end", both(plants.stored, plants.stacked)),
        ("memory-steps", "steps", "`rollout`", both(plants.streamed, plants.stored)),
    ):
        yield Race(name, "memory", f"`{what}`, {line['n']} × 100 steps, dx = 1", theirs, make, line, "memory")


def quantisers() -> Iterator[Race]:
    inner = np.linspace(-1, 1, 257)[1:-1]

    def sides(theirs: Callable[[np.ndarray], np.ndarray], n: int) -> tuple[Run, Run]:
        u, q = np.random.default_rng(0).normal(size=n), quantizers.uniform(256)
        return partial(q.encode, u), partial(theirs, u)

    def floor(u: np.ndarray) -> np.ndarray:
        return np.clip(np.floor((u + 1) * 128), 0, 255).astype(np.int64)

    def searchsorted(u: np.ndarray) -> np.ndarray:
        return np.searchsorted(inner, u, side="right")

    def joints(n: int) -> tuple[Run, Run]:
        u, q = np.random.default_rng(0).normal(size=(n, 7)), quantizers.PerCoordinate((quantizers.uniform(256),) * 7)
        return partial(q.encode, u), partial(searchsorted, u)

    for name, peer, theirs in (("floor", floor, "numpy: floor and clip"), ("searchsorted", searchsorted, "`numpy.searchsorted`")):
        ours = "`encode`, 100,000 actions, 256 cells"
        yield Race(f"encode-{name}", "quantisers", ours, theirs, partial(sides, peer), {"n": 100_000})
    ours, theirs = "`encode` of seven coordinates, 20,000 actions, 256 cells", "`numpy.searchsorted`"
    yield Race("encode-joints", "quantisers", ours, theirs, joints, {"n": 20_000})


def couplings() -> Iterator[Race]:
    def sides(n: int) -> tuple[Run, Run]:
        x, y = np.random.default_rng(0).normal(size=(2, n, 2))
        y[:, 0] += 0.2
        mass = np.full(n, 1 / n)

        def by_pot() -> float:
            return float(ot.emd2(mass, mass, (cdist(x, y) > 0.1).astype(float), numItermax=10**7))

        return partial(divergences.tv_eps, x, y, 0.1), by_pot

    for n in (500, 1000, 2000, 4000):
        yield Race(f"tv-eps-{n}", "couplings", f"`tv_eps`, {n} and {n} points in the plane", "POT: `ot.emd2`", sides, {"n": n})


def learners() -> Iterator[Race]:
    def alike(ours: np.ndarray, theirs: np.ndarray) -> None:  # networks start elsewhere, .5 apart
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).mean() < 0.1

    ours, theirs = "16 mean heads side by side, 100 steps of Adam", "torch: one network after the other"
    make = both(heads.side_by_side, heads.one_by_one)
    yield Race("heads", "learners", ours, theirs, make, {"n": 16, "steps": 100}, same=alike)


RACES = [*rollouts(), *quantisers(), *couplings(), *learners()]
