"""What executed chapters recorded: verdicts (the ledger) and glued numbers, and their comparison with reviewed ones."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qbc.pipeline.chapters import Problem

MIME = "application/vnd.qbc.claim+json"  # qbc.claims writes it; this module imports none of the science
FIELDS = (
    "label",
    "chapter",
    "source",
    "relation",
    "value",
    "low",
    "high",
    "rhs",
    "tol",
    "expect",
    "status",
    "cases",
    "violated",
    "why",
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Statement:
    """A ``{prf:...}`` statement of a chapter."""

    label: str
    kind: str
    title: str


def statements(markdown: str) -> list[Statement]:
    """The labelled ``{prf:...}`` statements in a text."""
    found = re.findall(r"^[`:]{3,}\{prf:(\w+)\} ?(.*)\n(?::\w+:.*\n)*?:label: ([\w-]+)$", markdown, re.M)
    return [Statement(label, kind, title) for kind, title, label in found]


def parent(label: str) -> str:
    """The stated result that a label belongs to: a control is named ``<label>-control`` or ``<label>-control-<what>``."""
    return label.partition("-control")[0]


def _load(path: Path) -> dict[str, Any]:
    try:
        nb: dict[str, Any] = json.loads(path.read_text("utf8"))
        nb["cells"]
    except (OSError, ValueError, KeyError) as e:
        raise Problem(f"cannot read the executed chapter {path}: {e}") from None
    return nb


def executed(folder: Path) -> dict[str, Path]:
    """The executed notebooks in a folder by chapter; a chapter whose last run failed is represented by that run."""
    if not folder.is_dir():
        raise Problem(f"no executed chapters in {folder}: run `make book`, or `qbc run --out {folder}`")
    found = {p.stem: p for p in folder.glob("[0-9][0-9]-*.ipynb") if not p.stem.endswith(".failed")}
    found |= {p.stem.removesuffix(".failed"): p for p in folder.glob("[0-9][0-9]-*.failed.ipynb")}
    if not found:
        raise Problem(f"no executed chapters in {folder}: run `make book`, or `qbc run --out {folder}`")
    return dict(sorted(found.items()))


def _outputs(path: Path) -> Iterator[dict[str, Any]]:
    for cell in _load(path)["cells"]:
        yield from cell.get("outputs", [])


def ledger(folder: Path) -> list[Row]:
    """One row for each verdict of the executed chapters in ``folder``; a control takes its source from its parent."""
    rows = []
    for stem, path in executed(folder).items():
        mine = [{"chapter": stem, **o["data"][MIME]} for o in _outputs(path) if MIME in o.get("data", {})]
        sources = {r["label"]: r["source"] for r in mine if r["source"]}
        rows += [{f: r[f] for f in FIELDS} | {"source": r["source"] or sources.get(parent(r["label"]), "")} for r in mine]
    return rows


def failures(folder: Path) -> list[str]:
    """The chapters of an executed folder whose last run failed."""
    return [stem for stem, path in executed(folder).items() if path.stem.endswith(".failed")]


def headline(rows: list[Row]) -> str:
    """The ledger in one sentence."""
    main = [r for r in rows if "-control" not in r["label"]]
    controls = [r for r in rows if "-control" in r["label"]]
    count = {s: sum(r["status"] == s for r in main) for s in ("holds", "violated", "inconclusive")}
    parts = [f"{count['holds']} hold"] + [f"{n} {s}" for s, n in list(count.items())[1:] if n]
    broken = sum(r["status"] == "violated" for r in controls)
    chapters = len({r["chapter"] for r in rows})
    wrong = sum(r["status"] != r["expect"] for r in rows)
    tail = "every verdict is the one the book states" if not wrong else f"{wrong} of {len(rows)} verdicts NOT as the book states"
    return (
        f"{len(main)} stated results in {chapters} chapter{'s'[: chapters != 1]}: {', '.join(parts)}; "
        f"{broken} of {len(controls)} controls, each with an assumption dropped, are violated; {tail}."
    )


def numbers(path: Path) -> dict[str, Any]:
    """The glued numbers of an executed chapter: ``{key: value}``, or ``{key: [value, low, high]}`` for a sampled one."""
    glued: dict[str, Any] = {}
    for o in _outputs(path):
        name = o.get("metadata", {}).get("scrapbook", {}).get("name")
        text = o.get("data", {}).get("application/papermill.record/text/plain")
        if name and text is not None:
            glued[name] = ast.literal_eval("".join(text)) if not re.search(r"\b(inf|nan)\b", "".join(text)) else math.inf
    sampled = {k for k in glued if f"{k}-low" in glued}
    ends = {f"{k}{end}" for k in sampled for end in ("-low", "-high")}
    return {k: [v, glued[f"{k}-low"], glued[f"{k}-high"]] if k in sampled else v for k, v in glued.items() if k not in ends}


def write_expected(folder: Path, expected: Path) -> None:
    """Write what each executed chapter glued to ``expected/NN-name.json``, one number a line."""
    found = executed(folder)
    expected.mkdir(parents=True, exist_ok=True)
    for stem, path in found.items():
        lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(_rounded(v))}" for k, v in numbers(path).items())
        (expected / f"{stem}.json").write_text(f"{{\n{lines}\n}}\n", "utf8")
    for stale in set(expected.glob("*.json")) - {expected / f"{s}.json" for s in found}:
        stale.unlink()


def _rounded(x: Any) -> Any:
    if isinstance(x, list):
        return [_rounded(y) for y in x]
    return float(f"{x:.9g}") if isinstance(x, float) else x


def differences(stem: str, fresh: dict[str, Any], reviewed: dict[str, Any]) -> list[str]:
    """What changed against the reviewed numbers: exact ones beyond a relative 1e-6, sampled ones outside the recorded interval."""
    said = []
    for k in sorted(fresh.keys() | reviewed.keys()):
        new, old = fresh.get(k), reviewed.get(k)
        if new is None or old is None:
            said.append(f"{stem}: {k} is {'not glued any more' if new is None else 'new'}")
        elif isinstance(new, list) != isinstance(old, list) or isinstance(new, str) != isinstance(old, str):
            said.append(f"{stem}: {k} was {old}, is now {new}")
        elif isinstance(new, list):
            if not (old[1] <= new[0] <= old[2] or math.isclose(new[0], old[0], rel_tol=1e-6)):  # an interval narrower than its digits
                said.append(f"{stem}: {k} was {old[0]:.6g} in [{old[1]:.6g}, {old[2]:.6g}], is now {new[0]:.6g}")
        elif isinstance(new, str):
            if new != old:
                said.append(f"{stem}: {k} was {old!r}, is now {new!r}")
        elif not math.isclose(new, old, rel_tol=1e-6, abs_tol=1e-15):
            said.append(f"{stem}: {k} was {old:.9g}, is now {new:.9g} (relative change {abs(new - old) / max(abs(old), 1e-300):.1e})")
    return said


def regressions(folder: Path, expected: Path) -> list[str]:
    """All differences between an executed folder and the reviewed numbers."""
    said, found = [], executed(folder)
    for stem, path in found.items():
        file = expected / f"{stem}.json"
        said += differences(stem, numbers(path), json.loads(file.read_text("utf8")) if file.is_file() else {})
    said += [f"{f.stem}: has reviewed numbers but was not executed" for f in sorted(expected.glob("*.json")) if f.stem not in found]
    return said
