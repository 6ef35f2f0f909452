"""What is wrong with robot demonstrations, before anybody trains on them: ``qbc diagnose PATH``, or ``qbc.diagnose(path, seed=0)``.

==============  ==================================================================================
``report``      one pass over the rows, the sections, and all of it as a dataclass
``rows``        blocks of sound rows, and a sample of stretches of episodes
``sketch``      quantiles of a stream, with an error that is certain
``marginals``   each dimension by itself: ends, quantiles, atoms, steps, levels, wraps
``stored``      statistics that came with the data, against the rows
``alignment``   increments or targets, and by how many steps the state follows
``motion``      typical steps, and pauses
``drift``       summed increments, with even and odd numbers of bins
``neighbours``  smoothness, and two ways at neighbouring states
``horizon``     how far an error carries: a gain, or loops fitted to the data
``tokens``      tokenizers of chunks: length, error, and how well a small head predicts them
``findings``    named faults, a rule each, silent on clean data
``advice``      what to train with, what would change it, and what cannot be seen
``shown``       as text; ``page``: as HTML; ``plain``: as JSON; ``command``: the command
==============  ==================================================================================

``import qbc.diagnose``; the module itself can be called, which is `report.diagnose`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from qbc.diagnose.page import page
from qbc.diagnose.plain import as_json
from qbc.diagnose.report import Report, diagnose
from qbc.diagnose.shown import text

__all__ = ["Report", "as_json", "diagnose", "page", "text"]


class _Callable(ModuleType):
    """``qbc.diagnose`` is a folder of modules and what a reader calls: both names at once."""

    def __call__(self, *args: Any, **options: Any) -> Report:
        return diagnose(*args, **options)


sys.modules[__name__].__class__ = _Callable
