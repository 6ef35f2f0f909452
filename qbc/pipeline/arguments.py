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


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")  # in no range


def _seconds(text: str) -> float:
    value = _number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("needs seconds > 0")
    return value


def _count(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError("needs a whole number") from None


def _running(p: argparse.ArgumentParser) -> None:
    """What every command that runs chapters takes."""
    p.add_argument("--jobs", type=_count, default=os.cpu_count() or 1, metavar="N", help="runs at a time (default: one per core)")
    p.add_argument("--timeout", type=_seconds, metavar="S", help="seconds a chapter may take (default: no limit)")
    p.add_argument("--scheduler", default="", metavar="tcp://…", help="hand the runs to the workers of this dask scheduler")


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("needs a whole number >= 0")
    return int(text)


def _gain(text: str) -> float:
    value = _number(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("needs a finite number >= 0")
    return value


def _diagnosis(p: argparse.ArgumentParser) -> None:
    p.add_argument("path", metavar="PATH", help="a file, or the folder of a data set")
    p.add_argument("--json", action="store_true", help="print one object instead of text")
    p.add_argument("--html", type=Path, metavar="FILE", help="write one page with figures, too; not into the data set")
    p.add_argument("--gain", type=_gain, metavar="C", help="state deviation per unit of action error, if you know it (default: fitted)")
    p.add_argument("--steps", type=_whole, metavar="H", help="the horizon (default: the mean length of an episode)")
    p.add_argument(
        "--chunk",
        type=_whole,
        default=8,
        metavar="N",
        help="steps of the chunks compared at neighbouring states and made into tokens (default: 8)",
    )
    p.add_argument("--seed", type=_whole, default=0, metavar="N", help="of the sample and of resampling (default: 0)")


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
    runs.add_argument("--seeds", type=_count, metavar="N", help="with --only data: how each verdict fares over N other seeds")
    runs.add_argument("--out", type=_folder, metavar="DIR", help="folder for the runs (default: _build/power)")
    runs.add_argument(
        "--check",
        action="store_true",
        help="compare what results declare with the recorded matrix; where that is stale, both with new runs of fit and rollout",
    )
    _running(runs)
    report = sub.add_parser(
        "diagnose",
        help="what is wrong with robot demonstrations, before you train on them; exit 1 if a fault was found",
        epilog="exit status: 0 no fault found, 1 faults found, 2 the data set cannot be read. It needs the extra `data` for HDF5, zarr "
        "and compressed parquet. Example: qbc diagnose my_data --html report.html",
        description="Read a data set once (LeRobot, robomimic or ALOHA HDF5, Diffusion Policy zarr, RLDS, openpi norm_stats.json, npz, "
        "npy, csv) and say which faults it has, what its stored statistics lie about, how many bins its actions want, and what cannot "
        "be seen. Nothing is written into the data set, and nothing leaves this machine.",
    )
    _diagnosis(report)
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
