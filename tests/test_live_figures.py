"""What the executed chapters publish: complete, small, and at the initial setting the numbers of the chapter itself."""

import json
import re
from functools import cache

import numpy as np
import pytest
from bs4 import BeautifulSoup
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
    free = x < 1 / 0.15  # where the head is not saturated, its mean is the bad learner's
    np.testing.assert_allclose(np.log(x / (20e-3 * (1.05**t - 1)))[free][1:], 0, atol=0.06)
    assert x[-1] == pytest.approx(10, rel=0.02)


def test_the_pole_bins_and_horizon_are_those_of_the_chapter():
    numbers, data = chapter_and("bins")
    assert f"by {numbers['escape-law']:.1f} steps" in words(data)["more"]
    paths = pieces(data, "20 to 200,000,000 bins")
    assert len(paths) == 8
    crossed = [float(np.interp(np.log(0.4), np.log(x[t > 1]), t[t > 1])) for t, x in paths]
    np.testing.assert_allclose(crossed, [int(step) for step in numbers["escape-steps"].split(", ")], atol=2)


def test_the_heads_that_clear_are_those_with_a_star_in_the_chapter():
    path, data = found()["heads"]
    tables = [
        BeautifulSoup("".join(o["data"]["text/html"]), "html.parser").table for o in outputs(path) if "<table" in str(o.get("data"))
    ]
    starred = {task: set() for task in ("rays", "corridor")}
    for task, table in zip(("circle", *starred), tables[-3:], strict=True):
        head, *rows = ([c.text.strip() for c in r.select("th, td")] for r in table.select("tr"))
        rows = [r for r in rows if len(r) == len(head) and r[0] and any(r[1:])]
        for name, *cells in rows if task in starred else ():
            starred[task] |= {(column, name) for column, c in zip(head[1:], cells, strict=True) if "*" in c}
    at_1000 = [r for r in data["rows"] if r[2] == "1000"]
    assert len(at_1000) == 43
    for task, found_ in starred.items():
        assert found_
        assert {(r[0], r[1]) for r in at_1000 if task in r[-1]} == found_
    assert {r[-1] for r in data["rows"] if r[1] in ("flow matching", "diffusion")} == {"neither"}  # as the caption says
    both = [(r[0], r[1]) for r in at_1000 if r[-1] == "rays and corridor"]
    assert {(c, h) for c in ("positions", "PCA 8", "DCT 8") for h in ("mixture density", "prototypes, offsets")} <= set(both)


def test_the_bridges_are_those_of_the_chapter():
    numbers, data = chapter_and("bridge")
    assert words(data)["least"] == f"{numbers['floor-16']:.4f}"
    value, low, high = numbers["simplex-16"]
    assert low <= float(words(data)["simplex"]) <= high
    (x, y), *_ = pieces(data, "least bridge of any map")
    assert np.exp(np.interp(np.log(10), np.log(x), np.log(y))) == pytest.approx(numbers["floor-16"], rel=0.05)
    assert abs(value - float(words(data)["simplex"])) < 0.01
    steep = numbers["steep-10"] / np.sin(np.pi / 16)
    assert float(words(data)["steep"].replace(",", "")) == pytest.approx(steep, rel=1e-4)
    [(dot, _)] = pieces(data, "exact flow")
    assert dot[0] == pytest.approx(steep, rel=0.02)
    assert words(data, [0, 0, 1])["left"] == f"{numbers['three-2'][0]:.4f}"  # two modes, three evaluations


def test_the_lanes_are_those_of_the_chapter():
    numbers, data = chapter_and("lanes")
    assert words(data)["swap"] == f"{numbers['law-replica-4']:.3f}"
    (x, y), *_ = pieces(data, "replica: fails by swaps")
    assert np.interp([0.25, 0.4, 0.6], x, y) == pytest.approx([numbers[f"law-replica-{k}"] for k in ("25", "4", "6")], abs=0.01)
    (x, y), *_ = pieces(data, "noise in training only")
    assert np.interp(0.6, x, y) == pytest.approx(numbers["law-train-6"], abs=0.01)


def test_the_codebook_is_the_first_of_the_chapter():
    _, data = chapter_and("codebooks")
    dots = pieces(data, "the codebook")
    assert len(dots) == 63  # the inner edges of 64 codes
    said = {k: float(v) for k, v in words(data).items() if k in ("error", "worst", "step")}
    assert max(y[0] for _, y in dots) == pytest.approx(said["worst"], rel=0.05)
    assert said["step"] < said["worst"] / 10  # of equal bins that err as little on average
    assert said["step"] == pytest.approx(4 * said["error"], rel=0.2)  # the average error is an average jump


def test_demonstrations_are_those_of_the_chapter():
    numbers, data = chapter_and("demonstrations")
    statistical = float(words(data)["det"]) - float(words(data)["bill"])
    n, H = 1000, 100
    value, low, high = numbers["best-1024"]
    assert low * 0.97 <= statistical * n / H <= high * 1.03, value
    value, low, high = numbers["constant-sampled"]
    assert low <= (float(words(data)["coin"]) - float(words(data)["bill"])) * n**0.5 / H <= high, value
