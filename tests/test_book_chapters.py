"""The built chapters as pages: key results, folded code, links to code, and the notebooks that they offer."""

import re
from pathlib import Path

import nbformat
import pytest
from test_book import DONE, HTML, TOP, soup, words
from test_plain import left

from qbc.pipeline import chapters, record
from qbc.pipeline.citations import Bibliography
from qbc.pipeline.download import with_ends
from qbc.pipeline.folding import is_open
from qbc.pipeline.key_results import key_results
from qbc.pipeline.notebooks import load
from qbc.pipeline.numbering import numbered
from qbc.pipeline.written import written_out

pytestmark = pytest.mark.built
CHAPTERS = [c for c in chapters.find(TOP) if (HTML / "notebooks" / f"{c.stem}.html").is_file()]
LABELS = {label for c in chapters.find(TOP) for label in numbered(chapters.derive(c), c.stem)}
each = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.stem)


def page(chapter):
    return soup(Path("notebooks") / f"{chapter.stem}.html")


def offered(chapter):
    """The notebook behind the download button."""
    (button,) = page(chapter).select('a[href*="_sources"]')
    return nbformat.read((HTML / "notebooks" / button["href"]).resolve(), as_version=4)


@each
def test_the_download_is_valid_has_the_chapters_code_and_nothing_of_myst(chapter):
    nb = offered(chapter)
    nbformat.validate(nb)
    assert [c.source for c in nb.cells if c.cell_type == "code"] == [
        c.source for c in chapters.derive(chapter).cells if c.cell_type == "code"
    ]
    text = "\n\n".join(c.source for c in nb.cells if c.cell_type == "markdown")
    assert not left(text)
    assert not LABELS & set(re.findall(r"[\w-]+", re.sub(r"`[^`]*`", "", text)))  # all are written out
    assert "`qbc`" in nb.cells[0].source
    assert any(c.get("outputs") for c in nb.cells)


@each
def test_the_download_calls_statements_figures_and_sources_what_the_page_calls_them(chapter):
    nb, bibliography = offered(chapter), Bibliography(TOP / "book" / "references.bib")
    text = "\n\n".join(c.source for c in nb.cells if c.cell_type == "markdown")
    for label, name in numbered(chapters.derive(chapter), chapter.stem).items():
        shown = page(chapter).find(id=label)
        title = shown.figcaption if shown.name == "figure" else shown.p
        assert words(title).startswith(name), f"{label}: {name}"
        assert f"{name}" in text
    cited = re.findall(r"\{cite:\w\}`([^`]+)`", chapter.text.read_text("utf8"))
    for key in {k for keys in cited for k in keys.split(",")}:
        assert bibliography.authors(key) in words(page(chapter))
        assert bibliography.listed(key) in nb.cells[-1].source


@each
def test_the_download_prints_the_numbers_of_the_page(chapter):
    path = record.executed(DONE)[chapter.stem]
    glued, text = with_ends(record.numbers(path)), record.markdown_of(path)
    said = [written_out(m[0], glued, chapter.stem) for m in re.finditer(r"\{glue:text\}`[^`]+`", text)]
    assert said == [span.get_text() for span in page(chapter).select("article span.pasted-text")]


@each
def test_key_results_stand_before_the_first_section_with_what_the_ledger_says(chapter):
    nb = load(record.executed(DONE)[chapter.stem])
    rows = {r["label"]: r for r in record.ledger(DONE, only=[chapter.stem])}
    (box,) = page(chapter).select("div.qbc-key")
    assert not [h for h in box.find_all_previous("h2") if h.find_parent("article")]
    assert "Answer." in words(box.find_parent("section"))
    items = box.select("li")
    for item, label in zip(items, key_results(nb, chapter.stem), strict=True):
        assert item.select(f'a[href="#verdict-{label}"]')
        assert item.select(f'a[href="#{label}"]')
        assert item.strong.get_text().lower() == rows[label]["status"]
        assert page(chapter).select(f"#{label}.qbc-main")
        assert page(chapter).select(f"#verdict-{label}.qbc-main")
    assert len(page(chapter).select(".qbc-verdict.qbc-main")) == len(items)


@each
def test_code_is_folded_but_for_the_core_and_every_toggle_says_what_it_shows(chapter):
    cells = [c for c in load(record.executed(DONE)[chapter.stem])["cells"] if c["cell_type"] == "code"]
    shown = page(chapter).select("div.cell > div.cell_input")
    assert len(shown) == sum(map(is_open, cells))
    toggles = page(chapter).select("div.cell > details > summary")
    assert len(toggles) == len(cells) - len(shown)
    assert all(words(t.p).startswith("Show the code: ") and not t.get("aria-label") for t in toggles)


@each
def test_every_figure_has_a_link_to_the_lines_that_made_it(chapter):
    for figure in page(chapter).select("div.cell_output figure"):
        (link,) = figure.select("figcaption a.qbc-to-code")
        code = page(chapter).find(id=link["href"].removeprefix("#"))
        assert re.search(r"\bax|\bplt|\bsns", code.get_text()), figure["id"]
        assert figure.find_parent("div", class_="cell") == code.find_parent("div", class_="cell")


@each
def test_verdicts_name_their_statement_as_the_page_does(chapter):
    names = numbered(chapters.derive(chapter), chapter.stem)
    for box in page(chapter).select(".qbc-verdict"):
        label = box["id"].removeprefix("verdict-")
        link = box.select_one(f'a[href="#{record.parent(label)}"]')
        assert (link.get_text(), link["title"]) == (names[record.parent(label)], label)


@each
def test_the_front_page_shows_a_small_picture_of_the_chapter_and_its_size(chapter):
    (image,) = soup(Path("book/index.html")).select(f'.qbc-contents img[src$="thumb-{chapter.stem}.svg"]')
    drawn = (HTML / "book" / image["src"]).resolve().read_text("utf8")
    assert len(drawn) <= 15_000
    assert f'width="{image["width"]}" height="{image["height"]}"' in drawn
    assert "<text" not in drawn


@each
def test_no_number_of_a_page_is_written_as_a_machine_does(chapter):
    article = page(chapter).select_one("article")
    text = " ".join(s for s in article.find_all(string=True) if not s.find_parent(["pre", "code", "script"]))
    assert not re.findall(r"\S*\d[eE][+-]\d+", text)
