"""LeRobot's data sets, v2.0, v2.1 and v3.0: parquet files under ``data/``, which decide, and metadata beside them, which are compared.

Source of the layouts: huggingface/lerobot, ``datasets/utils.py``, ``dataset_metadata.py`` and ``compute_stats.py``. Where an episode
lies according to the metadata may be stale (lerobot#2401), so rows are grouped by their own column ``episode_index``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qbc.datasets.features import Features
from qbc.datasets.frames import Frames
from qbc.datasets.parquet import Parquet
from qbc.datasets.recording import Piece, Recording, integers
from qbc.datasets.statistics import Stored, pooled
from qbc.datasets.unreadable import Notes, Unreadable, entry, in_order, json_lines, json_object

VERSIONS = ("v2.0", "v2.1", "v3.0")
ACTION, STATE = ("action", "actions"), ("observation.state", "observation.states", "state", "states")


def lerobot(path: Path) -> Recording:
    """The data set in a folder with ``meta/info.json``. Raises :class:`Unreadable`."""
    meta = path / "meta" / "info.json"
    info, notes = json_object(meta), Notes()
    version = entry(info, "codebase_version", str, meta)
    if version not in VERSIONS:
        raise Unreadable(meta, f"one of {', '.join(VERSIONS)}, not {version[:20]!r}: convert it with lerobot", "codebase_version")
    features = entry(info, "features", dict, meta)
    actions, states = Features.among("action", ACTION, features), Features.among("state", STATE, features)
    if not actions.features:
        raise Unreadable(meta, f"no action (there are {', '.join(map(repr, list(features)[:12]))})", "features")
    files = in_order((path / "data").rglob("*.parquet"))
    if not files:
        raise Unreadable(path / "data", "no parquet files: fetch the data too, not only meta/")
    columns = [*actions.features, *states.features]
    first = next((block for f in files for block in Parquet(f).numbers(columns)), None)
    if first is None:
        raise Unreadable(path / "data", "no rows in any parquet file: no episodes")
    widths = [rows.shape[1] for rows in first]
    split = len(actions.features)
    names = actions.names(widths[:split], meta, notes), states.names(widths[split:], meta, notes)
    fps = info.get("fps")
    if isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0 < fps < 1e6:
        notes.add(f"{meta}: fps: no number of steps a second: {str(fps)[:40]!r}")
        fps = None
    lengths, places = episodes(path, version, notes)
    totals = {k: info.get(f"total_{k}") for k in ("episodes", "frames")}

    def source() -> Iterator[Piece]:
        return Frames(path, files, list(actions.features), list(states.features), places, totals, notes).pieces()

    found = tuple(s for c in (actions, states) if c.features and (s := statistics(path, version, c, notes)) is not None)
    return Recording(path, f"LeRobot {version}", *names, source, None if fps is None else float(fps), found, lengths, notes=notes)


def statistics(path: Path, version: str, columns: Features, notes: Notes) -> Stored | None:
    """Statistics of the whole data set; for v2.1, which has them for each episode only, what those determine. None without any."""
    whole, each = path / "meta" / "stats.json", path / "meta" / "episodes_stats.jsonl"
    source = each if version == "v2.1" else whole
    if not source.exists():
        notes.add(f"{source}: missing: no stored statistics")
        return None
    if version != "v2.1":
        return columns.stored(whole, json_object(whole))

    def parts() -> Iterator[Stored]:
        for line, found in json_lines(each):
            if (s := columns.stored(each, entry(found, "stats", dict, each, line), f"{line}.stats.")) is not None:
                yield s

    return pooled(parts(), f"{each}: {', '.join(columns.features)}, all episodes pooled", columns.kind)


def episodes(path: Path, version: str, notes: Notes) -> tuple[dict[int, int] | None, dict[int, tuple[int, int]]]:
    """The length of each episode, and for v3.0 the chunk and file it should lie in, as the metadata have them."""
    lengths: dict[int, int] = {}
    places: dict[int, tuple[int, int]] = {}
    if version == "v3.0":
        where = path / "meta" / "episodes"
        for file in in_order(where.rglob("*.parquet")):
            table = Parquet(file)
            columns = [c for c in ("episode_index", "length", "data/chunk_index", "data/file_index") if c in table.columns]
            for block in table.numbers(columns):
                if "episode_index" in columns and len(columns) > 1:
                    found = dict(zip(columns, (integers(b, file, c) for b, c in zip(block, columns, strict=True)), strict=True))
                    index = found["episode_index"].tolist()
                    lengths |= zip(index, found["length"].tolist(), strict=True) if "length" in found else ()
                    if len(columns) == 4:
                        places |= zip(index, zip(*(found[c].tolist() for c in columns[2:]), strict=True), strict=True)
    else:
        where = path / "meta" / "episodes.jsonl"
        for line, found_ in json_lines(where) if where.exists() else ():
            lengths[entry(found_, "episode_index", int, where, line)] = entry(found_, "length", int, where, line)
    if not lengths:
        notes.add(f"{where}: missing or without lengths: episodes are not compared with it")
    return lengths or None, places
