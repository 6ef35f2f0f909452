"""The small picture of a chapter: which figure it is, and what is left of it."""

import io
import re
import sys
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest

from qbc import plots
from qbc.pipeline import chapters
from qbc.pipeline.chapters import Problem

sys.path.insert(0, str(chapters.root() / "book" / "_ext"))
from qbc_thumbs import GREY, MOST, WIDTH, _small, chosen, thumbnail

NUMBERS = r"-?\d+"


@pytest.fixture(scope="module")
def drawn():
    with plt.rc_context():
        plots.use_style()
        fig, (a, b) = plt.subplots(1, 2)
        x = np.linspace(0, 1, 400)
        a.plot(x, 3 * x - 1, color="C0", label="words")
        a.plot(x[::40], x[::40], "o", color="C1")
        a.set(xlabel="words", ylim=(0, 1), title="words")
        a.legend()
        plots.theory(b, x, x**2, color="k")
        b.fill_between(x, 0, x, color="C3")
        b.add_patch(plt.Rectangle((0.2, 0.2), 0.3, 0.3, color="C2", alpha=0.5))
        file = io.StringIO()
        fig.savefig(file, format="svg")
        plt.close(fig)
    return file.getvalue()


def test_it_is_small_has_no_words_no_ground_and_every_colour(drawn):
    small = thumbnail(drawn)
    assert len(small) < 3000 < len(drawn)
    assert not re.search(r"<(?!/?svg|path)|#ffffff|#000000", small)
    colours = set(re.findall(r'(?:stroke|fill)="(#\w+)"', small))
    assert {"#0072b2", "#d55e00", "#009e73", "#cc79a7", GREY} <= colours


def test_all_of_it_lies_within_its_frame_and_a_line_is_clipped_to_its_axes(drawn):
    small = thumbnail(drawn)
    width, height = (int(v) for v in re.search(r'width="(\d+)" height="(\d+)"', small).groups())
    assert width == WIDTH
    for piece in re.findall(r"M[^M\"]*", small):
        x, y, *steps = (int(v) for v in re.findall(NUMBERS, piece.replace("h0", "")))
        at = np.cumsum([(x, y), *zip(steps[::2], steps[1::2], strict=True)], axis=0)
        assert (at >= 0).all()
        assert (at <= (width, height)).all()


def test_a_straight_line_of_many_points_needs_few(drawn):
    (line,) = re.findall(r'<path stroke="#0072b2" stroke-width="2.5" d="([^"]*)"', thumbnail(drawn))
    assert len(re.findall(NUMBERS, line)) <= 8


def test_a_full_figure_becomes_coarser_until_it_is_small():
    x = np.random.default_rng(0).uniform(size=(2, 2500))
    fig, ax = plt.subplots()
    ax.plot(*x, "o", color="C0")
    file = io.StringIO()
    fig.savefig(file, format="svg")
    plt.close(fig)
    assert len(thumbnail(file.getvalue())) <= MOST < len(_small(ElementTree.fromstring(file.getvalue()), 1))


def notebook(*names, **front):
    def cell(name):
        shown = {"output_type": "display_data", "data": {"image/svg+xml": ["<svg>", name]}}
        return {"metadata": {"mystnb": {"figure": {"name": name}, "image": {"alt": f"alt of {name}"}}}, "outputs": [shown]}

    return {"metadata": front, "cells": [{"metadata": {}, "cell_type": "markdown"}, *map(cell, names)]}


def test_it_is_the_first_figure_or_the_one_that_the_text_names():
    assert chosen(notebook("fig-a", "fig-b"), "01-a") == ("<svg>fig-a", "alt of fig-a")
    assert chosen(notebook("fig-a", "fig-b", thumbnail="fig-b"), "01-a") == ("<svg>fig-b", "alt of fig-b")
    with pytest.raises(Problem, match=r"^book/01-a.md: no figure fig-c,"):
        chosen(notebook("fig-a", thumbnail="fig-c"), "01-a")
    with pytest.raises(Problem, match=r"^book/01-a.md: no figure at all,"):
        chosen(notebook(), "01-a")


@pytest.mark.parametrize("chapter", chapters.find(chapters.root()), ids=lambda c: c.stem)
def test_a_figure_that_a_chapter_names_is_one_of_its_own(chapter):
    nb = chapters.derive(chapter)
    names = [c.metadata.get("mystnb", {}).get("figure", {}).get("name") for c in nb.cells]
    assert nb.metadata.get("thumbnail") in [None, *names]
