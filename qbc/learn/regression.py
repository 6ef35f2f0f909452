"""One chunk for each observation: the conditional mean, or the coordinatewise median."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qbc.demonstrations import Demonstrations
from qbc.learn.device import tensor
from qbc.learn.fitting import Data, Fit
from qbc.learn.head import Head
from qbc.learn.losses import Batch, Losses
from qbc.learn.networks import Ensemble, Networks

FAR = 1e4
ERRORS: dict[str, Callable[[Tensor], Tensor]] = {"squared": torch.square, "absolute": torch.abs}


def error(loss: str) -> Callable[[Tensor], Tensor]:
    if loss not in ERRORS:
        raise ValueError(f"loss: one of {', '.join(ERRORS)}, got {loss!r}")
    return ERRORS[loss]


@dataclass(frozen=True, kw_only=True, eq=False)
class Regression(Head):
    owned = ("net",)

    net: Ensemble

    def draw(self, obs: Tensor, rng: np.random.Generator) -> Tensor:
        out: Tensor = self.net(obs)
        return out

    def networks(self) -> Networks:
        """The same functions without scales, of states (k, N, dx) to flat actions (k, N, h du), in their own units.

        Raises ``ValueError`` where data lie more than ``FAR`` of their spreads from 0, for single precision would not resolve them.
        """
        view = self.view
        if view.octaves or view.represented_as:
            raise ValueError("networks: only of a head that sees and says what was demonstrated, without waves or representations")
        for name, scale in (("observation", view.obs), ("action", view.act)):
            far = np.argwhere((np.abs(scale.mean) > FAR * scale.sd) & ~(scale.at_rest & (name == "action")))  # at rest: added, exactly
            if len(far):
                i, _, c = far[0]
                rests = f"rests at {scale.mean[i, 0, c]:g}, more than {FAR:g} from 0"
                how = rests if scale.at_rest[i, 0, c] else f"is more than {FAR:g} of its spreads from 0"
                raise ValueError(f"networks: {name} {c} of network {i} {how}")
        net, spread = self.net.snapshot(), tensor(view.act.spread)
        with torch.no_grad():
            first, last = net.weights[0], net.weights[-1]
            net.biases[0] -= tensor(view.obs.mean / view.obs.sd) @ first
            first /= tensor(view.obs.sd).transpose(1, 2)
            last *= spread
            net.biases[-1].mul_(spread).add_(tensor(view.act.mean))
        return Networks(net)


def fit_regression(demos: Demonstrations, fit: Fit, *, loss: str = "squared", penalty: float = 0.0) -> Regression:
    """The conditional mean (``loss`` "squared") or coordinatewise median ("absolute").

    ``penalty`` times the sum of a network's squared weights and biases is added to its loss, also to the one that the head tells.
    Raises ``ValueError`` for another ``loss``, and for a ``penalty`` that is negative or not finite.
    """
    if not 0 <= penalty < np.inf:
        raise ValueError(f"penalty: >= 0 and finite, got {penalty}")
    errors, data = error(loss), Data(demos, fit)
    net = data.network(data.features, data.size)

    def objective(batch: Batch) -> Losses:
        squares = [(p**2).sum(dim=(1, 2)) for p in net.parameters()] if penalty else []
        return Losses(errors(data.said(net, batch) - batch.act), batch.mask, sum(penalty * s for s in squares))

    return Regression(**data.train(net.parameters(), objective), net=net)
