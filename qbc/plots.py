"""Drawing, never judging: measured numbers as dots with their intervals, theory dashed. Takes ``ax``, never shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from qbc.claims import Estimate


def use_style() -> None:
    """The book's style; in a notebook, figures become SVG without a clock in them, so that they are byte-stable."""
    plt.style.use(Path(__file__).with_name("qbc.mplstyle"))
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # not in a notebook
        return
    set_matplotlib_formats("svg", metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]


def measured(ax: Axes, x: ArrayLike, estimates: Sequence[Estimate], **style: Any) -> None:
    """Dots with interval bars at ``x``."""
    value = np.array([e.value for e in estimates])
    bars = np.array([[e.value - e.low for e in estimates], [e.high - e.value for e in estimates]])
    ax.errorbar(np.asarray(x), value, yerr=bars, **{"fmt": "o", "capsize": 2.5, **style})


def theory(ax: Axes, x: ArrayLike, y: ArrayLike, **style: Any) -> None:
    """A dashed line."""
    ax.plot(np.asarray(x), np.asarray(y), **{"ls": "--", "color": "0.25", "lw": 1.3, **style})


def density(ax: Axes, samples: ArrayLike, **style: Any) -> None:
    """A histogram scaled to a density."""
    sns.histplot(np.asarray(samples).ravel(), stat="density", element="step", ax=ax, **{"alpha": 0.35, **style})
