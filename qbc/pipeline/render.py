"""Rendering: stage the pages beside the executed chapters, then let Jupyter Book build the stage with warnings as errors."""

from __future__ import annotations

import fcntl
import filecmp
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path, PurePosixPath

from qbc.pipeline.chapters import Problem, find
from qbc.pipeline.evidence import known, recorded
from qbc.pipeline.notebooks import executed, load
from qbc.pipeline.record import headline, ledger

MARK = ".stage"  # tells the book's extension that this is a stage, not the bare clone
DOOR = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8" /><title>Behaviour cloning, run end to end</title>
<meta http-equiv="refresh" content="0; url=book/index.html" /></head>
<body><main><h1>Behaviour cloning, run end to end</h1><p><a href="book/index.html">The book begins here.</a></p></main></body>
</html>
"""
PDF = "behaviour-cloning.pdf"  # the whole book, where it was printed
LINK = re.compile(r"(<!-- pdf -->).*?(<!-- /pdf -->)", re.S)
IGNORED = {"__pycache__", ".ipynb_checkpoints", ".jupyter_cache"}


MATHJAX = (
    "startup",
    "core",
    "input/tex",
    "input/tex/extensions/*",
    "output/svg",
    "output/svg/fonts/tex",
    "a11y/assistive-mml",
    "ui/lazy",
)


def mathjax() -> dict[str, Path]:
    """The parts of MathJax that the pages load, from the package that vendors it: relative path -> file."""
    found = {}
    for f in files("sphinx-mathjax-offline") or []:
        part = f.as_posix().partition("/mathjax/")[2]
        if any(PurePosixPath(part).match(f"{name}.js") and part.count("/") == name.count("/") for name in MATHJAX):
            found[f"book/_static/mathjax/{part}"] = Path(str(f.locate()))
    if len(found) < len(MATHJAX):
        raise Problem("MathJax is missing from this environment: run `rm -r .venv` and `make book`")
    return found


def book(top: Path) -> list[str]:
    """The chapters of the book; what else lies in its folder of executed chapters is not part of it."""
    return [c.stem for c in find(top)]


def wanted(top: Path, done: Path) -> dict[str, Path]:
    """What the stage holds: relative path -> the file it is copied from."""
    texts = {c.text for c in find(top)}
    pages = [p for p in sorted((top / "book").rglob("*")) if p.is_file() and p not in texts and not IGNORED & set(p.parts)]
    stage = {str(p.relative_to(top)): p for p in pages} | {n: top / n for n in ("_config.yml", "_toc.yml")}
    stage |= {f"notebooks/{stem}.ipynb": p for stem, p in executed(done, book(top)).items()}
    return stage | mathjax()


def stage(top: Path, done: Path, to: Path) -> str:
    """Make the folder ``to`` hold exactly what is wanted, touching only what changed; returns a hash of that and of this package."""
    want = wanted(top, done)
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.glob("*.py")):  # what the ledger says, and how, is theirs too
        digest.update(module.read_bytes())
    for name, source in want.items():
        target = to / name
        if not (target.is_file() and filecmp.cmp(source, target, shallow=False)):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        digest.update(name.encode() + b"\0" + hashlib.sha256(target.read_bytes()).digest())
    for extra in [
        p for p in to.rglob("*") if p.is_file() and str(p.relative_to(to)) not in {*want, MARK} and not IGNORED & set(p.parts)
    ]:
        extra.unlink()
    (to / MARK).touch()
    return digest.hexdigest()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One build in a folder at a time: a second one waits."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def linked(html: Path, said: str) -> None:
    """Put ``said`` between the marks of every page, with DEPTH as the way to the top; nothing takes the link away."""
    for path in html.rglob("*.html"):
        text = path.read_text("utf8")
        up = "../" * (len(path.relative_to(html).parts) - 1)
        new = LINK.sub(lambda m, up=up: f"{m[1]}{said.replace('DEPTH', up)}{m[2]}", text)  # type: ignore[misc]
        if new != text:
            path.write_text(new, "utf8")


def withdraw(html: Path) -> None:
    """Take away a PDF that is older than the pages, and every link to it."""
    if (html / PDF).is_file():
        (html / PDF).unlink()
        linked(html, "")


def build(top: Path, done: Path) -> tuple[Path, bool]:
    """Build ``_build/html``; returns its first page and whether anything had to be built."""
    with alone(top / "_build"):
        return _build(top, done)


def _build(top: Path, done: Path) -> tuple[Path, bool]:
    to, html, log = top / "_build" / "stage", top / "_build" / "html", top / "_build" / "sphinx.log"
    digest, stamp = stage(top, done, to), top / "_build" / ".rendered"
    pages = re.findall(r"^\s*-?\s*(?:root|file): (\S+)", (to / "_toc.yml").read_text("utf8"), re.M)
    missing = [p for p in ["index", *pages] if not (html / f"{p}.html").is_file()]
    if stamp.is_file() and stamp.read_text("utf8") == digest and not missing:
        return html / "index.html", False
    stamp.unlink(missing_ok=True)
    withdraw(html)
    jb = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(to), "--path-output", str(top), "-n", "-W", "--keep-going"]
    if missing:  # Sphinx would not write a page again whose source has not changed
        jb.append("--all")
    result = subprocess.run(jb, capture_output=True, text=True, check=False)
    log.write_text(result.stdout + result.stderr, "utf8")
    if result.returncode or not (html / "index.html").is_file():
        told = [x for x in (result.stdout + result.stderr).splitlines() if re.search("warning|error|exception", x, re.I)]
        print("\n".join(dict.fromkeys(told)), file=sys.stderr)
        raise Problem(f"the book was not built: Sphinx reports the above (everything it said: {log})")
    (html / "index.html").write_text(DOOR, "utf8")
    stamp.write_text(digest, "utf8")
    return html / "index.html", True


BETWEEN = re.compile(r"(<!-- ledger -->).*?(<!-- /ledger -->)", re.S)


def headlined(readme: str, top: Path, done: Path) -> str:
    """The README with the ledger's headline of ``done`` between its two ledger marks."""
    said = headline(ledger(done, known(recorded(top)), book(top)))
    return BETWEEN.sub(lambda m: f"{m.group(1)}\n{said}\n{m.group(2)}", readme)


def front(top: Path, done: Path) -> dict[Path, str]:
    """The README with the current headline, and the current figures (``book/_static/fig-*.svg``) that it shows."""
    readme = (top / "README.md").read_text("utf8")
    shown = re.findall(r"book/_static/(fig-[\w-]+)\.svg", readme)
    figures = {top / "book" / "_static" / f"{name}.svg": figure(done, name, book(top)) for name in shown}
    return {top / "README.md": headlined(readme, top, done)} | figures


def figure(done: Path, name: str, only: Sequence[str]) -> str:
    """The SVG of the figure called ``name`` in the executed chapters ``only``."""
    for path in executed(done, only).values():
        for cell in load(path)["cells"]:
            if cell["metadata"].get("mystnb", {}).get("figure", {}).get("name") == name:
                for o in cell["outputs"]:
                    if "image/svg+xml" in o.get("data", {}):
                        return "".join(o["data"]["image/svg+xml"])
    raise Problem(f"no executed chapter has a figure named {name!r}")
