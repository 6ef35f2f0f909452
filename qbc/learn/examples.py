"""One instance of every head, over which the law tests run: a new head is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qbc.demonstrations import Demonstrations
from qbc.learn.autoencoders import fit_autoencoders
from qbc.learn.autoregressive import fit_tokens
from qbc.learn.codes import fit_codebook, fit_prototypes
from qbc.learn.contexts import Prefix, Sight
from qbc.learn.fitting import Fit
from qbc.learn.head import Head
from qbc.learn.mixture import fit_mixture
from qbc.learn.regression import fit_regression
from qbc.learn.samplers import fit_denoiser, fit_flow


@dataclass(frozen=True)
class Example:
    fit: Callable[[Demonstrations, Fit], Head]
    modes: bool = True  # can represent several modes of one coordinate
    padded: bool = True  # learns from chunks with padded steps
    coarse: bool = False  # answers are rounded to tokens or prototypes
    steps: bool = False  # an action of 0 leads nowhere: shifted actions are not the same in other units


EXAMPLES: dict[str, Example] = {
    "mean": Example(fit_regression, modes=False),
    "median": Example(lambda d, f: fit_regression(d, f, loss="absolute"), modes=False),
    "mixture": Example(lambda d, f: fit_mixture(d, f, components=4)),
    "mixture's centres": Example(lambda d, f: fit_mixture(d, f, components=4, spread=False)),
    "CVAE": Example(lambda d, f: fit_autoencoders(d, f, penalties=[0.003] * d.k), modes=False),
    "CVAE, learned prior": Example(lambda d, f: fit_autoencoders(d, f, penalties=[0.003] * d.k, components=4)),
    "aggregate penalty": Example(
        lambda d, f: fit_autoencoders(d, f, penalties=[0.1] * d.k, penalty="mmd", jitter=0.1, loss="absolute", components=4)
    ),
    "codebook": Example(lambda d, f: fit_codebook(d, f, codes=[4] * d.k), coarse=True),
    "prototypes": Example(lambda d, f: fit_prototypes(d, f, codes=8), padded=False, coarse=True),
    "flow": Example(fit_flow),
    "flow of data": Example(lambda d, f: fit_flow(d, f, guess="data", clip=False)),
    "DDPM": Example(fit_denoiser),
    "diffusion of data": Example(lambda d, f: fit_denoiser(d, f, guess="data")),
    "diffusion over levels": Example(lambda d, f: fit_denoiser(d, f, path="levels", guess="data", wide=True)),
    "tokens": Example(lambda d, f: fit_tokens(d, f, bins=16, context=Prefix(octaves=1)), coarse=True),
    "tokens, stepwise": Example(lambda d, f: fit_tokens(d, f, bins=16, context=Sight(octaves=1, last=1)), coarse=True, steps=True),
    "tokens, ordinal": Example(lambda d, f: fit_tokens(d, f, bins=16, loss="ordinal", components=2), coarse=True),
}
