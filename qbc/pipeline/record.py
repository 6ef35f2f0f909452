"""What executed chapters recorded: verdicts (the ledger), statements with their sources, glued numbers."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qbc.pipeline.chapters import Problem
from qbc.pipeline.notebooks import Row, executed, markdown_of, outputs, verdicts

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


BLOCK = re.compile(r"^([`:]{3,})\{prf:(\w+)\} ?([^\n]*)\n((?::\w+:[^\n]*\n)*?):label: ([\w-]+)\n(.*?)^\1\s*$", re.M | re.S)
_SOURCE = re.compile(
    r"^\*Source:\* (?:(ours)(?:\.|$)|\{cite:t\}`([\w-]+)`, (.+?) \((" + "|".join(PROVENANCES) + r"); (" + "|".join(CLAIMS) + r")\)\.)",
    re.M,
)


def statements(markdown: str) -> list[Statement]:
    """The labelled ``{prf:...}`` statements in a text."""
    return [Statement(label, kind, title, source_of(body)) for _, kind, title, _, label, body in BLOCK.findall(markdown + "\n")]


def source_of(body: str) -> Source | None:
    """Where a statement comes from, by the *Source* line in its body; None if there is none that we can read."""
    found = _SOURCE.search(body)
    if not found:
        return None
    ours, key, item, provenance, claim = found.groups()
    return OURS if ours else Source(key, item, provenance, claim)


def parent(label: str) -> str:
    """The stated result that a label belongs to: a control is named ``<label>-control`` or ``<label>-control-<what>``."""
    return label.partition("-control")[0]


def slack(relation: str, value: float | None, rhs: float | None) -> float | None:
    """Measured over bound, for a one-sided relation with a bound that is not zero."""
    if relation == "==" or value is None or not rhs:
        return None
    return value / rhs


def ledger(
    folder: Path, known: Mapping[str, Mapping[str, tuple[str, list[str]]]] | None = None, only: Collection[str] | None = None
) -> list[Row]:
    """One row for each verdict of the executed chapters in ``folder``, of those in ``only`` if it is given.

    A control takes its source from its parent. ``known`` adds what interventions showed: chapter -> label -> (class, turned by).
    """
    rows = []
    for stem, path in executed(folder, only).items():
        said = {s.label: s.source or OURS for s in statements(markdown_of(path)) if s.source}
        for r in verdicts(path):
            source, shown = said.get(parent(r["label"])), (known or {}).get(stem, {}).get(r["label"], ("", []))
            row = {f: r.get(f) for f in FIELDS} | {"chapter": stem, "source": str(source or "")}
            row |= {"claim": source.claim if source else "", "provenance": source.provenance if source else ""}
            row |= {"slack": slack(r["relation"], r["value"], r["rhs"]), "evidence": shown[0], "turned_by": shown[1]}
            rows.append(row | {"rests_on": list(r.get("rests_on") or ()), "drops": r.get("drops") or ""})
    return rows


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
            glued[name] = _number(path, name, "".join(text))
    sampled = {k for k in glued if f"{k}-low" in glued and f"{k}-high" in glued}
    ends = {f"{k}{end}" for k in sampled for end in ("-low", "-high")}
    return {k: [v, glued[f"{k}-low"], glued[f"{k}-high"]] if k in sampled else v for k, v in glued.items() if k not in ends}


def _number(path: Path, name: str, text: str) -> float | str:
    words = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
    try:
        value = words[text] if text in words else ast.literal_eval(text)
        if isinstance(value, str):
            return value
        return float(value)
    except (ValueError, SyntaxError, TypeError, OverflowError):
        raise Problem(f"{path}: what is glued as {name!r} is neither a number nor a text: {text[:40]}") from None
