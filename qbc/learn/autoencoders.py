"""Conditional autoencoders for actions or chunks: a latent z carries what the observation leaves open.

The encoder sees the action and says where its latent lies, N(mu, sigma^2); the decoder sees the latent and the observation. What
is minimised is the mean error of the decoded action plus ``weight`` times a penalty that draws the latents to the prior N(0, I):
``kl`` draws every single posterior (a conditional VAE), ``mmd`` only the mixture of all of them (a Wasserstein autoencoder).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from qbc.learn.ensemble import Ensemble
from qbc.learn.training import array, minimise, tensor
from qbc.systems import Array

LOSSES: dict[str, Callable[[Tensor], Tensor]] = {"squared": torch.square, "absolute": torch.abs}


def stratified(k: int, n: int, latent: int, strata: int, g: torch.Generator) -> Tensor:
    """Standard normals (k, n, latent): in each block of ``strata`` consecutive rows every coordinate has one draw in each
    of ``strata`` equally likely intervals, in random order. ``strata`` = 1 gives independent draws."""
    if n % strata:
        raise ValueError(f"strata must divide the rows of a batch, got {strata} and {n}")
    cell = torch.rand(k, n // strata, strata, latent, generator=g).argsort(dim=2)
    u = (cell + torch.rand(cell.shape, generator=g)) / strata
    return tensor(torch.special.ndtri(u.clamp(1e-7, 1 - 1e-7)).reshape(k, n, latent))


def kl_to_prior(mu: Tensor, log_sigma: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, I)), summed over the last axis: (...,)."""
    return (0.5 * (mu**2 + (2 * log_sigma).exp() - 1) - log_sigma).sum(dim=-1)


def mmd(z: Tensor, prior: Tensor) -> Tensor:
    """Squared maximum mean discrepancy of samples (k, n, d), (k, n, d) without its diagonal, inverse multiquadric kernel: (k,)."""
    n, scale = z.shape[1], 2.0 * z.shape[2]

    def mean_kernel(a: Tensor, b: Tensor, pairs: int, without: float) -> Tensor:
        square = (a**2).sum(2)[:, :, None] + (b**2).sum(2)[:, None] - 2 * torch.bmm(a, b.transpose(1, 2))
        return ((scale / (scale + square)).sum(dim=(1, 2)) - without) / pairs

    inner = mean_kernel(z, z, n * (n - 1), n) + mean_kernel(prior, prior, n * (n - 1), n)
    return inner - 2 * mean_kernel(z, prior, n * n, 0.0)


@dataclass(frozen=True)
class Autoencoders:
    """k fitted autoencoders side by side; ``weights`` holds the weight of the penalty of each.

    Observations ``s`` (N, ds) or (k, N, ds) are left out where there is one observation for all.
    """

    encoder: Ensemble
    decoder: Ensemble
    weights: tuple[float, ...]
    jitter: float | None  # the fixed sigma of the posteriors, None where it is learned

    def posterior(self, seen: Tensor, s: Tensor | None) -> tuple[Tensor, Tensor]:
        out = self.encoder(join(seen, s))
        if self.jitter is not None:
            return out, torch.full_like(out, self.jitter).log()
        mu, log_sigma = out.chunk(2, dim=2)
        return mu, log_sigma

    def encode(self, seen: Array, s: Array | None = None) -> tuple[Array, Array]:
        """Mean and standard deviation of the latents of the actions ``seen`` (N, da) or (k, N, da): (k, N, latent) each."""
        with torch.no_grad():
            mu, log_sigma = self.posterior(tensor(seen), None if s is None else tensor(s))
        return array(mu), array(log_sigma.exp())

    def decode(self, z: Array, s: Array | None = None) -> Array:
        """The actions that latents z (k, N, latent) or (N, latent) stand for: (k, N, da)."""
        given = z.shape[-1] + (0 if s is None else s.shape[-1])
        if given != self.decoder.dims[0]:
            raise ValueError(f"decode needs {self.decoder.dims[0]} coordinates of latent and observation together, got {given}")
        with torch.no_grad():
            return array(self.decoder(join(tensor(z), None if s is None else tensor(s))))

    def only(self, i: int) -> Autoencoders:
        """Autoencoder i alone."""
        one = slice(i, i + 1)
        return Autoencoders(self.encoder.part(one), self.decoder.part(one), self.weights[one], self.jitter)


def join(x: Tensor, s: Tensor | None) -> Tensor:
    """x and s side by side, whichever of them is shared by all networks."""
    if s is None:
        return x
    if x.ndim != s.ndim:
        k = max(t.shape[0] for t in (x, s) if t.ndim == 3)
        x, s = (t if t.ndim == 3 else t.expand(k, *t.shape) for t in (x, s))
    return torch.cat([x, s], dim=-1)


def fit_autoencoders(
    a: Array,
    weights: Sequence[float],
    *,
    seed: int,
    steps: int,
    latent: int = 1,
    s: Array | None = None,
    seen: Array | None = None,
    loss: str = "squared",
    penalty: str = "kl",
    jitter: float | None = None,
    strata: int = 1,
    batch: int | None = None,
    lr: float = 3e-3,
    encoder: Sequence[int] = (32,),
    decoder: Sequence[int] = (32, 32),
) -> Autoencoders:
    """Fit one autoencoder of the actions or chunks a (N, da) for each entry of ``weights``, or a (k, N, da), one data set each.

    The error, ``squared`` or ``absolute``, is the mean over the coordinates of a. ``seen`` is what the encoder sees (default: a),
    ``jitter`` fixes the posteriors' width, ``strata`` is the number of consecutive rows of a batch (default: all rows, in order)
    whose latent noise is stratified, fresh in every step; ``encoder`` and ``decoder`` are hidden widths.
    """
    k = len(weights)
    given = [x for x in (a, s, seen) if x is not None]
    if any(x.ndim not in (2, 3) or x.shape[-2] != a.shape[-2] or (x.ndim == 3 and len(x) != k) for x in given):
        raise ValueError(f"fit_autoencoders needs (N, .) or ({k}, N, .) arrays of one N, got {[x.shape for x in given]}")
    if loss not in LOSSES or penalty not in ("kl", "mmd") or (penalty == "kl" and jitter is not None):
        raise ValueError(f"loss is squared or absolute, penalty kl (no jitter) or mmd, got {loss!r}, {penalty!r}, jitter {jitter}")
    A, X = (tensor(x).expand(k, *x.shape[-2:]) for x in (a, a if seen is None else seen))
    S = None if s is None else tensor(s).expand(k, *s.shape[-2:])
    d_s, d_out = (0 if S is None else S.shape[2]), (2 if jitter is None else 1) * latent
    fit = Autoencoders(
        Ensemble(k, (X.shape[2] + d_s, *encoder, d_out), seed),
        Ensemble(k, (latent + d_s, *decoder, A.shape[2]), seed + 1),
        tuple(map(float, weights)),
        jitter,
    )
    g, rows, weight = torch.Generator().manual_seed(seed), torch.arange(k)[:, None], tensor(weights)
    size = batch or a.shape[-2]

    def objective() -> Tensor:
        at = (rows, torch.randint(a.shape[-2], (k, size), generator=g)) if batch else slice(None)
        S_i = None if S is None else S[at]
        mu, log_sigma = fit.posterior(X[at], S_i)
        z = mu + log_sigma.exp() * stratified(k, size, latent, strata, g)
        error = LOSSES[loss](fit.decoder(join(z, S_i)) - A[at]).mean(dim=(1, 2))
        price = kl_to_prior(mu, log_sigma).mean(dim=1) if penalty == "kl" else mmd(z, stratified(k, size, latent, 1, g))
        total: Tensor = (error + weight * price).sum()
        return total

    minimise([*fit.encoder.parameters(), *fit.decoder.parameters()], objective, steps=steps, lr=lr)
    return fit
