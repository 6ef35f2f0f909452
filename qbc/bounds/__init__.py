"""The right-hand sides: one pure function for each theorem, with its label, its source and the domain it holds on.

A module holds the functions of one chapter; all of them are reached as
``bounds.name``. The last line of each docstring tells the domain; outside it a function raises ``ValueError`` with the argument, what
it must be and what it was (:mod:`qbc.bounds.domain`). Letters and units are those of the notation page of the book: lengths and actions
in the plant's units, time in steps, probabilities and regrets per unit of reward plain numbers, information in nats.
"""

from qbc.bounds.augmentation import *  # noqa: F403
from qbc.bounds.chunks import *  # noqa: F403
from qbc.bounds.collapse import *  # noqa: F403
from qbc.bounds.compounding import *  # noqa: F403
from qbc.bounds.continuity import *  # noqa: F403
from qbc.bounds.delay import *  # noqa: F403
from qbc.bounds.domain import is_bound as _is_bound
from qbc.bounds.gains import *  # noqa: F403
from qbc.bounds.horizon import *  # noqa: F403
from qbc.bounds.lanes import *  # noqa: F403
from qbc.bounds.limits import *  # noqa: F403
from qbc.bounds.log_loss import *  # noqa: F403
from qbc.bounds.multimodal import *  # noqa: F403
from qbc.bounds.noising import *  # noqa: F403
from qbc.bounds.plants import *  # noqa: F403
from qbc.bounds.prediction import *  # noqa: F403
from qbc.bounds.quantization import *  # noqa: F403
from qbc.bounds.replicas import *  # noqa: F403
from qbc.bounds.robots import *  # noqa: F403
from qbc.bounds.sgd import *  # noqa: F403
from qbc.bounds.stability import *  # noqa: F403
from qbc.bounds.tokenizers import *  # noqa: F403
from qbc.bounds.transport import *  # noqa: F403

__all__ = sorted(name for name, f in list(globals().items()) if _is_bound(f))


def __dir__() -> list[str]:
    """The right-hand sides alone: modules hold names of others, too."""
    return __all__
