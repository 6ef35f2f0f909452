"""Figures: series that differ in colour differ in shape or pattern as well, and their captions say which."""

import itertools
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from qbc import plots
from qbc.claims import Estimate
from qbc.pipeline import chapters

PALETTE, MANY = [f"C{k}" for k in range(6)], np.linspace(0, 1, 50)
CHAPTERS = chapters.find(chapters.root())
HUES = r"\b(?:blue|orange|green|pink|purple|red|yellow)\b"
SHAPES = "circles|squares|triangles|diamonds|crosses|solid|dashed|dotted|dash-dotted|thick"


@pytest.fixture
def ax():
    with plt.rc_context():
        plots.use_style()
        fig, ax = plt.subplots()
        yield ax
        plt.close(fig)


def look(line):
    """What is seen of a line in black and white."""
    return line.get_marker(), str(line.get_linestyle()), line._unscaled_dash_pattern


DRAWN = {
    "dots": lambda ax, color: ax.plot(MANY, MANY, "o", color=color)[0],
    "points": lambda ax, color: ax.plot(MANY, MANY, ".", color=color)[0],
    "lines": lambda ax, color: ax.plot(MANY, MANY, color=color)[0],
    "thin lines": lambda ax, color: ax.plot(MANY, MANY, color=color, lw=0.5)[0],
    "lines of few points": lambda ax, color: ax.plot(MANY[:5], MANY[:5], color=color)[0],
    "levels": lambda ax, color: ax.axhline(0.5, color=color, ls=":"),
    "theory": lambda ax, color: (plots.theory(ax, MANY, MANY, color=color), ax.lines[-1])[1],
    "measured": lambda ax, color: (plots.measured(ax, [0], [Estimate(1, 0, 2)], color=color), ax.containers[-1][0])[1],
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_no_two_colours_look_alike_in_black_and_white(ax, draw):
    seen = [look(draw(ax, color)) for color in PALETTE]
    assert all(a != b for a, b in itertools.combinations(seen, 2))


@pytest.mark.parametrize("marker", ["", "."])
def test_nor_do_as_many_heads_as_chapter_13_draws(ax, marker):
    lines = [ax.plot(MANY[:5], MANY[:5] + k, marker, color=plt.cm.tab20(k))[0] for k in range(14)]
    assert len({line.get_marker() for line in lines}) == 14


def test_nor_do_clouds_and_crosses(ax):
    clouds = [ax.scatter(MANY, MANY, color=color).get_paths()[0].vertices for color in PALETTE]
    assert all(a.shape != b.shape or not np.allclose(a, b) for a, b in itertools.combinations(clouds, 2))
    one, two = (ax.plot(MANY, MANY, mark)[0].get_marker() for mark in ("C1x", "C2+"))
    assert {one, two} == set("x+")


def test_the_first_colour_and_what_the_text_chose_stay_as_they_are(ax):
    assert look(ax.plot(MANY, MANY)[0])[:2] == ("None", "-")
    assert ax.plot(MANY, MANY, "s", color="C2")[0].get_marker() == "s"
    assert ax.plot(MANY, MANY, "o-", color="0.3")[0].get_marker() == "o"
    assert ax.plot(MANY[:5], MANY[:5], "o-", color="C2")[0].get_linestyle() == "-"
    several = ax.scatter(MANY[:2], MANY[:2], c=["C1", "white"])
    assert np.allclose(several.get_paths()[0].vertices, ax.scatter([0], [0]).get_paths()[0].vertices)


def test_a_key_shows_the_pattern(ax):
    ax.plot(MANY, MANY, color="C1", label="a")
    ax.plot([], [], color="C2", label="b")
    one, two = ax.legend().get_lines()
    assert look(one) != look(two)
    assert one.is_dashed()
    assert two.is_dashed()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.stem)
def test_a_caption_that_names_a_colour_names_its_shape(chapter):
    figures = [c.metadata.get("mystnb", {}).get("figure", {}) for c in chapters.derive(chapter).cells]
    for caption in (f["caption"] for f in figures if f):
        assert len(re.findall(HUES, caption)) == len(re.findall(rf"{HUES},? (?:{SHAPES})\b", caption)), caption
