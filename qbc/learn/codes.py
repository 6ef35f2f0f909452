"""Heads that draw a code and decode it: a vector of a learned codebook, or one of the chunks' k-means centres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qbc.demonstrations import Demonstrations
from qbc.finite import draw
from qbc.learn.device import alone, array, indices, one_thread, tensor
from qbc.learn.fitting import Data, Fit
from qbc.learn.head import Head
from qbc.learn.losses import Batch, Losses, average
from qbc.learn.networks import Ensemble
from qbc.learn.regression import error
from qbc.learn.scale import Scale
from qbc.learn.softmax import CodeLaw, fit_code_law
from qbc.systems import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Codebook(Head):
    """The decoder sees the observation and a vector of the codebook, whose code is drawn as often as it is used there."""

    owned = ("decoder", "book", "law")

    decoder: Ensemble
    book: Tensor  # (k, K, latent)
    law: CodeLaw

    def draw(self, obs: Tensor, rng: np.random.Generator) -> Tensor:
        pick = torch.as_tensor(draw(self.law(obs), rng))
        z = self.book[torch.arange(self.k)[:, None], pick]
        out: Tensor = self.decoder(torch.cat([z, obs], dim=2))
        return out


def fit_codebook(
    demos: Demonstrations, fit: Fit, *, codes: Sequence[int], latent: int = 4, commit: float = 0.25, loss: str = "squared"
) -> Codebook:
    """A vector-quantised latent: the decoder sees the nearest of ``codes[i]`` vectors, learned with it (a VQ-VAE).

    Straight-through gradients, ``commit`` times the encoder's distance from its vector; the codebook starts at
    k-means++ seeds of the encoded demonstrations. Raises ``ValueError`` unless there is a number of codes >= 1 for each data set,
    and for a ``commit`` that is negative or not finite.
    """
    k, most, rows = demos.k, max(codes, default=0), fit.learned(demos.rows).stop
    if len(codes) != k or not 1 <= min(codes) <= most <= rows:
        raise ValueError(f"codes: {k} numbers from 1 to {rows}, one a data set, got {tuple(codes)}")
    if not 0 <= commit < np.inf:
        raise ValueError(f"commit: >= 0 and finite, got {commit}")
    data, errors = Data(demos, fit), error(loss)
    encoder = data.network(data.size + data.features, latent)
    decoder = data.network(latent + data.features, data.size, plus=1)
    absent = tensor(np.where(np.arange(most) < np.array(codes)[:, None], 0.0, np.inf))[:, None]
    with alone():
        start = data.at(data.all(data.learned))
        encoded = array(encoder(torch.cat([start.act, start.obs], dim=2)))
    book = nn.Parameter(tensor(data.seeds(encoded, most)))

    def nearest(batch: Batch) -> tuple[Tensor, Tensor]:
        z = encoder(torch.cat([batch.act, batch.obs], dim=2))
        return z, (torch.cdist(z.detach(), book.detach()) + absent).argmin(dim=2)

    def objective(batch: Batch) -> Losses:
        z, near = nearest(batch)
        q = book[data.of, near]
        miss = errors(decoder(torch.cat([z + (q - z).detach(), batch.obs], dim=2)) - batch.act)
        apart = ((q - z.detach()) ** 2).mean(dim=2) + commit * ((z - q.detach()) ** 2).mean(dim=2)
        return Losses(miss, batch.mask, average(apart, batch.weights))

    trained = data.train([*encoder.parameters(), *decoder.parameters(), book], objective)
    with alone():
        used = nearest(data.at(data.all()))[1]
    law = fit_code_law(demos, fit, indices(used), most)
    return Codebook(**trained, decoder=decoder.requires_grad_(False), book=book.detach(), law=law)


@dataclass(frozen=True, kw_only=True, eq=False)
class Prototypes(Head):
    """A whole chunk out of a list, drawn as often as it occurs at the observation, and moved by what the observation says of it."""

    owned = ("centres", "law", "net")

    centres: Array  # (k, K, h du), in units of the spread
    law: CodeLaw
    net: Ensemble | None = None  # of the code drawn and the observation, to the offset from the centre; None: no offset

    def draw(self, obs: Tensor, rng: np.random.Generator) -> Array:
        pick = draw(self.law(obs), rng)
        centre = self.centres[np.arange(self.k)[:, None], pick]
        return centre if self.net is None else centre + array(self.net(beside(pick, self.centres.shape[1], obs)))


def beside(pick: NDArray[np.int64], codes: int, obs: Tensor) -> Tensor:
    """Codes (k, n), each a unit vector, beside observations (k, n, features)."""
    return torch.cat([tensor(np.eye(codes)[pick]), obs], dim=2)


def fit_prototypes(demos: Demonstrations, fit: Fit, *, codes: int, offsets: bool = False) -> Prototypes:
    """``codes`` k-means centres of whole chunks; which is drawn is learned by log-loss, given the observation. ``offsets``: so is, by
    squared loss, how far the chunk lies from its centre, given both (behavior transformers, arXiv 2206.11251).

    Distances are in units of each action coordinate's spread over rows and steps. In units of each single step's, noise would count
    as much at a step where all demonstrations agree as modes do elsewhere.
    Raises ``ValueError`` if there are padded steps, which k-means cannot leave out, or fewer different chunks than codes.
    """
    from sklearn.base import clone
    from sklearn.cluster import KMeans  # slow to import, needed here only

    if demos.mask is not None:
        raise ValueError("fit_prototypes: k-means compares whole chunks; give chunks without padded steps")
    data, k, h = Data(demos, fit), demos.k, demos.h
    part, w = data.learned, np.ones((k, demos.rows)) if demos.weights is None else demos.weights
    different = min(len(np.unique(a, axis=0)) for a in data.sure(demos.u.reshape(k, demos.rows, -1)))
    if not 1 <= codes <= different:
        raise ValueError(f"codes: 1 to {different} different chunks, got {codes}")
    steps = demos.u[:, part].reshape(k, -1, demos.du)
    scale = Scale.of(steps, None if demos.weights is None else w[:, part].repeat(h, axis=1)[..., None])
    v = scale.into(demos.u.reshape(k, -1, demos.du)).reshape(k, demos.rows, -1)
    plain = KMeans(codes, n_init=1, random_state=fit.seed % 2**32)
    with one_thread():
        fits = [clone(plain).fit(a[part][b[part] > 0], sample_weight=b[part][b[part] > 0]) for a, b in zip(v, w, strict=True)]
    labels, centres = np.stack([f.predict(a) for f, a in zip(fits, v, strict=True)]), np.stack([f.cluster_centers_ for f in fits])
    misses = ((v - np.take_along_axis(centres, labels[..., None], axis=1)) ** 2).mean(axis=2)
    with np.errstate(invalid="ignore"):  # no rows held out, or none that weighs
        loss, held = ((misses[:, p] * w[:, p]).sum(axis=1) / w[:, p].sum(axis=1) for p in (part, data.held))
    law = fit_code_law(demos, fit, labels.astype(np.int64), codes)
    said = data.view.act.into(scale.back(centres.reshape(k, -1, demos.du)).reshape(k, codes, -1))
    head = Prototypes(**data.untrained() | {"loss": loss, "held": held}, centres=said, law=law)
    if not offsets:
        return head
    net, rest = data.network(codes + data.features, data.size), tensor(said)
    nearest = torch.as_tensor(labels.astype(np.int64))

    def objective(batch: Batch) -> Losses:
        code = nearest[data.of, batch.rows]
        miss = batch.act - rest[data.of, code]
        return Losses((net(beside(indices(code), codes, batch.obs)) - miss) ** 2)

    return replace(head, **data.train(net.parameters(), objective), net=net.requires_grad_(False))
