"""Learners: least squares, squared loss, log-loss and denoising fits. The only part of qbc that imports torch.

====================  ==============================================================================
``linear``            least squares, closest to a prior; the path of gradient descent to it
``training``          the device, arrays in and out, one Adam loop for every network
``scale``             data in units of their own spread
``heads``             one network: a conditional mean, a conditional mixture
``ensemble``          k networks of one shape side by side: seeds, noise levels or checkpoints at once
``tokens``            softmax regression over action tokens, its total-variation slope declared
``diffusion``         conditional denoising diffusion policies, trained on noised observations
``sgd``               streaming SGD: every checkpoint a policy, raw and averaged
``autoencoders``      conditional autoencoders: per-sample (VAE) or aggregate (MMD) penalties on the latent
``flows``             flow matching, DDPM and DDIM in a chosen number of network evaluations
``lipschitz``         generators with a certified Lipschitz constant
``chunks``            heads that answer with a whole chunk: points, mixtures
``codes``             heads that draw a latent, a learned code or a prototype and decode it to a chunk
``estimators``        any estimator of scikit-learn
``autoregressive``    log-loss on tokens drawn one after the other: steps of a path, coefficients of a chunk
====================  ==============================================================================

Every fit takes a ``seed`` and gives the same policy for the same seed, also in another process: one thread, its own
generators, no global state. Networks live on ``DEVICE``, an accelerator where torch sees one; random numbers are drawn on
the processor, so that another device changes the rounding and nothing else.
"""

from qbc.learn.autoencoders import Autoencoders, fit_autoencoders
from qbc.learn.autoregressive import Sight, Steppers, fit_coefficients, fit_steppers
from qbc.learn.chunks import Head, fit_chunk_mixture, fit_points
from qbc.learn.codes import fit_codes, fit_latents, fit_prototypes
from qbc.learn.diffusion import Diffusion, fit_diffusion
from qbc.learn.ensemble import Ensemble, Networks, fit_ensemble
from qbc.learn.estimators import fit_estimator
from qbc.learn.flows import Denoiser, Flow, fit_denoiser, fit_flow
from qbc.learn.heads import MeanHead, MixtureHead, Network, fit_mean, fit_mixture, mixture_loss, mlp, train
from qbc.learn.linear import descend, fit_linear
from qbc.learn.lipschitz import Generators, fit_lipschitz
from qbc.learn.sgd import Checkpoints, Gains, stream_gains, stream_networks, tangents
from qbc.learn.tokens import TokenHead, fit_tokens
from qbc.learn.training import DEVICE

__all__ = [
    "DEVICE",
    "Autoencoders",
    "Checkpoints",
    "Denoiser",
    "Diffusion",
    "Ensemble",
    "Flow",
    "Gains",
    "Generators",
    "Head",
    "MeanHead",
    "MixtureHead",
    "Network",
    "Networks",
    "Sight",
    "Steppers",
    "TokenHead",
    "descend",
    "fit_autoencoders",
    "fit_chunk_mixture",
    "fit_codes",
    "fit_coefficients",
    "fit_denoiser",
    "fit_diffusion",
    "fit_ensemble",
    "fit_estimator",
    "fit_flow",
    "fit_latents",
    "fit_linear",
    "fit_lipschitz",
    "fit_mean",
    "fit_mixture",
    "fit_points",
    "fit_prototypes",
    "fit_steppers",
    "fit_tokens",
    "mixture_loss",
    "mlp",
    "stream_gains",
    "stream_networks",
    "tangents",
    "train",
]
