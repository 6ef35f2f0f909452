"""Drawing, never judging: measured numbers as dots with their intervals, theory dashed. Takes ``ax``, never shows.

A colour never stands alone: with it go the shape of its dots and the pattern of its lines (``Look``), whoever draws them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import same_color
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.projections import register_projection
from numpy.typing import ArrayLike

from qbc.claims import Estimate

SHAPES = "os^DvP*X<>hpd8"
CROSSES = "x+"
PATTERNS = {  # of lines that are solid, dashed or dotted, which they stay to the eye: lengths of strokes and gaps, in line widths
    "-": ((), (9, 2, 2, 2), (5, 1.5, 1.5, 1.5, 1.5, 1.5), (14, 2.5), (9, 2, 4, 2), (14, 2, 1.5, 2, 1.5, 2)),
    "--": ((3.7, 1.6), (7, 1.6), (3.7, 4), (2.5, 1.5), (7, 1.6, 3, 1.6), (10, 3)),
    ":": ((1, 1.65), (1, 3.5), (1, 1, 1, 3.5), (1, 6), (1, 2.5), (1, 1, 1, 1, 1, 4)),
}
FEW = 12  # a line through no more points than these, and more than two, shows them
THIN = 1.0  # below this width patterns shrink no further


def _number(colour: Any) -> int:
    """Which of the style's colours it is, or of ``tab20``; 0, whose look is the plain one, for the first and for any other."""
    palette: list[Any] = [c["color"] for c in plt.rcParams["axes.prop_cycle"]]
    found = [i for several in (palette, plt.get_cmap("tab20")(range(20))) for i, c in enumerate(several) if same_color(c, colour)]
    return found[0] if found else 0


class Apart(Axes):
    """Axes on which series differ by more than their hue: with a colour go the shape of its dots and the pattern of its lines."""

    name = "rectilinear"  # which ``plt.subplots`` asks for

    def add_line(self, line: Line2D) -> Line2D:
        k, kind, marker = _number(line.get_color()), str(line.get_linestyle()), line.get_marker()
        shape, few = SHAPES[k % len(SHAPES)], 2 < np.size(line.get_xdata()) <= FEW
        if k and marker in ("o", "."):
            line.set(marker=shape, markersize=line.get_markersize() if marker == "o" else max(3, 0.5 * line.get_markersize()))
        elif marker in tuple(CROSSES):
            line.set_marker(CROSSES[k % 2])
        elif k and kind == "-" and marker == "None" and few:
            line.set(marker=shape, markersize=4)
        elif k and kind in PATTERNS and marker == "None":
            stretch = max(1, THIN / line.get_linewidth())
            line.set_linestyle((0, [stretch * v for v in PATTERNS[kind][k % len(PATTERNS[kind])]]))
        return super().add_line(line)

    def scatter(self, *args: Any, **style: Any) -> PathCollection:
        dots = super().scatter(*args, **style)
        faces = np.asarray(dots.get_facecolor())
        if "marker" not in style and len(faces) == 1:
            shape = MarkerStyle(SHAPES[_number(faces[0, :3]) % len(SHAPES)])
            dots.set_paths([shape.get_path().transformed(shape.get_transform())])
        return dots


def use_style() -> None:
    """The book's style; in a notebook, figures become SVG without a clock in them, so that they are byte-stable."""
    register_projection(Apart)
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
