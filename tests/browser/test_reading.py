"""What readers need to read: letters of ten pixels, formulas that are whole, paper without empty boxes."""

from __future__ import annotations

import pytest
from watching import chapter_pages, typeset_all

pytestmark = pytest.mark.built
NO_PAPER = ".copybtn, .headerlink, .qbc-link, .qbc-filter, .qbc-live form, details.hide:not([open])"
LETTERS = """() => [...document.querySelectorAll("figure .qbc-wide img")].map(img => {
  const least = parseFloat(img.style.getPropertyValue("--qbc-least")), box = img.closest(".qbc-wide");
  const inside = box.scrollWidth <= box.clientWidth + 1, shown = img.getBoundingClientRect().width;
  return { least, shown, inside, src: img.getAttribute("src"),
           hint: getComputedStyle(img.closest("figure").querySelector("figcaption"), "::before").content };
})"""
CLIPPED = """() => [...document.querySelectorAll("span.math, div.math")].filter(e => {
  const style = getComputedStyle(e);
  return e.scrollWidth > e.clientWidth + 1 && style.display !== "inline" && !["auto", "scroll", "visible"].includes(style.overflowX);
}).map(e => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("name", chapter_pages())
def test_on_a_phone_no_letter_of_a_figure_is_below_ten_pixels_and_no_formula_is_cut(watch, name):
    with watch(width=375) as watched:
        page = watched.open(name)
        typeset_all(page)
        figures = page.evaluate(LETTERS)
        assert figures
        for f in figures:
            assert f["shown"] >= f["least"] - 0.5, f["src"]
            assert f["inside"] or "scroll it sideways" in f["hint"], f["src"]
        assert not page.evaluate(CLIPPED)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 375


@pytest.mark.parametrize("name", ["notebooks/06-compounding.html", "notebooks/13-multimodal-benchmark.html", "book/index.html"])
def test_on_paper_no_code_is_cut_no_box_is_empty_and_tables_go_on_over_pages(watch, name):
    with watch(width=800) as watched:
        page = watched.open(name)
        page.emulate_media(media="print")
        cut = """() => [...document.querySelectorAll("article pre, article .qbc-wide")]
          .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 120))"""
        assert not page.evaluate(cut)
        shown = f"() => [...document.querySelectorAll('{NO_PAPER}')].filter(e => e.offsetParent).length"
        assert page.evaluate(shown) == 0
        kept = """() => [...document.querySelectorAll("figure.qbc-live:has(table), table.qbc-live-table")]
          .filter(e => getComputedStyle(e).breakInside !== "auto" || e.scrollHeight > e.clientHeight + 2).length"""
        assert page.evaluate(kept) == 0
        assert page.pdf()[:5] == b"%PDF-"


def test_a_lost_reader_is_led_back(watch):
    with watch() as watched:
        page = watched.open("404.html")
        page.locator("#first").click()
        page.wait_for_selector("article h1")
        assert not watched.said
