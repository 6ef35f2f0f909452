"""Features of a LeRobot data set: the columns that make an action or a state, what their dimensions are called, their statistics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qbc.datasets.recording import numbered
from qbc.datasets.statistics import Stored, stored
from qbc.datasets.unreadable import Notes


@dataclass(frozen=True)
class Features:
    """The columns that make one vector, and what the metadata say of each."""

    kind: str  # "action" or "state"
    features: Mapping[str, Mapping[str, Any]]

    @classmethod
    def among(cls, kind: str, stems: tuple[str, ...], features: Mapping[str, Any]) -> Features:
        """The feature of one of these names or, where there is none, all numeric ones that begin with one and a dot."""
        for stem in stems:
            if isinstance(features.get(stem), dict):
                return cls(kind, {stem: features[stem]})
        dotted = {n: f for n, f in features.items() if n.startswith(tuple(f"{s}." for s in stems)) and isinstance(f, dict)}
        return cls(kind, {n: f for n, f in dotted.items() if re.match("float|int|uint|bool", str(f.get("dtype")))})

    def names(self, widths: list[int], info: Path, notes: Notes) -> tuple[str, ...]:
        """A name for each dimension; what the metadata call otherwise, or count otherwise than the files, is noted."""
        out: list[str] = []
        for (feature, about), width in zip(self.features.items(), widths, strict=True):
            found, shape = named(about.get("names")), about.get("shape")
            if shape not in ([width], [], None) or (shape == [] and width != 1):
                notes.add(f"{info}: features.{feature}.shape: {str(shape)[:60]}, and the files have {width} numbers a row")
            if found is not None and len(found) != width:
                notes.add(f"{info}: features.{feature}.names: {len(found)} names for {width} dimensions: not used")
                found = None
            if found is None:
                out += numbered(feature, width)
            else:
                out += [n if len(self.features) == 1 else f"{feature}.{n}" for n in found]
        return tuple(out)

    def stored(self, path: Path, found: Mapping[str, Any], key: str = "") -> Stored | None:
        """The statistics of all columns together, of a file that has an object for each feature; None where one is absent."""
        parts = [stored(path, f"{key}{f}", self.kind, found[f]) for f in self.features if f in found]
        if not parts or len(parts) < len(self.features):
            return None
        shared = [k for k in parts[0].values if all(k in p.values for p in parts)]
        values = {k: tuple(v for p in parts for v in p.values[k]) for k in shared}
        return Stored(f"{path}: {key}{', '.join(self.features)}", self.kind, values, parts[0].count)


def named(found: Any) -> tuple[str, ...] | None:
    """Names from a list, a list of lists, an object with lists (``{"motors": [...]}``), or one from names to positions.

    None where there are none, or what stands there is something else.
    """
    if isinstance(found, dict) and found:
        if all(isinstance(v, int) for v in found.values()):
            return named(sorted(found, key=lambda k: found[k])) if sorted(found.values()) == list(range(len(found))) else None
        found = list(found.values())
    if isinstance(found, list) and found and all(isinstance(v, list) for v in found):
        found = [name for names in found for name in names]
    if isinstance(found, list) and found and all(isinstance(v, str) for v in found):
        return tuple(found)
    return None
