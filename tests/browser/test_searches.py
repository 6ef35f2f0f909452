"""Ten searches that readers make, and the section that answers each, among the first three hits."""

from __future__ import annotations

import json
import re

import pytest
from watching import HTML

pytestmark = pytest.mark.built
SEARCHES = {  # what is asked: addresses, one of which is to be among the first three
    "FAST tokenizer": ("notebooks/13-multimodal-benchmark.html", "book/choose.html"),
    "how many bins": ("notebooks/02-horizon.html#in-practice", "notebooks/03-quantizers.html#in-practice", "book/choose.html"),
    "Theorem 9": ("book/concordance.html#concordance-",),
    "replica": ("notebooks/08-replica-noising.html",),
    "my robot stalls": ("notebooks/03-quantizers.html", "book/choose.html#choose-tokenizer"),
    "k-means": ("notebooks/03-quantizers.html",),
    "how many demonstrations": ("notebooks/05-limits.html",),
    "temporal ensembling": ("notebooks/09-stability-limits.html#looking-late",),
    "diffusion policy": ("notebooks/12-transport-limits.html", "notebooks/13-multimodal-benchmark.html"),
    "EMA": ("notebooks/10-sgd-noise.html#averaging-the-iterates",),
    "posterior collapse": ("notebooks/11-latent-collapse.html",),
    "Theorem 6": ("book/concordance.html#concordance-", "notebooks/06-compounding.html"),
}


def hits(page) -> list[str]:
    """The addresses of the hits within the site, best first."""
    page.wait_for_function("() => document.getElementById('qbc-count').textContent")
    return page.evaluate("() => [...document.querySelectorAll('#qbc-hits > li > a')].map(a => a.getAttribute('href'))")


@pytest.mark.parametrize("asked", SEARCHES)
def test_a_search_has_its_section_among_the_first_three(watch, asked):
    with watch() as watched:
        page = watched.open(f"search.html?q={asked.replace(' ', '+')}")
        first = hits(page)[:3]
        assert any(h.startswith(where) for h in first for where in SEARCHES[asked]), first
        assert not watched.said


def test_the_search_field_of_a_page_leads_to_hits_that_say_where_they_are_and_mark_what_was_asked(watch):
    with watch() as watched:
        page = watched.open("notebooks/06-compounding.html")
        page.keyboard.press("Control+k")
        page.keyboard.type("replica")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=replica*")
        assert len(hits(page)) > 5
        assert page.locator("#qbc-hits li").first.locator("mark").count()
        assert page.locator("#qbc-hits .qbc-where").count()
        page.locator("#qbc-hits li a").first.click()
        page.wait_for_selector("article h1")


def test_every_entry_of_the_index_leads_to_what_is_there():
    said = (HTML / "_static" / "qbc-index.js").read_text("utf8")
    whole, index, _ = json.loads(re.sub(r"^window.qbcIndex = |;\n$", "", said))
    texts = {page: (HTML / page).read_text("utf8") for page, _ in whole}
    for number, anchor, title, *_ in index:
        page = whole[number][0]
        assert title
        assert not anchor or f'id="{anchor}"' in texts[page], f"{page}#{anchor}"
