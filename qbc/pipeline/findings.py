"""What the chapters found about a source: the words after a statement's *Source* line, in one fixed form.

``*It says:* … *Found:* …`` follows the source that a statement changes or contradicts. A statement of ours that speaks about a source
names it first, ``*Against:* {cite:t}`KEY`, ITEM (PROVENANCE; KIND).``. **Found:** in bold puts it on the front page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from qbc.pipeline.chapters import Problem
from qbc.pipeline.notebooks import markdown_of
from qbc.pipeline.record import BLOCK, PROVENANCES, Source, numbers, source_of
from qbc.pipeline.written import written_out

CORRECTIONS = ("other constant", "other condition", "does not hold as stated")
KINDS = ("counterexample", "sharper form", "limit")
_AGAINST = re.compile(
    r"\*Against:\* \{cite:t\}`([\w-]+)`, (.+?) \((" + "|".join(PROVENANCES) + r"); (" + "|".join(KINDS) + r")\)\.", re.S
)
_SAID = re.compile(r"\*It says:\* (.+?)\s+(\*\*?)Found:\2 (.+?)\s*\Z", re.S)


@dataclass(frozen=True)
class Finding:
    """What a source says, what we found instead, and the statement whose verdict is the evidence."""

    label: str
    source: Source  # its ``claim`` is the kind of the finding
    says: str
    found: str
    front: bool


def findings(text: str, where: str) -> list[Finding]:
    """The findings in a text. Raises ``Problem`` for a statement that changes its source and does not say how."""
    found = []
    for *_, label, body in BLOCK.findall(text + "\n"):
        source, against, said = source_of(body), _AGAINST.search(body), _SAID.search(body)
        if "*Against:*" in body and not against:
            raise Problem(f"{where}: {label}: *Against:* must read {{cite:t}}`KEY`, ITEM (PROVENANCE; {' | '.join(KINDS)}).")
        about = Source(*against.groups()) if against else source
        corrects = about is not None and about.claim in (*CORRECTIONS, *KINDS)
        if corrects and not said:
            raise Problem(f"{where}: {label}: {about.claim if about else ''}, but no line *It says:* … *Found:* …")
        if said and not corrects:
            raise Problem(f"{where}: {label}: *It says:* … *Found:* … belongs to a source that the statement changes")
        if said and about:
            found.append(Finding(label, about, said[1], said[3], said[2] == "**"))
    return found


def of_chapter(executed: Path) -> list[Finding]:
    """The findings of an executed chapter, with the numbers in them written out."""
    glued, stem = numbers(executed), executed.stem
    return [
        replace(f, says=written_out(f.says, glued, stem), found=written_out(f.found, glued, stem))
        for f in findings(markdown_of(executed), stem)
    ]
