"""Frames without a screen, for a figure to draw over; None where the machine cannot draw any."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qbc.robots.engine import mujoco
from qbc.systems import Array

Frame = NDArray[np.uint8]


class NoFrames(UserWarning):
    """Said once for each frame that could not be drawn; a figure does without."""


def frame(model: Any, positions: Array, *, camera: str, height: int = 480, width: int = 480) -> Frame | None:
    """The picture (height, width, 3) that the camera of a model has of its bodies at ``positions`` (nq,).

    None, and the warning ``NoFrames``, where there is no library for drawing off-screen. Raises ``ValueError`` for other positions.
    """
    if np.shape(positions) != (model.nq,):
        raise ValueError(f"positions: ({model.nq},), got {np.shape(positions)}")
    data = mujoco.MjData(model)
    data.qpos[:] = positions
    mujoco.mj_forward(model, data)
    try:
        with mujoco.Renderer(model, height, width) as renderer:
            renderer.update_scene(data, camera)
            return np.array(renderer.render())
    except Exception as why:  # of OpenGL, EGL or their absence: each has a class of its own
        warnings.warn(f"no frames: {str(why).splitlines()[0] if str(why) else type(why).__name__}", NoFrames, stacklevel=2)
        return None
