"""With the keyboard alone: the doors of the front page, every control of the figures and of the ledger, and no formula in the way."""

from __future__ import annotations

import pytest
from watching import HTML, pages, typeset_all

pytestmark = pytest.mark.built
CONTROLS = ".qbc-live input, .qbc-live select, .qbc-filter input, .qbc-filter select"
NAMED = f"""() => [...document.querySelectorAll("{CONTROLS}")].map((e, i) => {{ e.dataset.tried = i; return String(i); }})"""
DOORS = """() => [...document.querySelectorAll("article li")]
  .filter(li => (li.querySelector("strong")?.textContent || "").endsWith("?")).map(li => li.querySelector("a").href)"""
HERE = "() => (document.activeElement && document.activeElement.dataset.tried) || ''"
VALUE = "() => { const e = document.activeElement; return e.type === 'checkbox' ? String(e.checked) : e.value; }"


def reached(page, wanted: set[str], stops: int = 3000):
    """Each control that the tab key comes to, in turn, while it has the focus."""
    left = set(wanted)
    for _ in range(stops):
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        if here in left:
            left.discard(here)
            yield here
        if not left:
            return


def moved(page) -> bool:
    """Whether the control with the focus takes another value from the keyboard; it is put back."""
    before, kind = page.evaluate(VALUE), page.evaluate("() => document.activeElement.type")
    ways = {"checkbox": [" "], "search": ["a"], "text": ["a"], "number": ["ArrowUp"], "range": ["ArrowRight", "ArrowLeft"]}
    for key in ways.get(kind, ["ArrowDown", "ArrowUp"]):
        page.keyboard.press(key)
        if page.evaluate(VALUE) != before:
            page.keyboard.press(
                {"search": "Backspace", "text": "Backspace", "checkbox": " "}.get(kind, "Tab") if kind != "range" else "Home"
            )
            return True
    return False


@pytest.mark.parametrize("name", pages())
def test_the_tab_key_reaches_every_control_and_the_keyboard_moves_it(watch, name):
    figures = (HTML / name).read_text("utf8").count('<figure class="qbc-live"')
    if not figures and name != "book/claims.html":
        return  # a page without controls
    with watch() as watched:
        page = watched.open(name)
        wanted = set(page.evaluate(NAMED))
        assert len(wanted) >= max(figures, 1)
        stuck = [here for here in (found for found in reached(page, wanted) if not moved(page))]
        met = wanted - set(stuck)
        assert not stuck, [page.evaluate(f"() => document.querySelector('[data-tried=\"{n}\"]').outerHTML") for n in stuck]
        assert met == wanted
        assert not watched.said


def test_the_filter_of_the_ledger_shows_fewer_rows(watch):
    with watch() as watched:
        page = watched.open("book/claims.html")
        rows = page.locator("table.qbc-ledger tbody tr:visible")
        every = rows.count()
        page.locator(".qbc-filter input[type=search]").focus()
        page.keyboard.type("chapter 06")
        page.wait_for_function(f"() => document.querySelectorAll('table.qbc-ledger tbody tr:not([hidden])').length < {every}")
        assert 0 < rows.count() < every


@pytest.mark.parametrize("name", ["notebooks/06-compounding.html", "notebooks/08-replica-noising.html"])
def test_no_formula_that_fits_is_a_stop_of_the_tab_key(watch, name):
    with watch() as watched:
        page = watched.open(name)
        typeset_all(page)
        stops = """() => [...document.querySelectorAll("mjx-container, mjx-container *, span.math, div.math")]
          .filter(e => e.tabIndex >= 0 && e.scrollWidth <= e.clientWidth + 1).map(e => e.outerHTML.slice(0, 100))"""
        assert page.locator("mjx-container svg").count() > 50
        assert not page.evaluate(stops)


def test_the_doors_of_the_front_page_lead_to_pages_that_are_there(watch):
    with watch() as watched:
        page = watched.open("book/index.html")
        doors = page.evaluate(DOORS)
        assert len(doors) == 4
        for door in doors:
            assert page.goto(door).ok
            assert page.locator("article h1").is_visible()
