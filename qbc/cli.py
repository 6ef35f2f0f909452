"""The command ``qbc``: list chapters, run them, print the ledger, build the book."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from qbc.pipeline.chapters import Problem, find, pair, root
from qbc.pipeline.record import Row, failures, headline, ledger, regressions, write_expected


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("needs the name of a folder")
    return Path(text)


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
    run.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="chapters at a time (default: one per core)")
    run.add_argument(
        "--out", type=_folder, metavar="DIR", help="folder for executed notebooks (default: the book's; runs/NAME-VALUE with -p)"
    )
    claims = sub.add_parser("claims", help="print the ledger of an executed folder; exit 1 if a verdict is not the one the book states")
    claims.add_argument("--from", dest="folder", type=Path, metavar="DIR", help="executed folder (default: the book's)")
    claims.add_argument("--json", action="store_true", help="print a list of objects instead of a table")
    book = sub.add_parser("book", help="execute what changed and build the book")
    book.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="chapters at a time (default: one per core)")
    sub.add_parser("pair", help="bring notebooks/ up to date with the texts in book/")
    expected = sub.add_parser("expected", help="accept the numbers of the executed book: tests/expected, and the README's headline")
    expected.add_argument("--check", action="store_true", help="compare only; exit 1 and say which number changed, and by how much")
    return top


def _path(p: Path) -> str:
    here = Path.cwd()
    return str(p.relative_to(here)) if p.is_relative_to(here) else str(p)


def _execute(args: argparse.Namespace, top: Path, out: Path) -> int:
    from qbc.pipeline.execute import run  # papermill takes half a second to import

    outcomes = run(find(top, getattr(args, "chapters", ())), out, getattr(args, "parameters", ()), jobs=args.jobs)
    errors = [o.error for o in outcomes if o.status == "failed"]
    for error in errors:
        print(f"qbc: {error}", file=sys.stderr)
    return 1 if errors else 0


def _chapters(top: Path, done: Path) -> int:
    from qbc.pipeline.chapters import defaults, derive

    for c in find(top):
        given = ", ".join(f"{k}={v}" for k, v in defaults(c, derive(c)).items())
        state = "executed" if (done / f"{c.stem}.ipynb").is_file() else "not executed yet"
        print(f"{c.stem:<28} {c.title}\n{'':<28} {given}; {state}")
    return 0


def _number(x: float | None) -> str:
    return "inf" if x is None else f"{x:.5g}"


def _table(rows: list[Row]) -> str:
    cells = [("label", "measured", "", "predicted", "verdict")]
    for r in rows:
        interval = "" if r["low"] == r["high"] else f" [{_number(r['low'])}, {_number(r['high'])}]"
        tol = f" ± {_number(r['tol'])}" if r["tol"] else ""
        wrong = "" if r["status"] == r["expect"] else f"  <-- the book states {r['expect']}"
        cells.append((r["label"], _number(r["value"]) + interval, r["relation"], _number(r["rhs"]) + tol, r["status"] + wrong))
    widths = [max(len(c[i]) for c in cells) for i in range(5)]
    return "\n".join("  ".join(x.ljust(w) for x, w in zip(c, widths, strict=True)).rstrip() for c in cells)


def _claims(args: argparse.Namespace, done: Path) -> int:
    folder = args.folder or done
    rows, failed = ledger(folder), failures(folder)
    if args.json:
        print(json.dumps(rows, indent=1, allow_nan=False))
    else:
        print(_table(rows))
        print(f"\n{headline(rows)}" if rows else "\nno verdicts")
    for stem in failed:
        print(f"qbc: {stem}: the last run failed, its ledger ends there", file=sys.stderr)
    return 1 if failed or any(r["status"] != r["expect"] for r in rows) else 0


def _book(args: argparse.Namespace, top: Path, done: Path) -> int:
    from qbc.pipeline.execute import prune
    from qbc.pipeline.render import build

    prune(find(top), done)
    if code := _execute(args, top, done):
        print("qbc: the book was not rebuilt; the previous one is untouched", file=sys.stderr)
        return code
    page, built = build(top, done)
    print(headline(ledger(done)))
    print(f"the book{'' if built else ' (up to date)'}: {page.as_uri()}")
    return 0


def _expected(args: argparse.Namespace, top: Path, done: Path) -> int:
    from qbc.pipeline.render import headlined, refresh_readme

    if failed := failures(done):
        raise Problem(
            f"the last run of {', '.join(failed)} failed: mend it and run `make book` first; nothing was compared or accepted"
        )
    if not args.check:
        write_expected(done, top / "tests" / "expected")
        refresh_readme(top, done)
        print("accepted: review the change with `git diff tests/expected README.md`")
        return 0
    said = regressions(done, top / "tests" / "expected")
    readme = (top / "README.md").read_text("utf8")
    if headlined(readme, done) != readme:
        said.append("README.md: its headline is not the ledger's")
    print("\n".join(said) or f"every number is the reviewed one ({len(ledger(done))} verdicts)")
    if said:
        print("qbc: if these changes are right, run `make expected`, review `git diff tests/expected` and commit it", file=sys.stderr)
    return 1 if said else 0


def _dispatch(args: argparse.Namespace) -> int:
    if args.command == "claims" and args.folder:  # an executed folder stands for itself, wherever it is
        return _claims(args, args.folder)
    top = root()
    done = top / "_build" / "executed"
    if args.command == "run":
        name = "_".join(f"{k}-{v}" for k, v in args.parameters)
        out = args.out or (top / "runs" / name.replace("/", "-") if name else done)
        code = _execute(args, top, out)
        if not code:
            print(f"executed notebooks: {_path(out)}; their ledger: qbc claims --from {_path(out)}")
        return code
    if args.command == "pair":
        for c in find(top):
            pair(c)
        return 0
    if args.command == "chapters":
        return _chapters(top, done)
    return {
        "claims": lambda: _claims(args, done),
        "book": lambda: _book(args, top, done),
        "expected": lambda: _expected(args, top, done),
    }[args.command]()


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point. Exit status: 0 as stated, 1 a chapter, verdict or number is not, 2 the request cannot be carried out."""
    args = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        return _dispatch(args)
    except Problem as e:
        print(f"qbc: {e}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("qbc: interrupted; finished chapters are kept, the next run resumes", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as e:
        print(f"qbc: {e.filename or 'input/output'}: {e.strerror or e}", file=sys.stderr)
        return 2
