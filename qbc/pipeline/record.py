"""What executed chapters recorded: verdicts (the ledger), statements with their sources, glued numbers."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qbc.pipeline.chapters import Problem

MIME = "application/vnd.qbc.claim+json"  # qbc.claims writes it; this module imports none of the science
FIELDS = (
    "label",
    "chapter",
    "source",
    "claim",
    "provenance",
    "relation",
    "value",
    "low",
    "high",
    "rhs",
    "tol",
    "slack",
    "expect",
    "status",
    "cases",
    "violated",
    "why",
    "evidence",
    "rests_on",
    "turned_by",
    "drops",
)
PROVENANCES = ("stated", "reported")
CLAIMS = ("as stated", "other constant", "other condition", "does not hold as stated", "ours")
CLASSES = ("end to end", "fitted", "rolled out", "sampled", "exact")  # of evidence, the strongest first
Row = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """Where a statement comes from: ``key`` of the bibliography, ``item`` in it, how we know it, and how ours relates to it."""

    key: str
    item: str
    provenance: str  # stated: the words were before us; reported: second-hand; ours
    claim: str

    def __str__(self) -> str:
        return f"{self.key}, {self.item}" if self.key else "ours"


OURS = Source("", "", "ours", "ours")


@dataclass(frozen=True)
class Statement:
    """A ``{prf:...}`` statement of a chapter; ``source`` is None if its *Source* line is missing or says nothing we can read."""

    label: str
    kind: str
    title: str
    source: Source | None = None


_BLOCK = re.compile(r"^([`:]{3,})\{prf:(\w+)\} ?([^\n]*)\n((?::\w+:[^\n]*\n)*?):label: ([\w-]+)\n(.*?)^\1\s*$", re.M | re.S)
_SOURCE = re.compile(
    r"^\*Source:\* (?:(ours)(?:\.|$)|\{cite:t\}`([\w-]+)`, (.+?) \((" + "|".join(PROVENANCES) + r"); (" + "|".join(CLAIMS) + r")\)\.)",
    re.M,
)


def statements(markdown: str) -> list[Statement]:
    """The labelled ``{prf:...}`` statements in a text."""
    return [Statement(label, kind, title, _source(body)) for _, kind, title, _, label, body in _BLOCK.findall(markdown + "\n")]


def _source(body: str) -> Source | None:
    found = _SOURCE.search(body)
    if not found:
        return None
    ours, key, item, provenance, claim = found.groups()
    return OURS if ours else Source(key, item, provenance, claim)


def parent(label: str) -> str:
    """The stated result that a label belongs to: a control is named ``<label>-control`` or ``<label>-control-<what>``."""
    return label.partition("-control")[0]


def strict(text: str) -> Any:
    """JSON as it is defined: no NaN, no Infinity. Raises ``ValueError``."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def _load(path: Path) -> dict[str, Any]:
    try:
        nb: dict[str, Any] = json.loads(path.read_text("utf8"))
        for cell in nb["cells"]:
            cell["cell_type"], cell["metadata"], "".join(cell["source"])
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise Problem(f"cannot read the executed chapter {path}: {type(e).__name__}: {e}") from None
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


def outputs(path: Path) -> Iterator[dict[str, Any]]:
    """The outputs of an executed notebook's cells, in order."""
    for cell in _load(path)["cells"]:
        yield from cell.get("outputs", [])


def markdown_of(path: Path) -> str:
    """The text of a notebook: its cells in Markdown."""
    return "\n\n".join("".join(c["source"]) for c in _load(path)["cells"] if c["cell_type"] == "markdown")


def _verdicts(path: Path) -> list[Row]:
    rows = [o["data"][MIME] for o in outputs(path) if MIME in o.get("data", {})]
    needed = {"label", "relation", "value", "rhs", "status", "expect"}
    for r in rows:
        if not isinstance(r, dict) or not needed <= r.keys():
            raise Problem(f"{path}: a verdict in it is not one that this version of qbc has written: run the chapter again")
    return rows


def slack(relation: str, value: float | None, rhs: float | None) -> float | None:
    """Measured over bound, for a one-sided relation with a bound that is not zero."""
    if relation == "==" or value is None or not rhs:
        return None
    return value / rhs


def ledger(folder: Path, known: Mapping[str, Mapping[str, tuple[str, list[str]]]] | None = None) -> list[Row]:
    """One row for each verdict of the executed chapters in ``folder``.

    A control takes its source from its parent. ``known`` adds what interventions showed: chapter -> label -> (class, turned by).
    """
    rows = []
    for stem, path in executed(folder).items():
        said = {s.label: s.source or OURS for s in statements(markdown_of(path)) if s.source}
        for r in _verdicts(path):
            source, shown = said.get(parent(r["label"])), (known or {}).get(stem, {}).get(r["label"], ("", []))
            row = {f: r.get(f) for f in FIELDS} | {"chapter": stem, "source": str(source or "")}
            row |= {"claim": source.claim if source else "", "provenance": source.provenance if source else ""}
            row |= {"slack": slack(r["relation"], r["value"], r["rhs"]), "evidence": shown[0], "turned_by": shown[1]}
            rows.append(row | {"rests_on": list(r.get("rests_on") or ()), "drops": r.get("drops") or ""})
    return rows


def failures(folder: Path) -> list[str]:
    """The chapters of an executed folder whose last run failed."""
    return [stem for stem, path in executed(folder).items() if path.stem.endswith(".failed")]


def _count(words: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {word}" for word, n in words.items() if n)


def headline(rows: list[Row]) -> str:
    """The ledger in a sentence: how many results, by evidence and by claim, and whether all is as the book states."""
    main = [r for r in rows if r["label"] == parent(r["label"])]
    controls = [r for r in rows if r["label"] != parent(r["label"])]
    classes = {c: sum(r["evidence"] == c for r in main) for c in CLASSES}
    if any(classes.values()):
        classes["without a class yet"] = len(main) - sum(classes.values())
    relations = {
        "other constant": "with another constant",
        "other condition": "with another condition",
        "does not hold as stated": "not holding as stated",
    }
    papers = {relations.get(c, c): sum(r["claim"] == c for r in main) for c in CLAIMS if c != "ours"}
    chapters, papers_own = len({r["chapter"] for r in rows}), sum(papers.values())
    parts = [
        f"{len(main)} results in {chapters} chapter{'s'[: chapters != 1]}" + (f": {_count(classes)}" if any(classes.values()) else "")
    ]
    if papers_own:
        parts.append(f"of the {papers_own} that are a paper's own claim: {_count(papers)}")
    broken = sum(r["status"] == "violated" for r in controls)
    of = "all" if broken == len(controls) else f"{broken} of"
    parts.append(f"{of} {len(controls)} controls, each with one assumption dropped, fail as they should")
    wrong = sum(r["status"] != r["expect"] for r in rows)
    tail = "every verdict is the one the book states" if not wrong else f"{wrong} of {len(rows)} verdicts NOT as the book states"
    return "; ".join([*parts, tail]) + "."


def numbers(path: Path) -> dict[str, Any]:
    """The glued numbers of an executed chapter: ``{key: value}``, or ``{key: [value, low, high]}`` for a sampled one."""
    glued: dict[str, Any] = {}
    for o in outputs(path):
        name = o.get("metadata", {}).get("scrapbook", {}).get("name")
        text = o.get("data", {}).get("application/papermill.record/text/plain")
        if name and text is not None:
            glued[name] = _number("".join(text))
    sampled = {k for k in glued if f"{k}-low" in glued}
    ends = {f"{k}{end}" for k in sampled for end in ("-low", "-high")}
    return {k: [v, glued[f"{k}-low"], glued[f"{k}-high"]] if k in sampled else v for k, v in glued.items() if k not in ends}


def _number(text: str) -> Any:
    words = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
    return words[text] if text in words else ast.literal_eval(text)


def duration(path: Path) -> float:
    """How long an executed notebook ran, in seconds."""
    return float(_load(path)["metadata"]["papermill"]["duration"])
