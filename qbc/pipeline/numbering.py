"""What the pages call a statement, an exercise or a figure: label -> ``Theorem 8.3``, ``Exercise 8.2``, ``Fig. 8.1``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

_LABELLED = re.compile(r"^[`:]{3,}\{(?:prf:(\w+)|(exercise))\}[^\n]*\n(?::\w+:[^\n]*\n)*?:label: ([\w-]+)\n", re.M)
APART = {"exercise", "figure"}  # kinds with a count of their own; statements share one


def numbered(nb: Mapping[str, Any], stem: str) -> dict[str, str]:
    """The names of everything with a label in one chapter, numbered as in the book: chapter, then place."""
    chapter, count, found = stem.partition("-")[0].lstrip("0"), Counter[str](), {}

    def name(kind: str, label: str, shown: str) -> None:
        counter = kind if kind in APART else "statement"
        count[counter] += 1
        found[label] = f"{shown} {chapter}.{count[counter]}"

    for cell in nb["cells"]:
        if cell["cell_type"] == "markdown":
            for kind, exercise, label in _LABELLED.findall("".join(cell["source"])):
                name(kind or exercise, label, (kind or exercise).capitalize())
        elif label := cell["metadata"].get("mystnb", {}).get("figure", {}).get("name"):
            name("figure", label, "Fig.")
    return found
