"""Learners: least squares, squared loss, log-loss and denoising fits. The only room that imports torch.

====================  ==============================================================================
``linear``            least squares, closest to a prior
``training``          the device, arrays in and out, one Adam loop for every network
``heads``             one network: a conditional mean, a conditional mixture
``ensemble``          k networks of one shape side by side: seeds, noise levels or checkpoints at once
``tokens``            softmax regression over action tokens, its total-variation slope declared
``diffusion``         conditional denoising diffusion policies, trained on noised observations
``sgd``               streaming SGD: every checkpoint a policy, raw and averaged
====================  ==============================================================================

Every fit takes a ``seed`` and gives the same policy for the same seed, also in another process: one thread, its own
generators, no global state. Networks live on ``DEVICE``, an accelerator where torch sees one; random numbers are drawn on
the processor, so that another device changes the rounding and nothing else.
"""

from qbc.learn.diffusion import Diffusion, fit_diffusion
from qbc.learn.ensemble import Ensemble, Networks, fit_ensemble
from qbc.learn.heads import MeanHead, MixtureHead, Network, fit_mean, fit_mixture, mixture_loss, mlp, train
from qbc.learn.linear import fit_linear
from qbc.learn.sgd import Checkpoints, Gains, stream_gains, stream_networks, tangents
from qbc.learn.tokens import TokenHead, fit_tokens
from qbc.learn.training import DEVICE

__all__ = [
    "DEVICE",
    "Checkpoints",
    "Diffusion",
    "Ensemble",
    "Gains",
    "MeanHead",
    "MixtureHead",
    "Network",
    "Networks",
    "TokenHead",
    "fit_diffusion",
    "fit_ensemble",
    "fit_linear",
    "fit_mean",
    "fit_mixture",
    "fit_tokens",
    "mixture_loss",
    "mlp",
    "stream_gains",
    "stream_networks",
    "tangents",
    "train",
]
