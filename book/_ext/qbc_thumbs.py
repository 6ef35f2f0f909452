"""A small picture of each chapter: its first figure, or the one its front matter names with ``thumbnail: fig-name``, without its words.

What is left of the figure has no ground, so that it stands on a light page as on a dark one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path as File
from typing import Any
from xml.etree import ElementTree

import numpy as np
from matplotlib.path import Path
from sphinx.application import Sphinx

from qbc.pipeline.chapters import Problem
from qbc.pipeline.notebooks import load

FIELD, FOLDER, MOST = "thumbnail", "_images", 15_000  # bytes
WIDTH, EDGE, GRAINS = 320, 6, (1, 2, 3, 5)  # of the picture, in its units: width, room around, how coarse it may be to be small
DOT = 15  # points across: what is smaller, and drawn again and again, is a dot
WORDS = ("text_", "legend_", "xtick_", "ytick_")
SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
STEP = re.compile(r"([MLCQz])([^MLCQz]*)")
GREY = "#808080"  # for black, which a dark page would swallow


def chosen(nb: dict[str, Any], stem: str) -> tuple[str, str]:
    """The figure that stands for an executed chapter, as SVG, and what it shows in words. Raises ``Problem`` if there is none."""
    name = nb["metadata"].get(FIELD)
    for cell in nb["cells"]:
        meta = cell["metadata"].get("mystnb", {})
        drawn = next((o["data"]["image/svg+xml"] for o in cell.get("outputs", []) if "image/svg+xml" in o.get("data", {})), None)
        if drawn is not None and meta.get("figure", {}).get("name") and name in (None, meta["figure"]["name"]):
            return "".join(drawn), meta["image"]["alt"]
    raise Problem(f"book/{stem}.md: no figure {name or 'at all'}, which is to stand for the chapter on the front page")


def _drawn(node: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """The paths and markers of a figure that are no words, in order."""
    for child in node:
        if child.tag in (f"{SVG}path", f"{SVG}use"):
            yield child
        elif child.tag != f"{SVG}defs" and not child.get("id", "").startswith(WORDS):
            yield from _drawn(child)


def _style(node: ElementTree.Element) -> dict[str, str]:
    return {k.strip(): v.strip() for k, _, v in (part.partition(":") for part in node.get("style", "").split(";"))}


def _points(d: str) -> Path:
    """A path of matplotlib, of curves their ends alone."""
    codes, at = [], []
    for code, numbers in STEP.findall(d):
        if code != "z":
            codes.append(Path.MOVETO if code == "M" else Path.LINETO)
            at.append([float(v) for v in numbers.split()[-2:]])
    return Path(np.array(at), codes)


def _clips(root: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    rects = ((c.get("id"), c.find(f"{SVG}rect")) for c in root.iter(f"{SVG}clipPath"))
    sides = {name: [float(r.get(k, 0)) for k in ("x", "y", "width", "height")] for name, r in rects if name and r is not None}
    return {f"url(#{name})": (x, y, x + w, y + h) for name, (x, y, w, h) in sides.items()}


def _marks(root: ElementTree.Element, grain: int) -> Iterator[tuple[str, np.ndarray]]:
    """The attributes of each thing drawn, and the points (n, 2) of each of its pieces."""
    clips, shapes = _clips(root), {f"#{n.get('id')}": n.get("d", "") for d in root.iter(f"{SVG}defs") for n in d.iter(f"{SVG}path")}
    whole = (-np.inf, -np.inf, np.inf, np.inf)
    for node in _drawn(root):
        style, clip = _style(node), clips.get(node.get("clip-path", ""), whole)
        fill, stroke = style.get("fill", "#000000"), style.get("stroke", "none")
        drawn, at = node.get("d") or shapes[node.get(LINK, "")], [float(node.get(k, 0)) for k in ("x", "y")]
        if node.tag == f"{SVG}use" and np.ptp(_points(drawn).vertices, axis=0).max() < DOT:
            yield f'stroke="{_seen(stroke if fill in ("none", "#ffffff") else fill)}" stroke-width="6"', np.array([at])
        elif fill == "none":
            line = _points(drawn)
            line.simplify_threshold = float(grain)
            clean = line.cleaned(simplify=True, clip=clip if np.isfinite(clip[0]) else None)
            ends = np.flatnonzero(clean.codes == Path.MOVETO)
            thin = float(style.get("stroke-width", 1)) < 1
            for piece in np.split(clean.vertices[clean.codes != Path.STOP], ends[1:]):
                yield f'stroke="{_seen(stroke)}" stroke-width="{1 if thin else 2.5}"', piece
        elif fill != "#ffffff":
            inside = np.clip(_points(drawn).vertices + at, clip[:2], clip[2:])
            yield f'fill="{_seen(fill)}" fill-opacity="{style.get("opacity", style.get("fill-opacity", 1))}"', inside


def _seen(colour: str) -> str:
    return GREY if re.fullmatch(r"#([0-6][0-9a-f])\1\1", colour) else colour


def _moves(piece: np.ndarray) -> str:
    """Whole coordinates as a path: the first absolute, the others relative."""
    steps = np.diff(piece, axis=0)
    said = "".join(f"{v}" if v < 0 else f" {v}" for v in steps[steps.any(axis=1)].ravel().tolist()).strip()
    return f"M{piece[0, 0]} {piece[0, 1]}" + (f"l{said}" if said else "h0")


def _small(root: ElementTree.Element, grain: int) -> str:
    marks = list(_marks(root, grain))
    every = np.concatenate([points for _, points in marks])
    low, high = every.min(axis=0), every.max(axis=0)
    scale = (WIDTH - 2 * EDGE) / (high - low)[0]
    drawn: dict[str, dict[str, None]] = {}
    for look, points in marks:
        drawn.setdefault(look, {})[_moves(np.round(((points - low) * scale + EDGE) / grain).astype(int) * grain)] = None
    height = round((high - low)[1] * scale + 2 * EDGE)
    paths = "".join(f'<path {look} d="{"".join(pieces)}"/>' for look, pieces in drawn.items())
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
    return f'{head}fill="none" stroke-linecap="round" stroke-linejoin="round">{paths}</svg>'


def thumbnail(svg: str) -> str:
    """A figure of matplotlib, small and without its words; as coarse as it takes to be small enough, if it can be."""
    root = ElementTree.fromstring(svg)
    tried = (_small(root, grain) for grain in GRAINS)
    return next((small for small in tried if len(small) <= MOST), _small(root, GRAINS[-1]))


def shown(path: File) -> str:
    """The image of an executed chapter, for a page of ``book``; its size stands in it, so that nothing moves."""
    drawn, alt = chosen(load(path), path.stem)
    small = thumbnail(drawn)
    if len(small) > MOST:
        raise Problem(f"book/{path.stem}.md: its figure is too full for a small one: name another with `{FIELD}: fig-name` in front")
    width, height = re.findall(r'(?:width|height)="\d+"', small)[:2]
    src = f'src="../{FOLDER}/thumb-{path.stem}.svg"'
    return f'<img class="qbc-thumb dark-light" {src} alt="{escape(alt)}" {width} {height} loading="lazy" decoding="async" />'


def write(app: Sphinx, error: Exception | None) -> None:
    for path in [] if error else sorted((File(app.srcdir) / "notebooks").glob("*.ipynb")):
        to = File(app.outdir) / FOLDER / f"thumb-{path.stem}.svg"
        to.parent.mkdir(exist_ok=True)
        to.write_text(thumbnail(chosen(load(path), path.stem)[0]), "utf8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
