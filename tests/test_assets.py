"""What the extensions cut and measure: style sheets, scripts, drawings, figures, and the entries of the search."""

import re
import sys

import pytest

from qbc.pipeline import chapters

sys.path.insert(0, str(chapters.root() / "book" / "_ext"))
import qbc_assets as assets
import qbc_figures as figures
import qbc_search as search


@pytest.mark.parametrize(
    ("sheet", "left"),
    [
        (".a{x:1}.b{x:2}", ".a{x:1}"),
        (".a,.b{x:1}", ".a{x:1}"),
        ("p{x:1}", "p{x:1}"),
        (".a:not(.b){x:1}", ".a:not(.b){x:1}"),
        (".a:is(p,.b){x:1}", ""),
        ("@media print{.b{x:1}.a{x:2}}", "@media print{.a{x:2}}"),
        ("@media print{.b{x:1}}", ""),
        ("@font-face{src:x}", "@font-face{src:x}"),
    ],
)
def test_a_style_sheet_keeps_the_rules_for_classes_that_stand_somewhere(sheet, left):
    assert assets.used(sheet, {"a"}) == left


def test_a_script_loses_its_chatter_and_keeps_its_errors():
    assert assets.quiet('console.log("x");console.error("y")') == 'void("x");console.error("y")'


def test_a_drawing_loses_digits_and_blanks_and_nothing_else():
    drawn = '<path d="M 1.23456 2.000001\nL 3 -0.0049 "/>\n  <g transform="scale(0.015625)"/>\n'
    assert assets.shorter(drawn) == '<path d="M 1.23 2 L 3 -0 "/><g transform="scale(0.015625)"/> '


def test_a_figure_is_as_wide_as_its_smallest_letters_need(tmp_path):
    path = tmp_path / "x.svg"
    path.write_text(
        '<svg a="b" width="72pt" height="36pt"><g transform="translate(1 2) scale(0.06 -0.06)"/><g transform="scale(0.1 -0.1)"/></svg>'
    )
    width, height, least = figures.measure(path)
    assert (width, height) == pytest.approx((96, 48))
    assert least == pytest.approx(96 * 10 / 8)  # letters of six points are eight pixels


BODY = """<section id="top"><h1>1 One<a class="headerlink" href="#top">#</a></h1><p>First \\(k\\)-means.</p><pre>code</pre>
<div class="proof theorem" id="thm-a"><p class="admonition-title"><span>Theorem 1.1</span> (Bins)</p>
<section id="proof-content">Said.</section></div>
<section id="in"><h2>In practice</h2><p>Do.</p></section></section>"""


def test_sections_and_statements_are_entries_of_their_own():
    found = {e["t"]: (e["a"], e["x"], e["w"]) for e in search.entries(BODY, "notebooks/01-a")}
    assert found == {
        "1 One": ("", "First k-means.", "page"),
        "Theorem 1.1 (Bins)": ("thm-a", "Said.", "statement"),
        "In practice": ("in", "Do.", "section"),
    }


def test_texts_of_the_search_are_numbers_of_words_that_javascript_reads_back():
    texts = ["a b a, c", "", "b  b é", " ".join(f"w{i}" for i in range(50))]
    every, told = search.numbered(texts)
    words = every.split(" ")
    assert [" ".join(words[int(n, 36)] for n in text.split(" ")) for text in told] == texts
    assert every.startswith("b")
    assert (search.base36(0), search.base36(35), search.base36(36), search.base36(1295)) == ("0", "z", "10", "zz")


FONT = (
    'T.normal=(0,H.AddPaths)(V.normal,{65:"A",119808:"bold A",12e4:"script a",120068:"fraktur a"},{57:{c:"x"}});'
    'T.bold=(0,H.AddPaths)(V.bold,{65:"B"},{})'
)


@pytest.mark.parametrize(
    ("page", "left"),
    [
        (r"\(x\)", {"A"}),
        (r"\(\mathbf{x}\)", {"A", "bold A", "B"}),
        (r"\(\bf x, \mathfrak a\)", {"A", "bold A", "B", "fraktur a"}),
        (r"\(\bfseries\)", {"A"}),
        (r"\(\mathscr{x}\)", {"A", "script a"}),
    ],
)
def test_mathjax_keeps_the_alphabets_that_a_page_asks_for(page, left):
    kept = assets.alphabets(FONT, page)
    assert set(re.findall(r'\d:"([^"]*)"', kept)) == left
    assert kept.count("{") == FONT.count("{")
