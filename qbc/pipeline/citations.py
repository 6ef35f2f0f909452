"""The bibliography in plain words: how the text names an entry, and the entry itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pybtex.database import parse_file  # type: ignore[import-untyped]

from qbc.pipeline.chapters import Problem


class Bibliography:
    """The entries of a BibTeX file, by key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: Mapping[str, Any] = parse_file(str(path)).entries

    def entry(self, key: str) -> Any:
        if key not in self.entries:
            raise Problem(f"{self.path.name} has no entry {key!r}")
        return self.entries[key]

    def authors(self, key: str) -> str:
        names = [" ".join([*p.prelast_names, *p.last_names]) for p in self.entry(key).persons["author"]]
        return f"{names[0]} et al." if len(names) > 2 else " and ".join(names)

    def textual(self, keys: str) -> str:
        """``Cao and Xie (2026)``; several keys stand with commas between them, as in the text."""
        return ", ".join(f"{self.authors(k)} ({self.entry(k).fields['year']})" for k in _split(keys))

    def parenthetical(self, keys: str) -> str:
        """``(Cao and Xie, 2026)``."""
        said = (f"{self.authors(k)}, {self.entry(k).fields['year']}" for k in _split(keys))
        return f"({'; '.join(said)})"

    def listed(self, key: str) -> str:
        """One line of a list of references, with the address that an arXiv number or the entry gives."""
        e = self.entry(key)
        who = ", ".join(" ".join([*p.first_names, *p.middle_names, *p.prelast_names, *p.last_names]) for p in e.persons["author"])
        fields = e.fields
        where = [fields[f] for f in ("booktitle", "journal", "note") if f in fields]
        if fields.get("archiveprefix", "").lower() == "arxiv":
            where.append(f"[arXiv:{fields['eprint']}](https://arxiv.org/abs/{fields['eprint']})")
        elif "url" in fields:
            where.append(f"<{fields['url']}>")
        title = fields["title"].replace("{", "").replace("}", "")
        return f"{who}. *{title}*. {', '.join([*where, fields['year']]).rstrip('.')}."


def _split(keys: str) -> list[str]:
    return [k.strip() for k in keys.split(",")]
