"""The device, arrays in and out of it, and one Adam loop for every network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from qbc.arrays import finite
from qbc.systems import Array

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def alone(*, grad: bool = False) -> Iterator[None]:
    """One thread, so that sums are added in one order whatever else runs; the caller's settings are back afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.set_grad_enabled(grad):
            yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread also for what scikit-learn compiled; slower to enter than :func:`alone`."""
    with alone(), threadpool_limits(1):
        yield


def tensor(x: ArrayLike | Tensor) -> Tensor:
    """``x`` in single precision on ``DEVICE``."""
    return torch.as_tensor(x, dtype=torch.float32).to(DEVICE)


def single(name: str, x: Array, *axes: str) -> Tensor:
    """``x`` in single precision; raises ``ValueError`` naming the first entry that is no number, or too large for that."""
    finite(name, x, *axes)
    with np.errstate(over="ignore"):
        y = x.astype(np.float32)
    finite(f"{name}, in single precision", y, *axes)
    return tensor(y)


def array(x: Tensor) -> Array:
    """``x`` as numpy sees it, in double precision."""
    return np.asarray(x.detach().cpu().numpy(), dtype=float)


def indices(x: Tensor) -> NDArray[np.int64]:
    """Whole numbers ``x`` as numpy sees them."""
    return np.asarray(x.cpu().numpy(), dtype=np.int64)


def generator(seed: int) -> torch.Generator:
    """Random numbers of the processor, whatever the device: another device changes the rounding and nothing else."""
    return torch.Generator().manual_seed(seed % 2**64)


def minimise(
    parameters: Iterable[nn.Parameter],
    loss: Callable[[], Tensor],
    *,
    steps: int,
    lr: float,
    every: int = 0,
    watch: Callable[[int], None] | None = None,
) -> None:
    """``steps`` of Adam on ``loss()``, which draws its own batch; the step size falls from ``lr`` to 0 along a cosine.

    ``watch(t)`` is called after each ``every`` steps. Raises ``ValueError`` if the loss is not finite at the end.
    """
    opt = torch.optim.Adam(parameters, lr=lr, fused=True)  # one pass over the parameters: a fifth of the time on a processor
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    with alone(grad=True):
        for t in range(1, steps + 1):
            opt.zero_grad()
            value = loss()
            value.backward()  # type: ignore[no-untyped-call]
            opt.step()
            schedule.step()
            if watch and every and t % every == 0:
                with torch.no_grad():
                    watch(t)
    if not torch.isfinite(value):
        raise ValueError(f"training diverged: loss {value.item()} after {steps} steps at lr {lr}")
