"""Learners: least squares, squared loss, log-loss and denoising fits. The only part of qbc that imports torch.

Demonstrations (``qbc.demonstrations``) and the settings of a fit go in, a head comes out:

    head = fit_mixture(demonstrations(x, u), Fit(seed=0, steps=2000), components=4)
    u = head(x, rng)                                        # observations (k, n, dx) to chunks (k, n, h, du)

====================  ==============================================================================
``device``            the device, arrays in and out, one Adam loop for every network
``fitting``           settings, batches in the networks' units, the loss along the way; ``head``: what comes out
``losses``            what a batch costs each network, and how it is averaged
``view``              how networks see observations and say chunks
``scale``             columns in units of their own spread
``networks``          k networks of one shape side by side: seeds, noise levels or checkpoints at once
``regression``        one chunk for each observation: the mean, the median
``mixture``           mixture densities
``autoencoders``      per-sample (VAE) or aggregate (MMD) penalties on a latent; priors fitted to the codes
``codes``             learned codebooks, prototypes
``paths``             from noise to data; ``samplers``: flow matching, DDPM and DDIM along them
``chains``            a denoising chain as steps that explore; chunks completed, or drawn again from a level
``agents``            heads as policies that know how likely their draws were; ``tuning``: by what they earn
``softmax``           laws of a token: linear, its total-variation slope declared, or a network
``bernoulli``         two tokens, their law linear in the state: closest to a prior, as ``linear``
``cells``             log-losses on tokens: softmax, ordinal
``contexts``          what is seen of a chunk so far; ``autoregressive``: its tokens drawn one after the other
``lipschitz``         generators with a certified Lipschitz constant; ``secants``: how steep any map is at least
``sgd``               streaming SGD: every checkpoint a policy, raw and averaged
``token_means``       networks over tokens that play their mean, and the curvature of their log-loss along a functional
``linear``            least squares, closest to a prior; the path of gradient descent to it
``estimators``        any estimator of scikit-learn
====================  ==============================================================================

A fit gives the same head for the same seed, also in another process: one thread, its own generators, no global state.
Networks live on ``DEVICE``, an accelerator where torch sees one; random numbers are drawn on the processor, so that another
device changes the rounding and nothing else.
"""

from qbc.learn.agents import Denoising, Dense, Gaussian, Speaking
from qbc.learn.autoencoders import Autoencoders, fit_autoencoders
from qbc.learn.autoregressive import Bins, Tokens, fit_tokens
from qbc.learn.bernoulli import fit_bernoulli
from qbc.learn.chains import Chain
from qbc.learn.codes import Codebook, Prototypes, fit_codebook, fit_prototypes
from qbc.learn.contexts import Prefix, Sight
from qbc.learn.device import DEVICE
from qbc.learn.estimators import fit_estimator
from qbc.learn.fitting import Fit
from qbc.learn.head import Head
from qbc.learn.linear import descend, fit_linear
from qbc.learn.lipschitz import Generators, fit_lipschitz
from qbc.learn.mixture import Mixture, fit_mixture
from qbc.learn.networks import Ensemble, Networks
from qbc.learn.regression import Regression, fit_regression
from qbc.learn.samplers import Sampler, fit_denoiser, fit_flow
from qbc.learn.secants import steepest
from qbc.learn.sgd import Checkpoints, Gains, stream_gains, stream_networks
from qbc.learn.softmax import TokenHead, fit_softmax
from qbc.learn.token_means import TokenMeans, curvature_along
from qbc.learn.tuning import Tuning, tune
from qbc.learn.view import AtRest

__all__ = [
    "DEVICE",
    "AtRest",
    "Autoencoders",
    "Bins",
    "Chain",
    "Checkpoints",
    "Codebook",
    "Denoising",
    "Dense",
    "Ensemble",
    "Fit",
    "Gains",
    "Gaussian",
    "Generators",
    "Head",
    "Mixture",
    "Networks",
    "Prefix",
    "Prototypes",
    "Regression",
    "Sampler",
    "Sight",
    "Speaking",
    "TokenHead",
    "TokenMeans",
    "Tokens",
    "Tuning",
    "curvature_along",
    "descend",
    "fit_autoencoders",
    "fit_bernoulli",
    "fit_codebook",
    "fit_denoiser",
    "fit_estimator",
    "fit_flow",
    "fit_linear",
    "fit_lipschitz",
    "fit_mixture",
    "fit_prototypes",
    "fit_regression",
    "fit_softmax",
    "fit_tokens",
    "steepest",
    "stream_gains",
    "stream_networks",
    "tune",
]
