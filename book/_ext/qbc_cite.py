"""How to cite the book, and which state of it the pages show: version, commit, date, and the repository where the clone names one."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from qbc_book import Page
from sphinx.application import Sphinx


def asked_of_git(top: Path, *words: str) -> str:
    """What git says in the folder; empty without git or a repository."""
    try:
        return subprocess.run(["git", *words], cwd=top, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def address(remote: str) -> str:
    """The web address of a remote, without a name or password in it; empty for a folder or another kind."""
    found = re.fullmatch(r"(?:https?://(?:[^/@]+@)?|(?:ssh://)?git@)([\w.-]+)[:/](.+?)(?:\.git)?/?", remote)
    return f"https://{found[1]}/{found[2]}" if found else ""


class Cite(Page):
    """BibTeX to copy, and the state of the pages."""

    def markdown(self) -> str:
        top = Path(self.env.srcdir).parents[1]  # the clone: the stage lies in its _build
        about = yaml.safe_load((top / "CITATION.cff").read_text("utf8"))
        where, commit = address(asked_of_git(top, "remote", "get-url", "origin")), asked_of_git(top, "rev-parse", "--short", "HEAD")
        today = datetime.now(UTC)
        lines = [
            "@misc{qbc,",
            f"  title  = {{{about['title']}}},",
            f"  author = {{{{{' and '.join(a['name'] for a in about['authors'])}}}}},",
            f"  year   = {{{today.year}}},",
            f"  note   = {{Version {version('qbc')}{f', commit {commit}' if commit else ''}}}" + ("," if where else ""),
            *([f"  url    = {{{where}}}"] if where else []),
            "}",
        ]
        state = f"Version {version('qbc')}" + (f", commit `{commit}`" if commit else "") + f", built on {today:%Y-%m-%d}."
        return "\n".join([state, *([f"Repository: <{where}>."] if where else []), "", "```bibtex", *lines, "```"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("qbc-cite", Cite)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
