"""The built book as a reader gets it: complete, offline, with alt texts, links that resolve, and the ledger on its pages."""

import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

from qbc.pipeline import chapters, evidence, findings, practice, record, render

pytestmark = pytest.mark.built
TOP = chapters.root()
HTML, DONE = TOP / "_build" / "html", TOP / "_build" / "executed"
PAGES = sorted(p for p in (q.relative_to(HTML) for q in HTML.rglob("*.html")) if p.parts[0] != "_static")  # theme templates
each = pytest.mark.parametrize("page", PAGES, ids=str)
LOADS = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "object": "data",
    "embed": "src",
}


@cache
def soup(page: Path) -> BeautifulSoup:
    return BeautifulSoup((HTML / page).read_text("utf8"), "html.parser")


@cache
def by_id(page: Path) -> dict[str, list[Tag]]:
    """The tags of each id, found in one go: a page of the ledger has thousands, and is asked for each of them."""
    found: dict[str, list[Tag]] = {}
    for tag in soup(page).find_all(id=True):
        found.setdefault(tag["id"], []).append(tag)
    return found


def test_every_page_of_the_toc_was_built():
    toc = re.findall(r"(?:root|file): (\S+)", (TOP / "_toc.yml").read_text("utf8"))
    assert {f"{name}.html" for name in toc} <= {str(p) for p in PAGES}


def loaded(page):
    """What a browser fetches to show a page."""
    for tag in soup(page).find_all(list(LOADS)):
        if tag.name == "link" and not {"stylesheet", "icon", "preload", "modulepreload", "manifest"} & set(tag.get("rel", [])):
            continue
        if url := tag.get(LOADS[tag.name]):
            yield url


@each
def test_a_page_loads_nothing_from_outside(page):
    outside = [u for u in loaded(page) if urlsplit(u).scheme not in ("", "data") or u.startswith("//")]
    inline = [s.get_text() for s in soup(page).find_all(["script", "style"])]
    assert not outside
    assert not [s for s in inline if re.search(r"import\s*\(?['\"]https?:|@import|url\(['\"]?https?:|\.src\s*=\s*['\"]https?:", s)]


@each
def test_what_a_page_loads_is_there(page):
    local = (u for u in loaded(page) if not u.startswith("data:"))
    missing = [u for u in local if not (HTML / page.parent / unquote(urlsplit(u).path)).is_file()]
    assert not missing


def test_stylesheets_load_nothing_from_outside():
    for css in HTML.rglob("*.css"):
        assert not re.search(r"@import\s+(?:url\()?['\"]?(?:https?:)?//|url\(\s*['\"]?(?:https?:)?//", css.read_text("utf8")), css


def test_mathjax_is_ours_and_on_the_pages_with_formulas_alone():
    for part in ("startup", "core", "input/tex", "output/svg", "output/svg/fonts/tex", "a11y/assistive-mml", "ui/lazy"):
        assert (HTML / "_static" / "mathjax" / f"{part}.js").is_file()
    for page in PAGES:
        assert bool(soup(page).select(".math")) == any("mathjax/startup.js" in u for u in loaded(page)), page
        assert not soup(page).select(".math") or soup(page).select("noscript .qbc-noscript"), page


@pytest.mark.parametrize("page", [p for p in PAGES if p.parts[0] in ("book", "notebooks")], ids=str)
def test_a_page_says_what_it_is_about_and_has_no_script_twice(page):
    said = soup(page).select('meta[name="description"]')
    assert len(said) == 1
    assert 20 <= len(said[0]["content"]) <= 162
    scripts = [str(s) for s in soup(page).head.find_all("script")]
    assert len(scripts) == len(set(scripts))
    assert "thebe" not in "".join(scripts)


def test_the_theme_keeps_the_icons_that_pages_show():
    whole = (HTML / "_static" / "scripts" / "fontawesome.js").read_text("utf8")
    assert len(whole) < 150_000
    shown = {c for page in PAGES for tag in soup(page).select('[class*="fa-"]') for c in tag["class"] if c.startswith("fa-")}
    assert {"fa-magnifying-glass", "fa-bars"} <= shown
    for icon in shown - {"fa-solid", "fa-lg", "fa-brands", "fa-regular"}:
        assert f'"{icon[3:]}":[' in whole or f",{icon[3:]}:[" in whole or f"{{{icon[3:]}:[" in whole, icon


def test_statements_figures_and_exercises_are_numbered_by_chapter():
    for page in (p for p in PAGES if p.parent.name == "notebooks"):
        number = page.stem.partition("-")[0].lstrip("0")
        assert words(soup(page).select_one("article h1")).startswith(f"{number} ")
        said = [words(s) for s in soup(page).select("div.proof .caption-number, figcaption .caption-number")]
        assert said
        assert all(re.match(rf"[A-Z][a-z]+\.? {number}\.\d+$", s) for s in said), said
        statements = [s.rpartition(".")[2] for s in said if not s.startswith("Fig")]
        assert statements == [str(i + 1) for i in range(len(statements))]  # one count for all kinds


@each
def test_every_image_has_a_real_alt_text(page):
    for img in soup(page).find_all("img"):
        alt = img.get("alt", "")
        assert len(alt) > 10, f"{img.get('src')}: alt text {alt!r}"
        assert not re.search(r"\.(svg|png|jpe?g)$|^_images", alt), f"{img.get('src')}: a file name is no alt text"


@each
def test_links_and_anchors_resolve(page):
    for a in soup(page).find_all("a", href=True):
        url = urlsplit(a["href"])
        if url.scheme or a["href"].startswith("//"):
            assert url.scheme in ("https", "http", "mailto"), a["href"]
            continue
        target = page if not url.path else Path((HTML / page.parent / unquote(url.path)).resolve()).relative_to(HTML.resolve())
        assert (HTML / target).is_file(), f"{page}: {a['href']}"
        if url.fragment and target.suffix == ".html":
            assert unquote(url.fragment) in by_id(target), f"{page}: no anchor {a['href']}"


@each
def test_a_page_has_a_language_a_title_and_one_main_heading(page):
    if page.parts[0] in ("book", "notebooks"):
        s = soup(page)
        assert s.html.get("lang")
        assert s.title
        assert len(s.select("article h1")) == 1


def test_figures_are_numbered_and_captioned():
    for path in record.executed(DONE).values():
        page = Path("notebooks") / f"{path.stem}.html"
        figures = soup(page).select("figure")
        assert figures
        for f in figures:
            assert f.figcaption.get_text().strip(), page
        for f in (f for f in figures if "qbc-live" not in f["class"]):  # those with sliders stand beside a numbered one
            assert re.match(r"Fig\. ?\d+", f.figcaption.get_text().strip()), f"{page}: {f.figcaption.get_text()}"


LEDGER, POWER, PROVENANCE = (Path("book") / f"{name}.html" for name in ("claims", "power", "provenance"))


def ledger():
    return record.ledger(DONE, evidence.known(evidence.recorded(TOP)))


def results():
    return [r for r in ledger() if r["label"] == record.parent(r["label"])]


def row(page, prefix, label):
    """The one row of a label in the table of a page."""
    (found,) = by_id(page).get(f"{prefix}-{label}", [])
    assert found.name == "tr", f"{page}: {label}"
    return found


def words(tag):
    return re.sub(r"\s+", " ", tag.get_text().replace("’", "'")).strip()


def test_the_headline_is_the_ledgers_and_counts_every_result_in_a_class():
    said = record.headline(ledger())
    assert said in words(soup(LEDGER))
    assert said in words(soup(Path("book/index.html")))
    assert "without a class" not in said


def test_the_ledger_has_a_row_for_every_result_with_a_link_to_itself_and_its_verdict_second():
    assert len(soup(LEDGER).select("table.qbc-ledger tbody tr")) == len(results())
    for r in results():
        tr = row(LEDGER, "ledger", r["label"])
        assert tr.select(f'a.qbc-link[href="#ledger-{r["label"]}"]')
        assert f"(chapter {r['chapter'].partition('-')[0]})" in words(tr)
        verdict = tr.find_all("td", recursive=False)[1]
        assert verdict.a.get_text() == r["status"]
        assert verdict.a["href"] == f"../notebooks/{r['chapter']}.html#verdict-{r['label']}"


def test_the_ledger_says_the_class_of_every_result_and_what_turned_it():
    for r in results():
        tr = row(LEDGER, "ledger", r["label"])
        assert words(tr.select_one(".qbc-c-class")) == r["evidence"]
        assert r["evidence"] in record.CLASSES
        assert words(tr.select_one(".qbc-c-turned")) == (", ".join(r["turned_by"]) or "nothing")


def test_the_ledger_shows_every_control_with_what_it_drops():
    for r in (r for r in ledger() if r["label"] != record.parent(r["label"])):
        assert 0 < len(r["drops"]) <= 60, r["label"]
        item = row(LEDGER, "ledger", record.parent(r["label"])).select_one(f'li[id="ledger-{r["label"]}"]')
        assert words(item).startswith(f"without {r['drops']}: ")
        assert words(item).endswith(f": {r['status']}")


def test_what_is_weak_and_what_turns_with_effort_is_marked():
    weak = {a["href"] for a in soup(POWER).select("#what-is-weak a[href]")}
    for stored in evidence.recorded(TOP).values():
        for label, cells in stored.results.items():
            marks = [words(m) for m in row(LEDGER, "ledger", label).select(".qbc-mark")]
            assert bool(marks) == evidence.weak(cells), label
            assert ("turns at four times the training" in marks) == ("effort" in evidence.turned_by(cells)), label
            assert ("turns at another seed" in marks) == (cells["data"] == "turned"), label
            assert (f"#power-{label}" in weak) == evidence.weak(cells), label


def test_the_matrix_is_shown_as_it_is_recorded():
    signs = {"turned": "T", "moved": "m", "same": "·", "lost": "?", "unreached": ""}
    declared = {r["label"]: r["rests_on"] for r in results()}
    shown = {label: cells for stored in evidence.recorded(TOP).values() for label, cells in stored.results.items()}
    assert shown.keys() == declared.keys()
    for label, cells in shown.items():
        texts = [words(td) for td in row(POWER, "power", label).find_all("td", recursive=False)]
        assert texts[2:-2] == [signs[cells[name]] for name in evidence.INTERVENTIONS]
        assert texts[-2] == (", ".join(declared[label]) or "–")


def test_the_table_of_sources_has_a_row_for_every_label():
    for path in record.executed(DONE).values():
        for s in record.statements(record.markdown_of(path)):
            assert s.source, f"{s.label}: its *Source:* line cannot be read"
            texts = [words(td) for td in row(PROVENANCE, "source", s.label).find_all("td", recursive=False)]
            assert texts[4] == s.source.claim
            assert texts[2:4] == ([s.source.item.replace("’", "'"), s.source.provenance] if s.source.key else ["–", "–"])


def test_statements_and_exercises_show_a_link_to_themselves_and_no_id_stands_twice():
    for page in (p for p in PAGES if p.parent.name == "notebooks"):
        for div in soup(page).select("div.proof, div.exercise"):
            assert div.p.select(f'a.qbc-link[href="#{div["id"]}"]'), f"{page}: {div['id']}"
        ids = [tag["id"] for tag in soup(page).select("article [id]")]
        assert sorted(ids) == sorted(set(ids)), page


def test_the_concordance_has_every_statement_that_has_a_source_with_its_verdict():
    page, claims = Path("book/concordance.html"), {r["label"]: r for r in results()}
    sourced = {
        s.label for path in DONE.glob("*.ipynb") for s in record.statements(record.markdown_of(path)) if s.source and s.source.key
    }
    assert len(soup(page).select("table.qbc-concordance tbody tr")) == len(sourced)
    for label in sourced:
        assert words(row(page, "concordance", label).select_one(".qbc-c-verdict")) == claims[label]["status"]


def test_the_page_of_choices_has_every_row_with_its_verdicts_and_the_front_page_those_in_bold():
    page, first = Path("book/choose.html"), Path("book/index.html")
    claims, front = {r["label"]: r for r in results()}, 0
    for stem, path in record.executed(DONE).items():
        rows = practice.advice(path, claims)
        for i, advice in enumerate(rows, 1):
            name = f"choose-{stem.partition('-')[0]}-{i}"
            shown = [(page, name)] + ([(first, f"front-{name}")] if advice.front else [])
            front += advice.front
            for where, id_ in shown:
                (tr,) = by_id(where).get(id_, [])
                links = [a["href"] for a in tr.select(".qbc-c-verdict strong a")]
                assert links == [f"../notebooks/{claims[k]['chapter']}.html#verdict-{k}" for k in advice.labels], id_
                words_ = [words(a) for a in tr.select(".qbc-c-verdict strong a")]
                assert words_ == [claims[k]["status"] for k in advice.labels], id_
    assert len(soup(first).select("table.qbc-choose tbody tr")) == front


def test_the_sentences_below_the_rows_stand_on_the_page_of_choices():
    for stem, path in record.executed(DONE).items():
        if practice.in_practice(path)[1]:
            (section,) = soup(Path("book/choose.html")).select(f"section#practice-{stem}")
            own = soup(Path(f"notebooks/{stem}.html")).select_one("section#in-practice")
            assert words(section)[-80:] == words(own)[-80:], stem


def test_the_page_of_findings_has_every_finding_with_its_verdict_and_the_front_page_three_cards():
    page, claims = Path("book/findings.html"), {r["label"]: r for r in results()}
    found = [f for path in record.executed(DONE).values() for f in findings.of_chapter(path)]
    assert len(soup(page).select("table.qbc-findings tbody tr")) == len(found)
    for f in found:
        tr = row(page, "finding", f.label)
        assert tr.select_one(".qbc-c-verdict strong a")["href"] == f"../notebooks/{claims[f.label]['chapter']}.html#verdict-{f.label}"
        assert tr.select(f'a.qbc-link[href="#finding-{f.label}"]')
    cards = soup(Path("book/index.html")).select(".qbc-card")
    assert [c.select_one("a.qbc-link")["href"] for c in cards] == [f"findings.html#finding-{f.label}" for f in found if f.front]


def test_the_front_page_has_every_chapter_with_its_question_and_the_artifact_page_its_command():
    first, claims = words(soup(Path("book/index.html"))), soup(Path("book/artifact.html"))
    for c in chapters.find(TOP):
        asked = soup(Path(f"notebooks/{c.stem}.html")).find("strong", string="Question.").parent
        assert words(asked).removeprefix("Question. ")[:60] in first, c.stem
        (tr,) = claims.select(f'tr[id="artifact-{c.stem}"]')
        assert f"qbc run {c.stem.partition('-')[0]} --out" in words(tr)


def test_no_page_hides_what_was_read():
    for page in PAGES:
        assert not re.search(r"\bas we read\b", words(soup(page))), page


def test_every_control_is_violated_in_every_one_of_its_cases():
    controls = [r for r in ledger() if r["label"] != record.parent(r["label"])]
    assert controls
    for r in controls:
        assert (r["expect"], r["status"], r["violated"]) == ("violated", "violated", r["cases"]), r["label"]


def test_verdicts_on_the_pages_are_the_ledgers_and_each_has_a_link():
    for stem in record.executed(DONE):
        page = Path("notebooks") / f"{stem}.html"
        labels = [r["label"] for r in ledger() if r["chapter"] == stem]
        assert [box["id"] for box in soup(page).select(".qbc-verdict")] == [f"verdict-{label}" for label in labels]
        assert len(set(labels)) == len(labels)
        for label in labels:
            (box,) = by_id(page).get(f"verdict-{label}", [])
            assert box.select_one(f'a.qbc-link[href="#verdict-{label}"]').get_text() == "#"


def test_no_page_shows_an_error_or_an_unresolved_number():
    for page in PAGES:
        text = soup(page).get_text()
        assert "Traceback (most recent call last)" not in text, page
        assert "glue:text" not in text, page
        assert not soup(page).select(".system-message, .problematic"), page


def test_the_readme_shows_the_two_commands_a_picture_and_the_headline_first():
    readme = (TOP / "README.md").read_text("utf8")
    first = "\n".join(readme.splitlines()[:25])
    assert re.findall(r"^make \w+", first, re.M) == ["make book", "make test"]
    picture = re.search(r"!\[(.{20,})\]\((book/_static/fig-[\w-]+\.svg)\)", first)
    assert (TOP / picture.group(2)).is_file()
    assert record.headline(ledger()) in first


def test_the_bare_clone_says_what_to_do_first(tmp_path):
    import subprocess
    import sys

    for name, source in render.wanted(TOP, DONE).items():
        if not name.startswith("notebooks/") and source.suffix != ".js":
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(source.read_bytes())
    for c in chapters.find(TOP):
        target = tmp_path / "notebooks" / c.notebook.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(c.notebook.read_bytes())
    jb = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(tmp_path)]
    done = subprocess.run(jb, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "run `make book`" in done.stdout + done.stderr


def test_execution_times_are_shown():
    text = soup(Path("book/runs.html")).get_text(" ")
    for path in record.executed(DONE).values():
        assert f"{json.loads(path.read_text('utf8'))['metadata']['papermill']['duration']:.1f} s" in text


def test_the_recorded_speeds_are_shown():
    stored, page = json.loads((TOP / "book" / "_static" / "bench.json").read_text("utf8")), soup(Path("book/bench.html"))
    shown = [words(tr) for tr in page.select("table.qbc-bench tbody tr")]
    assert len(shown) == len(stored["rows"])
    for row in stored["rows"]:
        assert any(f"{row['ratio']:.3g} [{row['low']:.3g}, {row['high']:.3g}]" in text for text in shown), row["name"]
    assert f"Measured on {stored['date']}, on {stored['cores']} cores of {stored['processor']}, with Python" in words(page)
