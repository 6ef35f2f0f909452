"""What the chapters tell a practitioner: their sections *In practice*, with the numbers in them written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qbc.pipeline.chapters import Problem
from qbc.pipeline.notebooks import markdown_of
from qbc.pipeline.record import numbers

_GLUE = re.compile(r"\{glue:text\}`([\w.-]+?)(?::([^`]*))?`")
_SECTION = re.compile(r"^## In practice\n(.*?)(?=^## |\Z)", re.M | re.S)


def written_out(text: str, glued: Mapping[str, Any], where: str) -> str:
    """The text with every ``{glue:text}`` replaced by its number. Raises ``Problem`` for a number that the chapter does not have."""

    def number(m: re.Match[str]) -> str:
        if m[1] not in glued:
            raise Problem(f"{where}: the section 'In practice' asks for the number {m[1]!r}, which no cell glues")
        value = glued[m[1]]
        return format(value[0] if isinstance(value, list) else value, m[2] or "")

    return _GLUE.sub(number, text)


def in_practice(executed: Path) -> tuple[str, str]:
    """The title of an executed chapter and its section, both Markdown; the section is empty if there is none."""
    text = markdown_of(executed) + "\n"
    title, found = re.search(r"^# (.+)$", text, re.M), _SECTION.search(text)
    advice = written_out(found[1].strip(), numbers(executed), executed.stem) if found else ""
    return title[1] if title else executed.stem, advice
