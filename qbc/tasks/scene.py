"""Where a task stands in the world: turned, shrunk along its two axes and moved, each time anew.

Everything about a task is said in its own coordinates. A scene carries demonstrations out into the world, where a policy sees and
acts, and the policy's actions home again, where they are played and judged: what holds for a task holds scene by scene.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.tasks.task import Array, Task

CENTRE = np.array([0.5, 0.5])  # of the unit square: what scenes turn and shrink about
MARKS = np.array([[1.0, 0.5], [0.5, 1.0]])  # two points on the edge of the square, in a task's own coordinates


@dataclass(frozen=True, eq=False)
class Scenes:
    """n scenes: a point p of the task is at centre + move + linear (p - centre) in the world."""

    linear: Array  # (n, 2, 2), invertible: a turn after a shrinking of the axes
    move: Array  # (n, 2)

    @staticmethod
    def draw(task: Task, n: int, rng: np.random.Generator) -> Scenes:
        """Turned by up to ``task.turn`` either way, each axis shrunk by up to ``task.shrink``, and moved by up to 1 along each axis of
        the world: all uniform and independent."""
        angle, size = task.turn * rng.uniform(-1, 1, n), 1 - task.shrink * rng.random((n, 1, 2))
        turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=1).reshape(n, 2, 2)
        return Scenes(turn * size, rng.uniform(-1, 1, (n, 2)))

    def out(self, paths: Array) -> Array:
        """Paths in the task's coordinates, (n, T, 2) or (T, 2) in all scenes, as paths in the world: (n, T, 2)."""
        return np.asarray((paths - CENTRE) @ self.linear.transpose(0, 2, 1) + (CENTRE + self.move)[:, None])

    def home(self, actions: Array) -> Array:
        """Actions (n, h, 2) in the world, in the task's coordinates."""
        return np.asarray(actions @ np.linalg.inv(self.linear).transpose(0, 2, 1))

    def chunks(self, task: Task, paths: Array) -> Array:
        """The actions (n, T - 1, 2) that lead in the world from the mean start along paths (n, T, 2) of the task."""
        start = np.broadcast_to(task.start, (len(paths), 1, 2))
        return np.diff(self.out(np.concatenate([start, paths[:, 1:]], axis=1)), axis=1)

    def seen(self, task: Task, mode: NDArray[np.int64]) -> Array:
        """What a policy sees: the places of the mean start and of two marks in the world, (n, 6); and the mode, where it is told,
        (n, 6 + K)."""
        places = self.out(np.vstack([task.start, MARKS])).reshape(len(mode), -1)
        return np.concatenate([places, np.eye(task.K)[mode]], axis=1) if task.told else places
