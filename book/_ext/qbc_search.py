"""What the search finds: sections, statements and rows of the concordance, each with its own address, not whole pages.

The sections of a page are read off it as it is written, the words that readers use and the book does not from ``book/keywords.yml``.
All of it becomes one script, so that the search also works from the file system; ``qbc-search.js`` ranks.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from bs4 import BeautifulSoup, Tag
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

LOG = logging.getLogger(__name__)
INDEX, KEYWORDS = "qbc-index.js", "book/keywords.yml"
TABLES = {"claims", "power", "provenance", "runs", "bench", "artifact"}  # pages of numbers: their tables answer no question in words
STATEMENT = "div.proof[id]"
UNREAD = "script, style, noscript, div.cell_input, pre, img, svg, .headerlink, .qbc-link, .qbc-verdict, .qbc-live, .toctree-wrapper"
BODY = "section#proof-content, section#exercise-content"  # of statements and exercises: no sections of their own


def words(tag: Tag) -> str:
    """The text of a tag, formulas without their marks."""
    text = re.sub(r"\\[()\[\]]|[\\${}]", "", tag.get_text(" "))
    return re.sub(r"\s+([,.;:?)])", r"\1", re.sub(r"\s+", " ", text)).strip()


def taken(tag: Tag, selector: str) -> list[Tag]:
    """The tags that match, taken out of where they stood."""
    return [found.extract() for found in tag.select(selector)]


def entries(body: str, page: str) -> list[dict[str, str]]:
    """What a page has to find: anchor, title, text and kind of each section, statement and row of a concordance."""
    soup = BeautifulSoup(body, "html.parser")
    taken(soup, f"{UNREAD}, .solution")
    for tag in soup.select(BODY):
        tag.name = "div"
    found = []
    for row in taken(soup, 'tr[id^="concordance-"]'):
        cells = [words(c) for c in row.find_all("td", recursive=False)]
        found.append({"a": row["id"], "t": f"{cells[0]}: {cells[1]}", "x": " ".join(cells[2:]), "w": "row"})
    if page.rpartition("/")[2] in TABLES:
        taken(soup, "table")
    for box in taken(soup, STATEMENT):
        head = box.find("p", class_="admonition-title")
        title = words(head.extract()) if isinstance(head, Tag) else box["id"]
        found.append({"a": box["id"], "t": title, "x": words(box), "w": "statement"})
    for section in reversed(soup.select("section[id]")):  # the inner ones first: each leaves its outer one
        section.extract()
        head = section.find(re.compile("^h[1-6]$"))
        title = words(head.extract()) if isinstance(head, Tag) else section["id"]
        main = isinstance(head, Tag) and head.name == "h1"
        found.append({"a": "" if main else section["id"], "t": title, "x": words(section), "w": "page" if main else "section"})
    return found


def read(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Keep what there is to find on a page, until all are written."""
    if doctree is not None and "body" in context:
        kept = Path(app.doctreedir) / "qbc-search" / f"{page}.json"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(entries(context["body"], page), ensure_ascii=False), "utf8")


def asked(top: Path) -> dict[str, list[str]]:
    """The words of readers: page or page#anchor -> what they may ask for."""
    given = yaml.safe_load((top / KEYWORDS).read_text("utf8"))
    return {str(where): [str(w) for w in said] for where, said in given.items()}


def base36(n: int) -> str:
    """As ``parseInt(…, 36)`` of JavaScript reads it."""
    return (base36(n // 36) if n > 35 else "") + "0123456789abcdefghijklmnopqrstuvwxyz"[n % 36]


def numbered(texts: Sequence[str]) -> tuple[str, list[str]]:
    """The words of all texts, the frequent ones first, and each text as their numbers: two thirds of the letters."""
    counts = Counter(w for text in texts for w in text.split(" "))
    numbers = {word: base36(i) for i, (word, _) in enumerate(counts.most_common())}
    return " ".join(numbers), [" ".join(numbers[w] for w in text.split(" ")) for text in texts]


def write(app: Sphinx, error: Exception | None) -> None:
    """Join the pages into the script that the search reads."""
    if error:
        return
    told, pages, index = asked(Path(app.srcdir)), [], []
    for page in sorted(app.env.found_docs):
        kept = Path(app.doctreedir) / "qbc-search" / f"{page}.json"
        if not kept.is_file():
            continue
        here = json.loads(kept.read_text("utf8"))
        pages.append([f"{page}.html", next((e["t"] for e in here if e["w"] == "page"), page)])
        for e in here:
            where = f"{page}#{e['a']}" if e["a"] else page
            index.append([len(pages) - 1, e["a"], e["t"], " ".join(told.pop(where, [])), e["x"], e["w"]])
    for where in told:
        LOG.warning("%s: %s: the book has no such page or section", KEYWORDS, where)
    every, texts = numbered([e[4] for e in index])
    for e, text in zip(index, texts, strict=True):
        e[4] = text
    script = f"window.qbcIndex = {json.dumps([pages, index, every], ensure_ascii=False, separators=(',', ':'))};\n"
    (Path(app.outdir) / "_static" / INDEX).write_text(script, "utf8")
    (Path(app.outdir) / "searchindex.js").unlink(missing_ok=True)  # Sphinx's own, which no page loads


def forget(app: Sphinx) -> None:
    """Do not look for Sphinx's own index of the pages that stay as they are: it is not kept."""
    if hasattr(app.builder, "load_indexer"):
        app.builder.load_indexer = lambda docnames: None


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", forget)
    app.connect("html-page-context", read, priority=890)  # before links and boxes are put in
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
