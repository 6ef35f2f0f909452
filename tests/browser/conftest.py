"""A browser for the built site: this machine's Chromium, and a server on localhost.

``QBC_CHROMIUM`` names the browser if it is not on the path; ``QBC_BROWSER=skip`` skips these tests, and pytest counts them as skipped.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, sync_playwright
from watching import HTML, Handler, Watched

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = (
    "the browser tests need Chromium, and none is on the path: "
    "install it, or set QBC_CHROMIUM to its file, or QBC_BROWSER=skip to go without"
)


def pytest_collection_modifyitems(items):
    """Skip what needs a browser, if that was asked for."""
    if os.environ.get("QBC_BROWSER") == "skip":
        for item in items:
            if "browser" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="QBC_BROWSER=skip"))


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the built site on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(HTML))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of this machine; playwright's own is never downloaded."""
    path = os.environ.get("QBC_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    with sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def watch(browser, site):
    """``with watch(width=375, dark=True) as watched:`` is a new page; ``files=True`` takes it from the file system."""

    @contextmanager
    def opened(width: int = 1440, dark: bool = False, files: bool = False, **options) -> Iterator[Watched]:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        context.set_default_timeout(60_000)
        try:
            yield Watched(context.new_page(), HTML.as_uri() if files else site)
        finally:
            context.close()

    return opened
