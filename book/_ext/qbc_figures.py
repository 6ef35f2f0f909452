"""Figures that keep their room and their legibility: each has its size before it is loaded, and no letter falls below ten pixels."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

IMAGE = re.compile(r'<img [^>]*src="[^"]*?(?P<name>[\w.-]+\.svg)"[^>]*?/?>')
SIZE = re.compile(r'<svg [^>]*?width="([\d.]+)pt" height="([\d.]+)pt"')
TEXT = re.compile(r"scale\((0\.\d+) -0?\.\d+\)")  # text as paths: glyphs of 100 units, set at so many points
LEAST, PIXELS = 10, 4 / 3  # pixels that the smallest letters have; pixels in a point


@cache
def measure(path: Path) -> tuple[float, float, float] | None:
    """Of a figure of matplotlib: width and height in pixels, and the width at which its smallest letters have ``LEAST`` pixels."""
    drawn = path.read_text("utf8")
    size = SIZE.search(drawn)
    if size is None:
        return None
    width, height = (float(x) * PIXELS for x in size.groups())
    smallest = min((100 * float(x) * PIXELS for x in TEXT.findall(drawn)), default=float(LEAST))
    return width, height, width * LEAST / smallest


def sized(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give every figure its size, a box to scroll in where it is wider than the window, and fetch it when it comes near."""
    files = {name: Path(app.srcdir) / uri for uri, name in getattr(app.builder, "images", {}).items()}

    def box(found: re.Match[str]) -> str:
        path = files.get(found["name"])
        size = measure(path) if path and path.is_file() else None
        if size is None:
            return found[0]
        width, height, least = map(round, size)
        given = f'width="{width}" height="{height}" loading="lazy" decoding="async" style="--qbc-least: {least}px"'
        return f'<span class="qbc-wide">{found[0].replace("<img ", f"<img {given} ", 1)}</span>'

    if "body" in context:
        context["body"] = IMAGE.sub(box, context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", sized, priority=910)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
