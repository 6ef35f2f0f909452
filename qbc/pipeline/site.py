"""The built book as one archive, with its checksum and a list of what it was built with."""

from __future__ import annotations

import gzip
import hashlib
import platform
import subprocess
import sys
import tarfile
from importlib.metadata import distributions
from pathlib import Path

from qbc.pipeline.chapters import Problem, root

ARCHIVE, VERSIONS = "qbc-site.tar.gz", "versions.txt"


def versions(top: Path) -> str:
    """The commit, the Python and every package of this environment, one a line."""
    said = subprocess.run(["git", "rev-parse", "HEAD"], cwd=top, capture_output=True, text=True, check=False)
    found = {d.metadata["Name"].lower(): d.version for d in distributions()}
    lines = [f"commit {said.stdout.strip() or 'unknown'}", f"python {platform.python_version()}", f"system {platform.platform()}"]
    return "\n".join([*lines, *(f"{name}=={found[name]}" for name in sorted(found))]) + "\n"


def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry of the archive without owner and clock, so that the same pages give the same archive."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def pack(top: Path) -> Path:
    """Write the archive of ``_build/html`` and its checksum beside it; returns the archive."""
    html, to = top / "_build" / "html", top / "_build" / ARCHIVE
    if not (html / "index.html").is_file():
        raise Problem("the book is not built: run `make book`")
    (html / VERSIONS).write_text(versions(top), "utf8")
    with to.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(p for p in html.rglob("*") if p.is_file()):
            tar.add(path, f"qbc-site/{path.relative_to(html)}", filter=plain)
    (to.parent / f"{ARCHIVE}.sha256").write_text(f"{hashlib.sha256(to.read_bytes()).hexdigest()}  {ARCHIVE}\n", "utf8")
    return to


if __name__ == "__main__":
    try:
        print(pack(root()))
    except Problem as e:
        sys.exit(str(e))
