"""Every page in a browser, light and dark, from a phone to a desk: calm, light, self-contained, within its window, accessible."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from watching import HTML, SCREENS, pages

pytestmark = pytest.mark.built
WIDTHS = (1440, 768, 375)
AXE = """async ([where, contrast]) => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], rules = { "color-contrast": { enabled: contrast } };
  const options = { resultTypes: ["violations"], preload: false, runOnly: { type: "tag", values: tags }, rules };
  const found = await axe.run(where, options);
  const said = (v, n) => `${v.id} (${v.nodes.length}): ${n.target.join(" ")}: ${n.html.slice(0, 160)}`;
  return found.violations.flatMap(v => v.nodes.slice(0, 3).map(n => said(v, n)));
}"""
PAGE = {"exclude": [["mjx-container"], ["pre"]]}  # formulas have their own text; the colours of code are tried on one chapter
PLAIN = "() => document.querySelectorAll('pre').forEach(p => { p.textContent = p.textContent; })"  # half of all that axe would look at
ALIKE = """() => document.querySelectorAll('table').forEach(t => {
  [...t.rows].forEach((row, i) => { if (i > 40 && i % 10) { row.remove(); } });
})"""  # of rows made by one template, hundreds in the ledger, every tenth
SIDEWAYS = """() => {
  const wide = document.documentElement.clientWidth, whole = document.documentElement.scrollWidth;
  if (whole <= wide) { return ""; }
  const out = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > wide + 1);
  return `${whole} px: ` + out.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(" | ");
}"""
SHIFT = """() => new Promise(done => {
  let sum = 0;
  const add = list => list.getEntries().forEach(e => { sum += e.hadRecentInput ? 0 : e.value; });
  new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 50);
})"""


def accessible(page, where=PAGE, contrast=True) -> list[str]:
    """What axe finds against the page, three places for each rule."""
    page.evaluate(AXE_SCRIPT)
    return page.evaluate(AXE, [where, contrast])


def sideways(page) -> str:
    """Empty if the page is no wider than its window, else what sticks out."""
    return page.evaluate(SIDEWAYS)


@pytest.mark.parametrize(("theme", "first"), [("light", 1440), ("dark", 375)])
@pytest.mark.parametrize("name", pages())
def test_a_page_is_calm_light_self_contained_no_wider_than_its_window_and_accessible(watch, name, theme, first):
    """Loaded once a theme, at the desk or on the phone: what it weighs and how it jumps; then looked at in all widths."""
    with watch(width=first, dark=theme == "dark") as watched:
        page = watched.open(name)
        page.mouse.wheel(0, 1200)
        page.wait_for_timeout(300)
        jumps, weighs = page.evaluate(SHIFT), watched.bytes()
        found = [f"it jumps by {jumps:.2f}"] if jumps >= 0.1 else []
        found += [f"it weighs {weighs} bytes"] if weighs > (2.5e6 if "mathjax/" in (HTML / name).read_text("utf8") else 1e6) else []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(100)
            page.screenshot(path=SCREENS / str(width) / theme / f"{name.removesuffix('.html')}.jpg", type="jpeg", quality=60)
            found += [f"at {width}: {wide}" for wide in [sideways(page)] if wide]
        page.evaluate(PLAIN)
        page.evaluate(ALIKE)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(350)  # the theme looks at what scrolls that much later
            found += [f"at {width}: {x}" for x in accessible(page)]
        found += watched.said
        assert not watched.outside
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_of_code_have_contrast(watch, theme):
    with watch(dark=theme == "dark") as watched:
        page = watched.open("notebooks/06-compounding.html")
        page.evaluate("() => document.querySelectorAll('pre').forEach((p, i) => i > 5 && p.remove())")
        assert not accessible(page, {"include": [["pre"]]})


@pytest.mark.parametrize("name", ["book/index.html", "notebooks/06-compounding.html", "search.html?q=replica"])
def test_the_site_opens_from_the_file_system_as_well(watch, name):
    with watch(files=True) as watched:
        page = watched.open(name)
        page.locator("h1:visible").first.wait_for()
        if name.startswith("notebooks"):
            page.wait_for_selector("mjx-container svg")
        assert not watched.said
        assert not watched.outside


def test_without_javascript_a_page_says_what_is_off_and_shows_its_text(watch):
    with watch(java_script_enabled=False) as watched:
        page = watched.open("notebooks/06-compounding.html", settle=False)
        assert page.locator(".qbc-noscript").is_visible()
        assert page.locator("article h1").is_visible()
