"""The device, arrays in and out of it, and one Adam loop for every network."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from qbc.systems import Array

torch.set_num_threads(1)  # sums are then added in one order, whatever else runs on the machine
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def tensor(x: ArrayLike | Tensor) -> Tensor:
    """``x`` in single precision on ``DEVICE``."""
    return torch.as_tensor(x, dtype=torch.float32).to(DEVICE)


def array(x: Tensor) -> Array:
    """``x`` as numpy sees it, in double precision."""
    return np.asarray(x.detach().cpu().numpy(), dtype=float)


def minimise(parameters: Iterable[nn.Parameter], loss: Callable[[], Tensor], *, steps: int, lr: float) -> None:
    """``steps`` of Adam on ``loss()``, which draws its own batch; the step size falls from ``lr`` to 0 along a cosine.

    Raises ``ValueError`` if the loss is not finite at the end.
    """
    if steps < 1 or lr <= 0:
        raise ValueError(f"training needs steps >= 1 and lr > 0, got {steps} and {lr}")
    opt = torch.optim.Adam(parameters, lr=lr, fused=True)  # one pass over the parameters: a fifth of the time on a processor
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        opt.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        opt.step()
        schedule.step()
    if not torch.isfinite(value):
        raise ValueError(f"training diverged: loss {value.item()} after {steps} steps at lr {lr}")
