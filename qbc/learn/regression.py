"""One chunk for each observation: the conditional mean, or the coordinatewise median."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qbc.demonstrations import Demonstrations
from qbc.learn.device import tensor
from qbc.learn.fitting import Batch, Data, Fit, average
from qbc.learn.head import Head
from qbc.learn.networks import Ensemble, Networks

ERRORS: dict[str, Callable[[Tensor], Tensor]] = {"squared": torch.square, "absolute": torch.abs}


def error(loss: str) -> Callable[[Tensor], Tensor]:
    if loss not in ERRORS:
        raise ValueError(f"loss: one of {', '.join(ERRORS)}, got {loss!r}")
    return ERRORS[loss]


@dataclass(frozen=True, kw_only=True, eq=False)
class Regression(Head):
    net: Ensemble

    def draw(self, obs: Tensor, rng: np.random.Generator) -> Tensor:
        out: Tensor = self.net(obs)
        return out

    def networks(self) -> Networks:
        """The same functions without scales, of states (k, N, dx) to flat actions (k, N, h du), in their own units."""
        view = self.view
        if view.octaves or view.represented_as:
            raise ValueError("networks: only of a head that sees and says what was demonstrated, without waves or representations")
        net = self.net.snapshot()
        with torch.no_grad():
            first, last = net.weights[0], net.weights[-1]
            net.biases[0] -= tensor(view.obs.mean / view.obs.sd) @ first
            first /= tensor(view.obs.sd).transpose(1, 2)
            last *= tensor(view.act.sd)
            net.biases[-1].mul_(tensor(view.act.sd)).add_(tensor(view.act.mean))
        return Networks(net)


def fit_regression(demos: Demonstrations, fit: Fit, *, loss: str = "squared", penalty: float = 0.0) -> Regression:
    """The conditional mean (``loss`` "squared") or coordinatewise median ("absolute").

    ``penalty`` times the sum of a network's squared weights and biases is added to its loss.
    """
    errors, data = error(loss), Data(demos, fit)
    net = data.network(data.features, data.size)

    def objective(batch: Batch) -> Tensor:
        total = average(errors(data.said(net, batch) - batch.act), batch.mask)
        for p in net.parameters() if penalty else ():
            total = total + penalty * (p**2).sum(dim=(1, 2))
        return total

    return Regression(**data.train(net.parameters(), objective), net=net)
