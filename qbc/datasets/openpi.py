"""openpi's ``norm_stats.json``: statistics without rows, of actions that may be increments and are cut into chunks.

Source: Physical-Intelligence/openpi, ``src/openpi/shared/normalize.py``.
"""

from __future__ import annotations

from pathlib import Path

from qbc.datasets.recording import Recording, numbered
from qbc.datasets.statistics import stored
from qbc.datasets.unreadable import Unreadable, entry, json_object


def openpi(path: Path) -> Recording:
    """The file, or the folder with it, as a recording without rows. Raises :class:`Unreadable`."""
    file = path / "norm_stats.json" if path.is_dir() else path
    found = entry(json_object(file), "norm_stats", dict, file)
    kinds = {"actions": "action", "action": "action", "state": "state", "observation.state": "state"}
    all_of = [stored(file, f"norm_stats.{k}", kinds[k], found[k]) for k in found if k in kinds]
    if not any(s.feature == "action" for s in all_of):
        raise Unreadable(file, f"no actions (there are {', '.join(map(repr, list(found)[:12]))})", "norm_stats")
    width = {s.feature: len(next(iter(s.values.values()), ())) for s in all_of}
    names = numbered("actions", width["action"]), numbered("state", width.get("state", 0))
    return Recording(path, "openpi norm_stats", *names, lambda: iter(()), stored=tuple(all_of), has_rows=False)
