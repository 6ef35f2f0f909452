"""What the command ``qbc`` takes."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from qbc.pipeline.evidence import INTERVENTIONS
from qbc.pipeline.record import CLAIMS, CLASSES


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("needs the name of a folder")
    return Path(text)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("needs seconds > 0")
    return value


def _running(p: argparse.ArgumentParser) -> None:
    """What every command that runs chapters takes."""
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="runs at a time (default: one per core)")
    p.add_argument("--timeout", type=_seconds, metavar="S", help="seconds a chapter may take (default: no limit)")
    p.add_argument("--scheduler", default="", metavar="tcp://…", help="hand the runs to the workers of this dask scheduler")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="qbc", description="An executable book on behaviour cloning: run its chapters, read its ledger.")
    sub = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    sub.add_parser("chapters", help="list the chapters, their parameters and whether they have been executed")
    run = sub.add_parser(
        "run",
        help="execute chapters, with other parameters if you like",
        epilog="example: qbc run 06 -p seed 7 --out runs/seed7",
        description="Execute chapters with papermill. What is up to date in the output folder is left alone.",
    )
    run.add_argument("chapters", nargs="*", metavar="NN", help="chapter numbers or names (default: all)")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="set a parameter (repeatable)"
    )
    _running(run)
    run.add_argument(
        "--out", type=_folder, metavar="DIR", help="folder for executed notebooks (default: the book's; runs/NAME-VALUE with -p)"
    )
    claims = sub.add_parser("claims", help="print the ledger of an executed folder; exit 1 if a verdict is not the one the book states")
    claims.add_argument("--from", dest="folder", type=Path, metavar="DIR", help="executed folder (default: the book's)")
    claims.add_argument("--class", dest="evidence", choices=CLASSES, help="results of this class only, and their controls")
    claims.add_argument("--claim", choices=CLAIMS, help="results in this relation to their source only, and their controls")
    claims.add_argument("--weak", action="store_true", help="weak results only: verdicts that do not turn where they should")
    claims.add_argument("--json", action="store_true", help="print a list of objects instead of a table")
    book = sub.add_parser("book", help="execute what changed and build the book")
    _running(book)
    runs = sub.add_parser(
        "power",
        help="take ingredients away from chapters, and see which verdicts turn (no longer come out as stated)",
        epilog="examples: qbc power 06 --only fit,rollout    qbc power 06 --only data --seeds 20",
        description="Run chapters with one ingredient at a time taken away, and print which verdicts turn, that is, no longer come "
        "out as stated. Interventions: data (another seed), fit (learners see noise), less (a tenth of the data), rollout (plants "
        "stand still), quantizer (the identity), bound (times .8, times 1.25), effort (four times the training). Runs that exist "
        "are not repeated; a complete matrix is kept in book/_static/power (with --out: in that folder).",
    )
    runs.add_argument("chapters", nargs="*", metavar="NN", help="chapter numbers or names (default: all)")
    runs.add_argument(
        "--only", default="", metavar="A,B", help=f"some of {', '.join(INTERVENTIONS)}; bound: both bound-low and bound-high"
    )
    runs.add_argument("--seeds", type=int, metavar="N", help="with --only data: how each verdict fares over N other seeds")
    runs.add_argument("--out", type=_folder, metavar="DIR", help="folder for the runs (default: _build/power)")
    runs.add_argument(
        "--check",
        action="store_true",
        help="compare what results declare with the recorded matrix; where that is stale, both with new runs of fit and rollout",
    )
    _running(runs)
    sub.add_parser("pair", help="bring notebooks/ up to date with the texts in book/")
    numbers = sub.add_parser("expected", help="accept the numbers of the executed book: tests/expected, and the README's headline")
    numbers.add_argument("--check", action="store_true", help="compare only; exit 1 and say which number changed, and by how much")
    numbers.add_argument(
        "--from", dest="folder", type=Path, metavar="DIR", help="with --check: any executed folder (default: the book's)"
    )
    numbers.add_argument(
        "--also", type=Path, nargs="+", default=[], metavar="DIR", help="runs of other processors, whose spread becomes a tolerance"
    )
    return top
