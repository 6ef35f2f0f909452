"""The notebooks that the pages offer for download: resolved, and with a word on what they need."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
from qbc_chapter import key_block, key_lines
from qbc_cite import address, asked_of_git
from sphinx.application import Sphinx

from qbc.pipeline.download import download, names
from qbc.pipeline.notebooks import executed


def write(app: Sphinx, error: Exception | None) -> None:
    """Put them where the download button looks, over the copies of the executed chapters."""
    stage = Path(app.srcdir)
    if error or app.builder.name != "html":
        return
    top, folder = stage.parents[1], stage / "notebooks"  # the clone: the stage lies in its _build
    where, commit = address(asked_of_git(top, "remote", "get-url", "origin")), asked_of_git(top, "rev-parse", "--short", "HEAD")
    state = f"Version {version('qbc')}" + (f", commit `{commit}`." if commit else ".")
    book = names(folder, stage / "book" / "references.bib")
    for stem, path in executed(folder).items():
        nb = download(path, book, key_block([*key_lines(path).values()]), where, state)
        nbformat.validate(nb)
        nbformat.write(nb, Path(app.outdir) / "_sources" / "notebooks" / f"{stem}.ipynb")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
