"""Numbers as readers write them, and texts in which they stand in place of ``{glue:text}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from qbc.pipeline.chapters import Problem

_POWER = re.compile(r"(?<=\d)e([+-])0*(\d+)\b")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
GLUE = re.compile(r"\{glue:text\}`([\w.-]+?)(?::([^`]*))?`")


def powers(number: str) -> str:
    """A number as readers write it: 3 × 10⁵ for 3e+05."""
    return _POWER.sub(lambda m: f" × 10{'⁻' if m[1] == '-' else ''}{m[2].translate(_RAISED)}", number)


def written_out(text: str, glued: Mapping[str, Any], where: str) -> str:
    """The text with every ``{glue:text}`` replaced by its number. Raises ``Problem`` for a number that the chapter does not have."""

    def number(m: re.Match[str]) -> str:
        for key, i in ((m[1], 0), (m[1].removesuffix("-low"), 1), (m[1].removesuffix("-high"), 2)):
            if key in glued and (i == 0 or key != m[1]):
                value = glued[key]
                return powers(format(value[i] if isinstance(value, list) else value, m[2] or ""))
        raise Problem(f"{where} asks for the number {m[1]!r}, which no cell glues")

    return GLUE.sub(number, text)
