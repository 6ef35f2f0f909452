"""What the browser tests share: where the site is, which pages it has, and a page that is watched while it loads."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page

from qbc.pipeline import chapters

TOP = chapters.root()
HTML, SCREENS = TOP / "_build" / "html", TOP / "_build" / "screens"


def pages() -> list[str]:
    """Every page of the site, as a path within it; what lies in ``_static`` are templates of the theme."""
    found = (p.relative_to(HTML) for p in HTML.rglob("*.html"))
    return sorted(str(p) for p in found if p.parts[0] != "_static" and str(p) != "index.html")  # index.html only leads on


def chapter_pages() -> list[str]:
    return [p for p in pages() if p.startswith("notebooks/")]


class Handler(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, *args):
        pass


@dataclass
class Watched:
    """A page of a browser, what it said on the console, and what it asked for."""

    page: Page
    home: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda m: self.said.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda e: self.said.append(f"error: {e}"))
        self.page.on("response", lambda r: self.said.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
        self.page.on("request", lambda r: self.asked.append(r.url))

    def open(self, name: str, settle: bool = True) -> Page:
        """Go to a page of the site; wait until its formulas in sight are typeset."""
        self.page.goto(f"{self.home}/{name}", wait_until="load")
        if settle:
            self.page.evaluate("() => window.MathJax && MathJax.startup && MathJax.startup.promise")
        return self.page

    @property
    def outside(self) -> list[str]:
        """What it asked of others than the site."""
        return [u for u in self.asked if not u.startswith((f"{self.home}/", "data:", "blob:"))]

    def bytes(self) -> int:
        """The size, uncompressed, of all it asked of the site."""
        paths = {unquote(urlsplit(u).path).lstrip("/") for u in self.asked if u.startswith(f"{self.home}/")}
        return sum((HTML / p).stat().st_size for p in paths if (HTML / p).is_file())


def typeset_all(page: Page) -> None:
    """Have every formula typeset, also those far from the window."""
    page.evaluate(
        """async () => {
          for (let y = 0; y < document.documentElement.scrollHeight; y += 700) {
            window.scrollTo(0, y);
            await new Promise(r => requestAnimationFrame(() => setTimeout(r, 100)));
          }
          window.scrollTo(0, 0);
        }"""
    )
