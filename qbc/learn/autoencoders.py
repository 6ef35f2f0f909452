"""Conditional autoencoders of chunks: a latent z carries what the observation leaves open.

The encoder sees the chunk and says where its latent lies, N(mu, sigma^2); the decoder sees the latent and the observation. What
is minimised is the mean error of the decoded chunk plus ``penalties`` times a penalty that draws the latents to the prior N(0, I):
``kl`` draws every single posterior (a conditional VAE), ``mmd`` only the mixture of all of them (a Wasserstein autoencoder).
Deployed, z is drawn from that prior, or from one that was fitted to the codes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from qbc.arrays import finite
from qbc.demonstrations import Demonstrations, demonstrations
from qbc.learn.device import alone, array, generator, single, tensor
from qbc.learn.fitting import Data, Fit
from qbc.learn.head import Head
from qbc.learn.losses import Batch, Losses, average
from qbc.learn.mixture import Mixture, fit_mixture
from qbc.learn.networks import Ensemble
from qbc.learn.regression import error
from qbc.learn.scale import Scale
from qbc.systems import Array


def stratified(k: int, n: int, latent: int, strata: int, g: torch.Generator) -> Tensor:
    """Standard normals (k, n, latent): in each block of ``strata`` consecutive rows every coordinate has one draw in each
    of ``strata`` equally likely intervals, in random order. ``strata`` = 1 gives independent draws."""
    cell = torch.rand(k, n // strata, strata, latent, generator=g, dtype=torch.float32).argsort(dim=2)
    u = (cell + torch.rand(cell.shape, generator=g, dtype=torch.float32)) / strata
    return tensor(torch.special.ndtri(u.clamp(1e-7, 1 - 1e-7)).reshape(k, n, latent))


def kl_to_prior(mu: Tensor, log_sigma: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, I)), summed over the last axis: (...,)."""
    return (0.5 * (mu**2 + (2 * log_sigma).exp() - 1) - log_sigma).sum(dim=-1)


def mmd(z: Tensor, prior: Tensor, weights: Tensor | None = None) -> Tensor:
    """Squared maximum mean discrepancy of samples (k, n, d), (k, n, d) without its diagonal, inverse multiquadric kernel: (k,).

    ``weights`` (k, n): how often each of z counts; of n the estimate depends in its spread and not in its mean. One row has no pairs:
    NaN where fewer than two weigh; raises ``ValueError`` for n < 2.
    """
    n, scale = z.shape[1], 2.0 * z.shape[2]
    if n < 2:
        raise ValueError(f"mmd: two rows or more, got {n}")

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        square = (a**2).sum(2)[:, :, None] + (b**2).sum(2)[:, None] - 2 * torch.bmm(a, b.transpose(1, 2))
        return scale / (scale + square)

    def pairs(a: Tensor) -> Tensor:
        return (kernel(a, a).sum(dim=(1, 2)) - n) / (n * (n - 1))

    if weights is None:
        return pairs(z) + pairs(prior) - 2 * (kernel(z, prior).sum(dim=(1, 2)) / n**2)
    w = (weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-30)).to(z)
    own, off = (w**2).sum(dim=1), (w[:, :, None] * kernel(z, z) * w[:, None]).sum(dim=(1, 2))
    apart = (off - own) / (1 - own).clamp(min=1e-12) + pairs(prior) - 2 * (w[:, :, None] * kernel(z, prior)).sum(dim=(1, 2)) / n
    return torch.where((w > 0).sum(dim=1) > 1, apart, torch.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class Autoencoders(Head):
    """k fitted autoencoders; ``penalties`` holds the weight of the penalty of each. As a head: decodes latents of the prior."""

    owned = ("encoder", "decoder", "penalties", "seen", "prior")

    encoder: Ensemble
    decoder: Ensemble
    penalties: tuple[float, ...]
    jitter: float | None  # the fixed sigma of the posteriors, None where it is learned
    latent: int
    seen: Scale | None = None  # of what the encoder sees in place of the chunk
    prior: Mixture | None = None  # fitted to the codes; None: N(0, I)

    def posterior(self, seen: Tensor, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log widths of the latents (k, n, latent)."""
        out = self.encoder(torch.cat([seen, obs], dim=2))
        if self.jitter is not None:
            return out, torch.full_like(out, self.jitter).log()
        mu, log_sigma = out.chunk(2, dim=2)
        return mu, log_sigma

    def decoded(self, z: Tensor, obs: Tensor) -> Tensor:
        out: Tensor = self.decoder(torch.cat([z, obs], dim=2))
        return out

    def draw(self, obs: Tensor, rng: np.random.Generator) -> Tensor:
        if self.prior is None:
            return self.decoded(tensor(rng.normal(size=(*obs.shape[:2], self.latent))), obs)
        prior = self.prior  # it sees what the decoder sees, in units in which what is no move of a column at rest may look like one
        return self.decoded(tensor(prior.view.say(prior.draw(prior.view.scaled(array(obs)), rng))[:, :, 0]), obs)

    def look(self, x: ArrayLike | None, n: int) -> Tensor:
        seen = self.view.see(np.zeros((self.k, n, 0)) if x is None else np.asarray(x, dtype=float))
        if seen.shape[1] != n:
            raise ValueError(f"observations: {n}, one a row of what is encoded or decoded, got {seen.shape[1]}")
        return seen

    def encode(self, seen: ArrayLike, x: ArrayLike | None = None) -> tuple[Array, Array]:
        """Mean and standard deviation (k, n, latent) of the latents at observations x, if there are any, of chunks (k, n, h, du), or of
        (n, h, du) shown to all; chunks may be flat, unless they were represented otherwise or their last axes are h and du. Or of what
        else the encoder sees, (k, n, d) or (n, d). Raises ``ValueError`` for others, and for what is too large to be encoded."""
        a, (h, du) = np.asarray(seen, dtype=float), self.view.shape
        if self.seen is None:
            flat = a.ndim == 2 or (a.ndim == 3 and a.shape[1:] != (h, du))
            if flat and not self.view.represented_as and a.shape[-1] == h * du:
                a = a.reshape(*a.shape[:-1], h, du)
            if a.ndim not in (3, 4) or (a.ndim == 4 and len(a) != self.k):
                raise ValueError(f"chunks: ({self.k}, n, h, du) or (n, h, du) with h, du = {h}, {du}, got {np.shape(seen)}")
            finite("chunks", a, *["network", "row", "step", "column"][4 - a.ndim :])
            s = self.view.hear(np.broadcast_to(a, (self.k, *a.shape[-3:])))
        else:
            wide = self.seen.mean.shape[2]
            if a.ndim not in (2, 3) or a.shape[-1] != wide or (a.ndim == 3 and len(a) != self.k):
                raise ValueError(f"seen: ({self.k}, n, {wide}) or (n, {wide}), got {a.shape}")
            finite("seen", a, *["network", "row", "column"][3 - a.ndim :])
            units = self.seen.into(np.broadcast_to(a, (self.k, *a.shape[-2:])))
            s = single("seen, in units of the demonstrations", units, "network", "row", "column")
        with alone():
            mu, log_sigma = self.posterior(s, self.look(x, s.shape[1]))
        for name, latents in (("means of latents", mu), ("deviations of latents", log_sigma.exp())):
            finite(name, array(latents), "network", "row", "coordinate")
        return array(mu), array(log_sigma.exp())

    def decode(self, z: ArrayLike, x: ArrayLike | None = None) -> Array:
        """The chunks (k, n, h, du) that latents z (k, n, latent), or (n, latent) shown to all, stand for."""
        a = np.asarray(z, dtype=float)
        if a.ndim not in (2, 3) or a.shape[-1] != self.latent or (a.ndim == 3 and len(a) != self.k):
            raise ValueError(f"latents: (n, {self.latent}) or ({self.k}, n, {self.latent}), got {a.shape}")
        z = single("latents", a, *["network", "row", "coordinate"][3 - a.ndim :]).expand(self.k, *a.shape[-2:])
        with alone():
            return self.view.say(self.decoded(z, self.look(x, a.shape[-2])))


def fit_autoencoders(
    demos: Demonstrations,
    fit: Fit,
    *,
    penalties: Sequence[float],
    latent: int = 4,
    loss: str = "squared",
    penalty: Literal["kl", "mmd"] = "kl",
    jitter: float | None = None,
    units: Literal["data", "spread"] = "spread",
    seen: Array | None = None,
    strata: int = 1,
    components: int = 0,
    encoder: Sequence[int] | None = None,
) -> Autoencoders:
    """One autoencoder for each data set and entry of ``penalties``, the weights of the penalty.

    The error, ``squared`` or ``absolute``, is the mean over the coordinates of a chunk, in the ``units`` of the data or of their
    spread: they are what such a weight is measured in. ``jitter`` fixes the posteriors' width. ``seen`` (k, N, d) is what the encoder
    sees (default: the chunk). ``strata``: that many consecutive rows of a batch have stratified latent noise, fresh in every step.
    ``components`` > 0: the prior is a mixture of so many Gaussians fitted to the codes, given the observation. ``encoder``: its hidden
    widths, where they are not those of ``fit``. Raises ``ValueError`` naming the argument that does not fit.
    """
    k = demos.k
    if len(penalties) != k or not all(0 <= p < math.inf for p in penalties):
        raise ValueError(f"penalties: {k} numbers >= 0, one a data set, got {tuple(penalties)}")
    if penalty not in ("kl", "mmd") or (penalty == "kl" and jitter is not None) or (jitter is not None and not jitter > 0):
        raise ValueError(f"penalty: kl (without jitter) or mmd, got {penalty!r} with jitter {jitter}")
    if units not in ("data", "spread"):
        raise ValueError(f"units: data or spread, got {units!r}")
    if seen is not None and (seen.ndim != 3 or seen.shape[:2] != (k, demos.rows)):
        raise ValueError(f"seen: ({k}, {demos.rows}, d), got {seen.shape}")
    if seen is not None:
        finite("seen", seen, "network", "row", "column")
    data, errors = Data(demos, fit), error(loss)
    if penalty == "mmd" and (fit.batch == 1 or demos.rows - data.learned.stop == 1):
        raise ValueError(f"penalty: mmd compares rows, two a batch or more, got batch {fit.batch} and held_out {fit.held_out}")
    if penalty == "mmd" and demos.weights is not None and ((demos.weights[:, data.learned] > 0).sum(axis=1) < 2).any():
        raise ValueError("penalty: mmd compares rows, and fewer than two that are learned from weigh")
    if strata < 1 or (fit.batch or data.learned.stop) % strata:
        raise ValueError(f"strata: a divisor of the rows of a batch, {fit.batch or data.learned.stop}, got {strata}")
    size = tensor(data.view.act.spread) ** {"squared": 2, "absolute": 1}[loss] if units == "data" else tensor(1.0)
    w = None if demos.weights is None else demos.weights[:, data.learned, None]
    scale = None if seen is None else Scale.of(seen[:, data.learned], w)
    shown = data.act if seen is None or scale is None else tensor(scale.into(seen))
    hidden = data.hidden() if encoder is None else encoder
    says = (2 if jitter is None else 1) * latent
    heads = Autoencoders(
        **data.untrained(), penalties=tuple(map(float, penalties)), jitter=jitter, latent=latent,
        encoder=Ensemble(k, (shown.shape[2] + data.features, *hidden, says), fit.seed, fit.activation),
        decoder=data.network(latent + data.features, data.size, plus=1), seen=scale,
    )  # fmt: skip
    price = tensor(penalties)

    def objective(batch: Batch) -> Losses:
        n = batch.rows.shape[1]
        mu, log_sigma = heads.posterior(shown[data.of, batch.rows], batch.obs)
        z = mu + log_sigma.exp() * stratified(k, n, latent, strata if n % strata == 0 else 1, data.g)
        miss = errors(heads.decoded(z, batch.obs) - batch.act) * size
        if penalty == "mmd":
            return Losses(miss, batch.mask, price * mmd(z, stratified(k, n, latent, 1, data.g), batch.weights))
        return Losses(miss, batch.mask, price * average(kl_to_prior(mu, log_sigma), batch.weights))

    trained = data.train([*heads.encoder.parameters(), *heads.decoder.parameters()], objective)
    heads = replace(heads, **trained)
    if not components:
        return heads
    with alone():
        everything = data.at(data.all())
        mu, log_sigma = heads.posterior(shown, everything.obs)
        z = mu + log_sigma.exp() * stratified(k, demos.rows, latent, 1, generator(fit.seed))
    codes = demonstrations(array(everything.obs), array(z), weights=demos.weights)
    return replace(heads, prior=fit_mixture(codes, fit, components=components))
