"""Room for formulas: how wide each will be, so that lines break where they will break once MathJax has set it, and nothing jumps.

The width is measured with matplotlib in Computer Modern, the letters that MathJax has; a formula it cannot read gets no room.
"""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from typing import Any

from docutils import nodes
from matplotlib import rc_context
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from sphinx.application import Sphinx

INLINE = re.compile(r'<span class="math notranslate nohighlight">\\\((.*?)\\\)</span>', re.S)
SIZE, EX = 100, 0.4306  # points at which it is measured; the height of an x in ems of these letters
SPELT = {r"\\le(?![a-z])": r"\\leq", r"\\ge(?![a-z])": r"\\geq", r"\\ne(?![a-z])": r"\\neq", r"\\to(?![a-z])": r"\\rightarrow"}
SPELT |= {r"\\[dt]frac": r"\\frac", r"\\frac *(\w) *(\w)": r"\\frac{\1}{\2}", r"\\frac *(\w) *\{": r"\\frac{\1}{"}
SPELT |= {
    r"\\(mathcal|mathbb|mathrm|sqrt|hat|bar|tilde) *(\\?[A-Za-z]+|\d)": r"\\\1{\2}",
    r"\\lvert|\\rvert": "|",
    r"\\text": r"\\mathrm",
}


@cache
def width(tex: str) -> float | None:
    """The width of an inline formula in ``ex``; None if it cannot be told."""
    for old, new in SPELT.items():
        tex = re.sub(old, new, tex)
    try:
        with rc_context({"mathtext.fontset": "cm"}):
            drawn = MathTextParser("path").parse(f"${tex}$", dpi=72, prop=FontProperties(size=SIZE))
    except (ValueError, RuntimeError):
        return None
    return round(float(drawn.width) / SIZE / EX, 1)


def roomy(html: str) -> str:
    """Every inline formula with its width."""

    def room(m: re.Match[str]) -> str:
        wide = width(" ".join(unescape(m[1]).split()))
        return m[0] if wide is None else m[0].replace("<span ", f'<span style="--qbc-w:{wide}ex" ', 1)

    return INLINE.sub(room, html)


def give(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    if "body" in context:
        context["body"] = roomy(context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", give, priority=920)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
