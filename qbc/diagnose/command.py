"""What ``qbc diagnose`` does with what it was asked."""

from __future__ import annotations

import argparse
from pathlib import Path

from qbc.datasets import Unreadable
from qbc.diagnose.page import page
from qbc.diagnose.plain import as_json
from qbc.diagnose.report import diagnose
from qbc.diagnose.shown import text


class Refused(Exception):
    """What cannot be done, in one line."""


def run(args: argparse.Namespace) -> int:
    """0: no fault found; 1: faults found. Raises :class:`Refused` where nothing could be said, and ``OSError`` of the page's file."""
    path = Path(args.path)
    if args.html is not None:
        _outside(args.html, path)
    try:
        report = diagnose(path, seed=args.seed, chunk=args.chunk, steps=args.steps, gain=args.gain, progress=True)
    except (Unreadable, ModuleNotFoundError, ValueError) as e:
        raise Refused(str(e)) from None
    if args.html is not None:
        args.html.write_text(page(report), "utf8")
    print(as_json(report) if args.json else text(report))
    return int(bool(report.faults))


def _outside(page: Path, data: Path) -> None:
    """Nothing is written into a data set."""
    if page.is_dir():
        raise Refused(f"--html {page}: a folder; name a file")
    inside = page.resolve().is_relative_to(data.resolve()) if data.is_dir() else page.resolve() == data.resolve()
    if inside:
        raise Refused(f"--html {page}: lies in the data set, where nothing is written: name another file")
