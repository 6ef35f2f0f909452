"""What the chapters tell a practitioner: the tables and sentences of their sections *In practice*, with their numbers written out."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qbc.pipeline.chapters import Problem
from qbc.pipeline.notebooks import markdown_of
from qbc.pipeline.record import numbers
from qbc.pipeline.written import GLUE, written_out

COLUMNS = ("choice", "fails when", "by how much", "do instead", "seen on", "verdict")
TOPICS = {
    "tokenizer": "Tokenizer",
    "head": "Policy head",
    "chunk": "Chunks, delays and re-planning",
    "data": "Demonstrations",
    "noise": "Noise",
    "loop": "The loop beneath the policy",
    "training": "Training and checkpoints",
    "test": "Tests and scores",
}

_FORMULA = re.compile(r"\{[\w:]+\}`[^`]*`|\$[^$]*\$|`[^`]*`")
_TYPED = re.compile(r"\d*\.\d+|\d+ ?%")
_SECTION = re.compile(r"^## In practice\n(.*?)(?=^## |\Z)", re.M | re.S)
_TABLE = re.compile(r"\A(?:\|.*\|[ \t]*(?:\n|\Z))+")
_CHOICE = re.compile(r"(\w+): (\S.*)")
_LABEL = re.compile(r"\{prf:ref\}`([\w-]+)`")


@dataclass(frozen=True)
class Advice:
    """One row: a choice that a practitioner has, when it fails, by how much, what to do instead, where that was seen, the verdicts."""

    topic: str
    choice: str
    fails: str
    amount: str
    instead: str
    scope: str
    labels: tuple[str, ...]
    front: bool  # set in bold: it stands on the front page


def section(text: str, where: str) -> tuple[str, str]:
    """The table of a chapter's section *In practice*, and what follows it. Raises ``Problem`` if there is none."""
    found = _SECTION.search(text + "\n")
    if not found:
        raise Problem(f"{where} has no section 'In practice'")
    body = found[1].strip()
    table = _TABLE.match(body)
    if not table:
        raise Problem(f"{where}: the section 'In practice' must begin with the table | {' | '.join(COLUMNS)} |")
    return table[0].strip(), body[table.end() :].strip()


def rows(table: str, where: str) -> list[Advice]:
    """The rows of such a table. Raises ``Problem`` for one that is not of the form in CONTRIBUTING.md."""
    cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line.strip())[1:-1]] for line in table.splitlines()]
    if tuple(cells[0]) != COLUMNS:
        raise Problem(f"{where}: the columns of 'In practice' must be | {' | '.join(COLUMNS)} |, not | {' | '.join(cells[0])} |")
    return [_row(c, f"{where}: row {i} of 'In practice'") for i, c in enumerate(cells[2:], 1)]


def _row(cells: list[str], where: str) -> Advice:
    if len(cells) != len(COLUMNS):
        raise Problem(f"{where} has {len(cells)} cells, not {len(COLUMNS)}; a bar inside a formula is \\lvert")
    if empty := [name for name, cell in zip(COLUMNS, cells, strict=True) if not cell]:
        raise Problem(f"{where} has nothing in the column {empty[0]!r}")
    first = cells[0]
    front = first.startswith("**") and first.endswith("**")
    choice = _CHOICE.fullmatch(first.strip("*"))
    if not choice or choice[1] not in TOPICS:
        raise Problem(f"{where} must begin with one of {', '.join(TOPICS)} and a colon, not {first[:40]!r}")
    if typed := _TYPED.search(_FORMULA.sub("", cells[2])):
        raise Problem(f"{where} has the typed number {typed[0]!r}: measured ones are {{glue:text}}, others stand in a formula")
    if not GLUE.search(cells[2]) and (front or "$" not in cells[2]):
        raise Problem(f"{where} says by how much without a {{glue:text}} number of its chapter")
    labels = tuple(_LABEL.findall(cells[5]))
    if _LABEL.sub("", cells[5]).strip(", ") or not labels:
        raise Problem(f"{where}: its verdict must be a list of {{prf:ref}} and nothing else, not {cells[5]!r}")
    _, fails, amount, instead, scope, _ = cells
    return Advice(choice[1], choice[2], fails, amount, instead, scope, labels, front)


def advice(executed: Path, known: Collection[str]) -> list[Advice]:
    """The rows of an executed chapter with the numbers in them written out; ``known`` are the results that have a verdict."""
    table, _ = section(markdown_of(executed), executed.stem)
    glued, found = numbers(executed), []
    for row in rows(table, executed.stem):  # before the numbers are written out, which tells the glued from the typed
        if lost := [label for label in row.labels if label not in known]:
            raise Problem(f"{executed.stem}: the row {row.choice!r} of 'In practice' names {lost[0]}, which has no verdict")
        texts = ("choice", "fails", "amount", "instead", "scope")
        said: dict[str, Any] = {name: written_out(getattr(row, name), glued, executed.stem) for name in texts}
        found.append(replace(row, **said))
    return found


def in_practice(executed: Path) -> tuple[str, str]:
    """The title of an executed chapter and what its section says below the table, both Markdown."""
    text = markdown_of(executed) + "\n"
    title = re.search(r"^# (.+)$", text, re.M)
    _, sentences = section(text, executed.stem)
    return title[1] if title else executed.stem, written_out(sentences, numbers(executed), executed.stem)
