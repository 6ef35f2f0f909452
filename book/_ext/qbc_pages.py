"""What every page needs and the theme does not give: a description, formulas only where there are any, no unused scripts."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

THEBE = ("sphinx-thebe", "THEBE_JS_URL")  # thebe runs cells on a server; this book has none
DESCRIPTION = 160  # characters that search engines show
STATEMENT = re.compile(r'(<div class="(?:proof|exercise) [^"]*" id="([\w-]+)">\s*<p class="admonition-title">.*?)(</p>)', re.S)
LINK = r'\1 <a class="qbc-link" href="#\2" aria-label="link to \2">#</a>\3'
SAME = re.compile(r' id="(?:proof|exercise|solution)-content"')  # the extensions give the body of every statement the same id
PLAIN = re.compile(r'<span class="[wnp]">([^<]*)</span>')  # names, signs and blanks of code look like the rest of it
ROLES = {  # the theme's roles for references are not those that readers of screens know any more
    ' role="doc-biblioentry"': "",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
}
NOSCRIPT = '<noscript><p class="qbc-noscript">Without JavaScript the formulas stay TeX, and the search is off.</p></noscript>'


def description(doctree: nodes.document) -> str:
    """The first paragraphs of a page, cut at a word."""
    said = " ".join(p.astext() for p in doctree.findall(nodes.paragraph))
    said = re.sub(r"\s+", " ", said)[: DESCRIPTION + 1]
    return said if len(said) <= DESCRIPTION else said.rpartition(" ")[0] + " …"


def tidy(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    formulas = 'class="math ' in context.get("body", "")
    unused = THEBE if formulas else (*THEBE, "MathJax", "mathjax/")

    def used(files: list[Any]) -> list[Any]:
        """Each file or inline script once, without those that nothing on the page uses."""
        said = {getattr(f, "attributes", {}).get("body") or str(getattr(f, "filename", f)): f for f in reversed(files)}
        return [f for text, f in reversed(said.items()) if not any(word in text for word in unused)]

    context["script_files"], context["css_files"] = used(context["script_files"]), used(context["css_files"])
    context["default_mode"] = "auto"
    if doctree is not None:
        about = f'<meta name="description" content="{escape(description(doctree))}" />'
        context["metatags"] = f"{context.get('metatags', '')}\n{about}\n"
    if "body" in context:
        body = SAME.sub("", STATEMENT.sub(LINK, context["body"]))
        body = PLAIN.sub(r"\1", body)
        for old, new in ROLES.items():
            body = body.replace(old, new)
        context["body"] = (NOSCRIPT if formulas else "") + body


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", tidy, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
