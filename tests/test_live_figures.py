"""What the executed chapters publish: complete, small, and at the initial setting the numbers of the chapter itself."""

import json
import re
from functools import cache

import numpy as np
import pytest
from live_paths import pieces, words

from qbc.live import LIMIT, MIME
from qbc.pipeline import chapters, record
from qbc.pipeline.notebooks import executed, markdown_of, outputs

pytestmark = pytest.mark.built
TOP = chapters.root()
DONE = TOP / "_build" / "executed"


@cache
def found():
    """name -> (the executed chapter, what it publishes)"""
    book = executed(DONE, [c.stem for c in chapters.find(TOP)]).values()
    rows = [(p, o["data"][MIME]) for p in book for o in outputs(p) if MIME in o.get("data", {})]
    return {data["name"]: (path, data) for path, data in rows}


def chapter_and(name):
    path, data = found()[name]
    return record.numbers(path), data


def test_every_figure_is_on_the_page_of_its_chapter_small_and_has_a_caption():
    assert found()
    for name, (path, data) in found().items():
        assert re.search(rf"^`{{3,}}\{{qbc-live\}} {name}\n\S.*\.\n`", markdown_of(path), re.M), name
        assert len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()) <= LIMIT, name
        assert data["question"].endswith("?")


def test_two_fates_are_those_of_the_chapter():
    numbers, data = chapter_and("fates")
    assert f"{numbers['law-1e-3-400']:.3f}" == words(data)["p"]
    _, low, high = numbers["fired-1e-3-400"]
    assert low <= float(words(data)["p"]) <= high
    (t, x), *_ = pieces(data, "mean played")
    np.testing.assert_allclose(np.log(x / (20e-3 * (1.05**t - 1)))[1:], 0, atol=0.06)  # the bad learner's path
    assert np.log(x[-1] / x[len(x) // 2]) / (t[-1] - t[len(x) // 2]) == pytest.approx(numbers["late-slope"], rel=0.05)
