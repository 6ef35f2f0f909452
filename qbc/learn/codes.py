"""Chunk heads that decode what was drawn: a latent, a vector of a learned codebook, a prototype. Data and calls as in ``chunks``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from qbc.finite import draw
from qbc.learn.autoencoders import fit_autoencoders
from qbc.learn.chunks import Head, checked
from qbc.learn.ensemble import Ensemble
from qbc.learn.scale import Scale
from qbc.learn.training import array, minimise, tensor
from qbc.systems import Array


def fit_latents(
    x: Array,
    u: Array,
    weights: Sequence[float],
    *,
    penalty: str,
    seed: int,
    steps: int,
    latent: int = 4,
    lr: float = 2e-3,
    batch: int = 128,
    width: int = 128,
) -> Head:
    """An autoencoder of the chunk under absolute loss, deployed by decoding z ~ N(0, I): see ``autoencoders``."""
    scale, jitter = Scale.of(u), None if penalty == "kl" else 0.075
    fit = fit_autoencoders(
        scale.into(u), weights, s=x, seed=seed, steps=steps, latent=latent, loss="absolute", penalty=penalty,
        jitter=jitter, batch=batch, lr=lr, encoder=(width, width), decoder=(width, width),
    )  # fmt: skip
    return lambda x, rng: scale.back(fit.decode(rng.normal(size=(*x.shape[:2], latent)), x))


def fit_codes(
    x: Array,
    u: Array,
    codes: Sequence[int],
    *,
    seed: int,
    steps: int,
    latent: int = 4,
    lr: float = 2e-3,
    batch: int = 128,
    width: int = 128,
    commit: float = 0.25,
) -> Head:
    """A vector-quantised latent: the decoder sees the nearest of ``codes[i]`` vectors, learned with it; codes are drawn uniformly.

    Absolute error, straight-through gradients; the codebook starts at encoded demonstrations.
    """
    k, scale = checked(x, u), Scale.of(u)
    encoder = Ensemble(k, (u.shape[2] + x.shape[2], width, width, latent), seed, "silu")
    decoder = Ensemble(k, (latent + x.shape[2], width, width, u.shape[2]), seed + 1, "silu")
    X, U, rows = tensor(x), tensor(scale.into(u)), torch.arange(k)[:, None]
    g, most = torch.Generator().manual_seed(seed), max(codes)
    with torch.no_grad():
        i = torch.rand(k, X.shape[1], generator=g).argsort(dim=1)[:, :most]
        book = nn.Parameter(encoder(torch.cat([U[rows, i], X[rows, i]], dim=2)))
    absent = tensor(np.where(np.arange(most) < np.array(codes)[:, None], 0.0, np.inf))[:, None]

    def objective() -> Tensor:
        i = torch.randint(X.shape[1], (k, batch), generator=g)
        z = encoder(torch.cat([U[rows, i], X[rows, i]], dim=2))
        near = (torch.cdist(z.detach(), book.detach()) + absent).argmin(dim=2)
        q = book[rows, near]
        error = (decoder(torch.cat([z + (q - z).detach(), X[rows, i]], dim=2)) - U[rows, i]).abs().mean(dim=(1, 2))
        drift = ((q - z.detach()) ** 2).mean(dim=(1, 2)) + commit * ((z - q.detach()) ** 2).mean(dim=(1, 2))
        total: Tensor = (error + drift).sum()
        return total

    minimise([*encoder.parameters(), *decoder.parameters(), book], objective, steps=steps, lr=lr)

    def head(x: Array, rng: np.random.Generator) -> Array:
        pick = torch.as_tensor((rng.random(x.shape[:2]) * np.array(codes)[:, None]).astype(int))
        with torch.no_grad():
            return scale.back(array(decoder(torch.cat([book[rows, pick], tensor(x)], dim=2))))

    return head


def fit_prototypes(x: Array, u: Array, codes: int, *, seed: int) -> Head:
    """k-means over whole chunks u (k, N, du); the code is drawn with its frequency among the chunks of that observation."""
    from sklearn.cluster import KMeans  # slow to import, needed here only

    checked(x, u)
    fits = [KMeans(codes, n_init=1, random_state=seed).fit(v) for v in u]

    def head(x_new: Array, rng: np.random.Generator) -> Array:
        out = np.empty((*x_new.shape[:2], u.shape[2]))
        for i, fit in enumerate(fits):
            for row in np.unique(x_new[i], axis=0):
                here, same = (x_new[i] == row).all(axis=1), (x[i] == row).all(axis=1)
                if not same.any():
                    raise ValueError(f"prototypes know only the observations they were fitted to, got {row}")
                share = np.bincount(fit.labels_[same], minlength=codes) / same.sum()
                out[i, here] = fit.cluster_centers_[draw(np.broadcast_to(share, (here.sum(), codes)), rng)]
        return out

    return head
