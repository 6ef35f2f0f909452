"""The command ``qbc``: list chapters, run them, print the ledger, build the book."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from qbc.pipeline import evidence, expected, show
from qbc.pipeline.arguments import parser
from qbc.pipeline.chapters import Problem, find, pair, root
from qbc.pipeline.keys import stale
from qbc.pipeline.record import Row, failures, headline, ledger, parent


def _path(p: Path) -> str:
    here = Path.cwd()
    return str(p.relative_to(here)) if p.is_relative_to(here) else str(p)


def _complain(lines: Sequence[str]) -> int:
    for line in lines:
        print(f"qbc: {line}", file=sys.stderr)
    return 1 if lines else 0


def _execute(args: argparse.Namespace, top: Path, out: Path) -> int:
    from qbc.pipeline.jobs import run  # papermill takes half a second to import

    outcomes = run(
        find(top, getattr(args, "chapters", ())),
        out,
        getattr(args, "parameters", ()),
        jobs=args.jobs,
        times=evidence.times(top),
        timeout=args.timeout,
        scheduler=args.scheduler,
    )
    return _complain([o.error for o in outcomes if o.status == "failed"])


def _chapters(top: Path, done: Path) -> int:
    from qbc.pipeline.chapters import defaults, derive

    for c in find(top):
        given = ", ".join(f"{k}={v}" for k, v in defaults(c, derive(c)).items())
        state = "executed" if (done / f"{c.stem}.ipynb").is_file() else "not executed yet"
        print(f"{c.stem:<28} {c.title}\n{'':<28} {given}; {state}")
    return 0


def _chosen(args: argparse.Namespace, rows: list[Row], matrix: dict[str, evidence.Cells]) -> list[Row]:
    """The rows of the results that the filters ask for, with their controls."""

    def wanted(r: Row) -> bool:
        weak = r["label"] in matrix and evidence.weak(matrix[r["label"]])
        return (args.evidence in (None, r["evidence"])) and (args.claim in (None, r["claim"])) and (weak or not args.weak)

    kept = {(r["chapter"], r["label"]) for r in rows if r["label"] == parent(r["label"]) and wanted(r)}
    return [r for r in rows if (r["chapter"], parent(r["label"])) in kept]


def _claims(args: argparse.Namespace, top: Path | None, done: Path) -> int:
    folder = args.folder or done
    recorded = evidence.recorded(top) if top else {}
    rows = ledger(folder, evidence.known(recorded))
    said = [f"{stem}: the last run failed, its ledger ends there" for stem in failures(folder)]
    if top and not args.folder:
        said = [f"{line}; run `make book`" for line in stale(find(top), done)]
    filtered = args.evidence or args.claim or args.weak
    shown = _chosen(args, rows, {k: v for r in recorded.values() for k, v in r.results.items()}) if filtered else rows
    if args.json:
        print(json.dumps(shown, indent=1, allow_nan=False))
    else:
        print(show.ledger(shown) if shown else "no verdicts")
        print(f"\n{headline(rows)}" if rows else "")
    return _complain(said) or int(any(r["status"] != r["expect"] for r in rows))


def _book(args: argparse.Namespace, top: Path, done: Path) -> int:
    from qbc.pipeline.render import build

    if code := _execute(args, top, done):
        print("qbc: the book was not rebuilt; the previous one is untouched", file=sys.stderr)
        return code
    page, built = build(top, done)
    print(headline(ledger(done, evidence.known(evidence.recorded(top)))))
    print(f"the book{'' if built else ' (up to date)'}: {page.as_uri()}")
    return 0


def _expected(args: argparse.Namespace, top: Path, done: Path) -> int:
    from qbc.pipeline.render import headlined, refresh_readme

    kept = top / "tests" / "expected"
    if args.folder:
        if not args.check:
            raise Problem("--from compares and accepts nothing: add --check")
        said = [f"{stem}: the last run failed" for stem in failures(args.folder)] + expected.regressions(args.folder, kept)
        print("\n".join(said) or f"every number in {args.folder} is the reviewed one")
        return 1 if said else 0
    if old := stale(find(top), done):
        raise Problem(f"{'; '.join(old)}: run `make book` first; nothing was compared or accepted")
    if not args.check:
        learned = {stem: r.learned for stem, r in evidence.recorded(top).items()}
        expected.write(done, kept, args.also, learned)
        refresh_readme(top, done)
        print("accepted: review the change with `git diff tests/expected README.md`")
        return 0
    said = expected.regressions(done, kept)
    readme = (top / "README.md").read_text("utf8")
    if headlined(readme, top, done) != readme:
        said.append("README.md: its headline is not the ledger's")
    print("\n".join(said) or f"every number is the reviewed one ({len(ledger(done))} verdicts)")
    if said:
        print("qbc: if these changes are right, run `make expected`, review `git diff tests/expected` and commit it", file=sys.stderr)
    return 1 if said else 0


def _power(args: argparse.Namespace, top: Path, done: Path) -> int:
    from qbc.pipeline import power

    out = args.out or top / "_build" / "power"
    how = dict(workers=args.jobs, times=evidence.times(top), scheduler=args.scheduler)
    if args.check:
        return _complain(power.check(top, done, out, find(top, args.chapters), timeout=args.timeout, **how))
    wanted = power.names(args.only)
    runs = power.Power(find(top, args.chapters), out, timeout=args.timeout, **how)
    if args.seeds is not None:
        if wanted != ["data"] or args.seeds < 1:
            raise Problem("--seeds N, N >= 1, goes with --only data")
        runs.seeds(args.seeds)
        fared = runs.fared(args.seeds)
        print(show.columns([("result", "as stated", "of"), *((label, str(k), str(n)) for label, k, n in fared)]))
        return _complain(runs.errors) or int(any(k < n for _, k, n in fared))
    runs.run(wanted)
    for c, nb in runs.pairs:
        if whole := runs.record(c, nb, evidence.INTERVENTIONS):
            folder = args.out or evidence.records(top)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{c.stem}.json").write_text(whole.text(), "utf8")
        if some := runs.record(c, nb, wanted):
            print(f"\n{c.stem}\n{show.matrix(some.results, wanted)}")
    return _complain(runs.errors)


def _dispatch(args: argparse.Namespace) -> int:
    if args.command == "claims" and args.folder:  # an executed folder stands for itself, wherever it is
        here = next((f for f in (Path.cwd(), *Path.cwd().parents) if (f / "_toc.yml").is_file()), None)
        return _claims(args, here, args.folder)
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
        "claims": lambda: _claims(args, top, done),
        "book": lambda: _book(args, top, done),
        "power": lambda: _power(args, top, done),
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
