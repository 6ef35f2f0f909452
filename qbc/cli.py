"""The command ``qbc``: list chapters, run them, print the ledger, build the book."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from qbc.pipeline import evidence, expected, show
from qbc.pipeline.arguments import parser
from qbc.pipeline.chapters import Problem, find, root
from qbc.pipeline.complete import incomplete
from qbc.pipeline.keys import stale
from qbc.pipeline.notebooks import Row, executed, failures, keep, load
from qbc.pipeline.pairs import pair
from qbc.pipeline.record import headline, ledger, parent


def _path(p: Path) -> str:
    here = Path.cwd()
    return str(p.relative_to(here)) if p.is_relative_to(here) else str(p)


def _complain(lines: Sequence[str]) -> int:
    for line in lines:
        print(f"qbc: {line}", file=sys.stderr)
    return 1 if lines else 0


def _partial(folder: Path) -> list[str]:
    """Which chapters of any executed folder are not the whole of their run."""
    failed = failures(folder)
    whole = {stem: incomplete(load(p)) for stem, p in executed(folder).items() if stem not in failed}
    return [f"{stem}: the last run failed, its ledger ends there" for stem in failed] + [
        f"{s}: {why}" for s, why in whole.items() if why
    ]


def _not_a_source(out: Path, top: Path) -> None:
    """Refuse to write executed notebooks where the clone keeps what is reviewed."""
    for kept in ("book", "notebooks", "qbc", "tests"):
        if out.resolve().is_relative_to((top / kept).resolve()):
            raise Problem(f"--out {out} lies in {kept}/, which holds sources: name another folder")


def _execute(args: argparse.Namespace, top: Path, out: Path) -> int:
    from qbc.pipeline.jobs import run  # papermill takes half a second to import

    _not_a_source(out, top)
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

    every = find(top)
    behind = {line.partition(": ")[0]: line.partition(": ")[2] for line in stale(every, done)}
    for c in every:
        given = ", ".join(f"{k}={v}" for k, v in defaults(c, derive(c)).items())
        print(f"{c.stem:<28} {c.title}\n{'':<28} {given}; {behind.get(c.stem, 'executed')}")
    return 0


def _chosen(args: argparse.Namespace, rows: list[Row], recorded: dict[str, evidence.Record]) -> list[Row]:
    """The rows of the results that the filters ask for, with their controls."""

    def wanted(r: Row) -> bool:
        record = recorded.get(r["chapter"])
        weak = evidence.weak(record.results.get(r["label"], {}) if record else {})  # nothing is known to turn it
        return (args.evidence in (None, r["evidence"])) and (args.claim in (None, r["claim"])) and (weak or not args.weak)

    kept = {(r["chapter"], r["label"]) for r in rows if r["label"] == parent(r["label"]) and wanted(r)}
    return [r for r in rows if (r["chapter"], parent(r["label"])) in kept]


def _claims(args: argparse.Namespace, top: Path | None, done: Path) -> int:
    folder = args.folder or done
    recorded = evidence.recorded(top) if top else {}
    own = top is not None and folder.resolve() == (top / "_build" / "executed").resolve()
    book = find(top) if top and own else []
    rows = ledger(folder, evidence.known(recorded), [c.stem for c in book] or None)
    said = [f"{line}; run `make book`" for line in stale(book, folder)] if own else _partial(folder)
    filtered = args.evidence or args.claim or args.weak
    shown = _chosen(args, rows, recorded) if filtered else rows
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
    print(headline(ledger(done, evidence.known(evidence.recorded(top)), [c.stem for c in find(top)])))
    print(f"the book{'' if built else ' (up to date)'}: {page.as_uri()}")
    return 0


def _expected(args: argparse.Namespace, top: Path, done: Path) -> int:
    from qbc.pipeline.render import front, headlined

    kept, chapters = top / "tests" / "expected", find(top)
    book = [c.stem for c in chapters]
    if args.folder:
        if not args.check:
            raise Problem("--from compares and accepts nothing: add --check")
        said = _partial(args.folder) + expected.regressions(args.folder, kept)
        print("\n".join(said) or f"every number in {args.folder} is the reviewed one")
        return 1 if said else 0
    found = executed(done, book)
    old = stale(chapters, done)
    if not args.check:
        for folder in args.also:
            old += [f"{folder}: {line}" for line in stale([c for c in chapters if c.stem in executed(folder)], folder)]
        if old:
            raise Problem(f"{'; '.join(old)}: run `make book` first; nothing was accepted")
        learned = {stem: r.learned for stem, r in evidence.recorded(top).items()}
        listed = set(re.findall(r"\bnotebooks/([\w-]+)", (top / "_toc.yml").read_text("utf8")))
        if lost := sorted(listed - set(book)):
            raise Problem(f"_toc.yml lists {', '.join(lost)}, of which book/ has no text: bring both together; nothing was accepted")
        pages = front(top, done)
        expected.write(done, kept, args.also, learned, book)
        gone = expected.forget(kept, book)
        for file, text in pages.items():
            keep(file, text)
        print("".join(f"{stem} is not in the book any more: its reviewed numbers are removed\n" for stem in gone), end="")
        print("accepted: review the change with `git diff tests/expected README.md`")
        return 0
    if old:
        return _complain([f"{line}; run `make book` before the numbers are compared" for line in old])
    said = expected.regressions(done, kept, book)
    readme = (top / "README.md").read_text("utf8")
    if headlined(readme, top, done) != readme:
        said.append("README.md: its headline is not the ledger's")
    print("\n".join(said) or f"every number is the reviewed one ({len(ledger(done, only=found))} verdicts)")
    if said:
        print("qbc: if these changes are right, run `make expected`, review `git diff tests/expected` and commit it", file=sys.stderr)
    return 1 if said else 0


def _power(args: argparse.Namespace, top: Path, done: Path) -> int:
    from qbc.pipeline import power

    out = args.out or top / "_build" / "power"
    _not_a_source(out, top)
    how = dict(workers=args.jobs, times=evidence.times(top), scheduler=args.scheduler)
    if args.check:
        chapters = find(top, args.chapters)
        if old := stale(chapters, done):  # the declarations are read from there
            raise Problem(f"{'; '.join(old)}: run `make book` first; nothing was compared")
        return _complain(power.check(top, done, out, chapters, timeout=args.timeout, **how))
    wanted = power.names(args.only)
    runs = power.Power(find(top, args.chapters), out, timeout=args.timeout, **how)
    if args.seeds is not None:
        if wanted != ["data"] or args.seeds < 1:
            raise Problem("--seeds N, N >= 1, goes with --only data")
        runs.seeds(args.seeds)
        fared = runs.fared(args.seeds)
        print(show.columns([("result", "as stated", "of"), *((label, str(k), str(n)) for label, k, n in fared)]))
        return _complain(runs.errors) or int(any(k < args.seeds for _, k, _ in fared))
    runs.run(wanted)
    for c, nb in runs.pairs:
        if whole := runs.record(c, nb, evidence.INTERVENTIONS):
            folder = args.out or evidence.records(top)
            keep(folder / f"{c.stem}.json", whole.text())
        if some := runs.record(c, nb, wanted):
            print(f"\n{c.stem}\n{show.matrix(some.results, wanted)}")
    return _complain(runs.errors)


def _diagnose(args: argparse.Namespace) -> int:
    from qbc.diagnose.command import Refused, run  # the science: only where it is asked for

    try:
        return run(args)
    except Refused as e:
        raise Problem(str(e)) from None


def _dispatch(args: argparse.Namespace) -> int:
    if args.command == "diagnose":  # a data set stands for itself, wherever it is
        return _diagnose(args)
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
    """Entry point. Exit status: 0 as stated, 1 a chapter, verdict, number or data set is not, 2 the request cannot be carried out."""
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
