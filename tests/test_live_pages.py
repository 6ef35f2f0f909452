"""Figures with sliders on a page: whole without the script, which is small, looks up and computes nothing."""

import json
import re
import sys

import pytest
import yaml
from bs4 import BeautifulSoup
from live_paths import at
from test_live import drawn, product

from qbc.live import publish
from qbc.pipeline.chapters import root

sys.path.insert(0, str(root() / "book" / "_ext"))
import qbc_live

STATIC = root() / "book" / "_static"


@pytest.fixture
def page():
    return BeautifulSoup(qbc_live.figure(drawn(product), "live-f"), "html.parser")


def test_the_page_holds_the_picture_at_the_initial_setting(page):
    data = drawn(product)
    paths = [p["d"] for p in page.select("svg.qbc-live-picture path[class^=qbc-m-]")]
    assert paths == [at(m, data["inputs"]) for m in data["marks"]]
    assert page.output.text == "2 times 10 is 20."
    assert [t.text for t in page.select("text")][-2:] == ["x", "y"]


def test_the_inputs_are_native_named_and_hidden_until_the_script_shows_them(page):
    assert page.form.has_attr("hidden")
    slider, select = page.select("[data-input]")
    assert (slider["type"], slider["min"], slider["max"], slider["value"], slider["aria-valuetext"]) == ("range", "0", "2", "1", "2")
    assert select.find("option", selected=True).text == "high"
    assert [x.text.split()[0] for x in page.select("label")] == ["a", "b"]
    assert page.output["aria-live"] == "polite"
    named = page.select_one("svg.qbc-live-picture")["aria-labelledby"].split()
    assert all(page.find(id=name).text for name in named)


def test_the_data_in_the_page_are_those_that_were_published(page):
    kept = json.loads(page.find("script", type="application/json").string)
    data = drawn(product)
    assert kept == {k: data[k] for k in ("said", "inputs", "marks", "words")}


def test_words_are_escaped():
    data = drawn(product) | {"said": "</script><b>{a}</b>{b}{product}", "question": "a < b?"}
    soup = BeautifulSoup(qbc_live.figure(data, "live-f"), "html.parser")
    assert soup.output.text == "</script><b>2</b>1020"
    assert soup.title.text == "a < b?"
    assert len(soup.find_all("script")) == 1


def test_a_table_is_whole_without_the_script():
    data = publish.tabled("t", "Which?", {"head": "", "success": ".0%"}, [["mean", 0.5], ["a<b", 1.0]], ("head",))
    soup = BeautifulSoup(qbc_live.table(data), "html.parser")
    rows = [[c.text for c in row.find_all(["td", "th"])] for row in soup.find_all("tr")]
    assert rows == [["head", "success"], ["mean", "50%"], ["a<b", "100%"]]
    assert soup.form["data-pick"] == "0"
    assert [c.get("class") for c in soup.select("tbody tr")[0].find_all("td")] == [None, ["qbc-number"]]


def test_the_script_is_small_classic_and_without_mathematics():
    script = "".join((STATIC / f"{name}.js").read_text("utf8") for name in ("qbc-element", "qbc-live"))
    assert len(script.encode()) <= 10_000
    assert not re.search(r"\bMath\.|\bimport\b|\bexport\b|\bfetch\(|XMLHttpRequest|https?:", script)


def test_what_scripts_share_is_written_once_and_loaded_first():
    scripts = {p.name: p.read_text("utf8") for p in STATIC.glob("*.js")}
    assert [name for name, text in scripts.items() if re.search(r"createElement\(", text)] == ["qbc-element.js"]
    loaded = yaml.safe_load((STATIC.parent.parent / "_config.yml").read_text("utf8"))["sphinx"]["config"]["html_js_files"]
    assert loaded[0] == "qbc-element.js"


def test_every_mark_has_a_look_and_every_colour_is_there_in_light_dark_and_print():
    css = (STATIC / "qbc-live.css").read_text("utf8")
    for kind in ("line", "bold", "dash", "thin", "rule", "disc", "square", "band"):
        assert f".qbc-m-{kind} {{" in css
    for colour in ("k0", "k1", "k2", "k3", "k4", "ink", "grid", "paper"):
        assert len(re.findall(rf"--{colour}:", css)) == 3
