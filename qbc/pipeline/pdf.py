"""The whole book as one PDF: the pages of the site joined in the order of the table of contents, and printed by Chromium."""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import sys
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup
from playwright.sync_api import PdfMargins, sync_playwright

from qbc.pipeline.chapters import Problem, root
from qbc.pipeline.render import PDF, linked

JOINED = "joined.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LEFT_OUT = "script, style, noscript, .headerlink, .qbc-link, .qbc-filter, .toctree-wrapper, .tableofcontents-wrapper, button, nav"
NUMBER = '<div style="font-size:8px;width:100%;text-align:center"><span class="pageNumber"></span></div>'
FOOT: dict[str, Any] = {"display_header_footer": True, "header_template": "<span></span>", "footer_template": NUMBER}
MARGIN = PdfMargins(top="16mm", bottom="18mm", left="16mm", right="16mm")


def browser() -> str:
    """The Chromium of this machine: ``QBC_CHROMIUM``, or what is on the path."""
    found = os.environ.get("QBC_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise Problem("there is no Chromium on the path: install it, or set QBC_CHROMIUM to its file")
    return found


def order(top: Path) -> list[str]:
    """The pages as they follow each other, without their endings."""
    return re.findall(r"^\s*-?\s*(?:root|file): (\S+)", (top / "_toc.yml").read_text("utf8"), re.M)


def slug(page: str) -> str:
    return page.replace("/", "-")


def moved(href: str, page: str, pages: list[str]) -> str | None:
    """Where a link of ``page`` leads within the joined book; None if what it led to is not in it."""
    url = urlsplit(href)
    if url.scheme or href.startswith("//"):
        return href
    target = posixpath.normpath(posixpath.join(posixpath.dirname(page), url.path)).removesuffix(".html") if url.path else page
    if target not in pages:
        return None
    return f"#{slug(target)}--{url.fragment}" if url.fragment else f"#{slug(target)}"


def article(html: str, page: str, pages: list[str]) -> tuple[str, str]:
    """Of a page its title, and what it says, with names of its own and links into the joined book."""
    soup = BeautifulSoup(html, "html.parser")
    found = soup.select_one("article")
    if found is None or found.h1 is None:
        raise Problem(f"{page}.html has no article with a heading: build the book again with `make book`")
    for tag in found.select(LEFT_OUT):
        tag.decompose()
    for tag in found.select("[id]"):
        tag["id"] = f"{slug(page)}--{tag['id']}"
    for tag in found.select("a[href]"):
        to = moved(str(tag["href"]), page, pages)
        if to is None:
            tag.unwrap()
        else:
            tag["href"] = to
    for tag in found.select("img[src]"):
        tag["src"] = posixpath.normpath(posixpath.join(posixpath.dirname(page), str(tag["src"])))
        del tag["loading"]
    return found.h1.get_text().strip(), f'<section id="{slug(page)}" class="qbc-page">{found.decode_contents()}</section>'


def head(html: str, page: str) -> str:
    """The style sheets of a page and its formulas' settings, for all formulas at once."""
    soup = BeautifulSoup(html, "html.parser")
    folder = posixpath.dirname(page)
    sheets = [str(t["href"]) for t in soup.select('link[rel="stylesheet"]')]
    lines = [f'<link rel="stylesheet" href="{posixpath.normpath(posixpath.join(folder, s.partition("?")[0]))}" />' for s in sheets]
    said = next(iter(re.findall(r"window\.MathJax = (\{.*?\})</script>", html, re.S)), "{}")
    settings = json.loads(said)
    settings["loader"] = {"load": [part for part in settings.get("loader", {}).get("load", []) if part != "ui/lazy"]}
    settings["svg"] = {"fontCache": "global"}
    settings.get("options", {}).pop("lazyMargin", None)
    lines.append(f'<script>window.MathJax = {json.dumps(settings)}</script><script src="_static/mathjax/startup.js"></script>')
    return "\n".join(lines)


def joined(top: Path, html: Path) -> str:
    """All pages as one, after a title and a table of contents."""
    pages = [p for p in order(top) if (html / f"{p}.html").is_file()]
    texts = {p: (html / f"{p}.html").read_text("utf8") for p in pages}
    parts = [article(text, p, pages) for p, text in texts.items()]
    formulas = next((p for p in pages if "mathjax/" in texts[p]), pages[0])
    contents = "".join(f'<li><a href="#{slug(p)}">{escape(title)}</a></li>' for p, (title, _) in zip(pages, parts, strict=True))
    first = f'<section class="qbc-page"><h1>{escape(parts[0][0])}</h1><h2>Contents</h2><ol class="qbc-toc">{contents}</ol></section>'
    style = "<style>.qbc-page { break-before: page; } .qbc-toc { list-style: none; } body { background: white; }</style>"
    opening = f'<head><meta charset="utf-8" /><title>{escape(parts[0][0])}</title>{head(texts[formulas], formulas)}{style}</head>'
    text = "".join([first, *(text for _, text in parts)])
    body = f'<body><main class="bd-content"><div class="bd-article-container">{text}</div></main></body>'
    return f'<!doctype html><html lang="en" data-theme="light" data-mode="light">{opening}{body}</html>'


def make(top: Path) -> Path:
    """Print the book, which must be built, and link the PDF from its pages."""
    html = top / "_build" / "html"
    if not (html / "index.html").is_file():
        raise Problem("the book is not built: run `make book`")
    whole, to = html / JOINED, html / PDF
    whole.write_text(joined(top, html), "utf8")
    try:
        with sync_playwright() as p:
            chromium = p.chromium.launch(executable_path=browser(), args=["--no-sandbox", "--disable-gpu"])
            page = chromium.new_page()
            page.set_default_timeout(1_800_000)
            page.goto(whole.as_uri())
            page.evaluate("() => MathJax.startup.promise")
            page.pdf(path=to, format="A4", margin=MARGIN, outline=True, tagged=True, **FOOT)
            chromium.close()
    finally:
        whole.unlink(missing_ok=True)
    linked(html, f'<p><a href="DEPTH{PDF}">The whole book as one PDF ({to.stat().st_size / 1e6:.0f} MB)</a></p>')
    return to


if __name__ == "__main__":
    try:
        print(f"{make(root())}")
    except Problem as e:
        sys.exit(str(e))
