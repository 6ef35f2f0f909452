"""n mean heads by qbc and by a plain loop over torch networks: the one place of the bench that knows how qbc fits."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from qbc import learn
from qbc.demonstrations import demonstrations

WIDTH, DEPTH, LR = 32, 2, 1e-3


def data() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).uniform(-1, 1, size=(256, 2))
    return x, np.sin(3 * x[:, :1])


def side_by_side(n: int, steps: int) -> np.ndarray:
    x, u = data()
    fit = learn.Fit(seed=0, steps=steps, lr=LR, batch=None, width=WIDTH, depth=DEPTH, activation="tanh")
    return learn.fit_regression(demonstrations(x, u).times(n), fit)(x, np.random.default_rng(0))[:, :, 0]


def one_by_one(n: int, steps: int) -> np.ndarray:
    x, u = (torch.as_tensor(a, dtype=torch.float32, device=learn.DEVICE) for a in data())
    said = []
    for seed in range(n):
        widths = [x.shape[1], *[WIDTH] * DEPTH]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layers = [m for a, b in pairwise(widths) for m in (nn.Linear(a, b), nn.Tanh())]
            net = nn.Sequential(*layers, nn.Linear(WIDTH, 1)).to(learn.DEVICE)
        adam = torch.optim.Adam(net.parameters(), lr=LR)
        for _ in range(steps):
            adam.zero_grad()
            ((net(x) - u) ** 2).mean().backward()
            adam.step()
        said.append(net(x).detach().cpu().numpy())
    return np.stack(said)
