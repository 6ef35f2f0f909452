"""The right-hand sides: one pure function for each theorem, with its label, its source and the domain it holds on.

A module holds the functions of one chapter (08 has two, ``noising`` and ``lanes``); all of them are reached as
``bounds.name``. Outside its domain a function raises ``ValueError`` and says what it wanted.
"""

from qbc.bounds.augmentation import *  # noqa: F403
from qbc.bounds.collapse import *  # noqa: F403
from qbc.bounds.compounding import *  # noqa: F403
from qbc.bounds.continuity import *  # noqa: F403
from qbc.bounds.horizon import *  # noqa: F403
from qbc.bounds.lanes import *  # noqa: F403
from qbc.bounds.limits import *  # noqa: F403
from qbc.bounds.log_loss import *  # noqa: F403
from qbc.bounds.multimodal import *  # noqa: F403
from qbc.bounds.noising import *  # noqa: F403
from qbc.bounds.quantization import *  # noqa: F403
from qbc.bounds.sgd import *  # noqa: F403
from qbc.bounds.stability import *  # noqa: F403
from qbc.bounds.transport import *  # noqa: F403
