"""Which format a path holds, by what lies there and not by its name alone."""

from __future__ import annotations

from pathlib import Path

from qbc.datasets.hdf5 import ENDINGS, hdf5
from qbc.datasets.lerobot import lerobot
from qbc.datasets.openpi import openpi
from qbc.datasets.recording import Recording
from qbc.datasets.tables import npy, npz, table
from qbc.datasets.tfrecord import rlds
from qbc.datasets.unreadable import PICKLED, Unreadable, naming
from qbc.datasets.zarr import zarr

KNOWN = "LeRobot, robomimic or ALOHA HDF5, Diffusion Policy zarr, RLDS, openpi norm_stats.json, npz, npy, csv"


def recognise(path: Path | str) -> Recording:
    """The recording at a path: a file, or the folder of a data set.

    Raises :class:`Unreadable`, one line naming the file, for what is none or is damaged; what only shows in the rows is raised when
    they are read. Raises ``ModuleNotFoundError``, one line, where a format needs the extra ``data`` and it is not installed.
    """
    path = Path(path)
    with naming(path):
        return _folder(path) if path.is_dir() else _file(path)


def _folder(path: Path) -> Recording:
    if (path / "meta" / "info.json").exists():
        return lerobot(path)
    if (path / ".zgroup").exists() or (path / "zarr.json").exists() or (path / "data" / "action" / ".zarray").exists():
        return zarr(path)
    if (path / "features.json").exists():
        return rlds(path)
    if any(p.suffix in ENDINGS for p in path.iterdir()):
        return hdf5(path)
    if (path / "norm_stats.json").exists():
        return openpi(path)
    if len(versions := list(path.glob("*/features.json"))) == 1:  # RLDS keeps a folder a version
        return rlds(versions[0].parent)
    if any(path.glob("*.tfrecord*")):
        raise Unreadable(path, "TFRecord files without features.json: convert the data set to LeRobot's format")
    if (path / "data").is_dir() and any((path / "data").rglob("*.parquet")):
        raise Unreadable(path / "meta" / "info.json", "missing: fetch meta/ too")
    raise Unreadable(path, f"no data set that is known here ({KNOWN})")


def _file(path: Path) -> Recording:
    if not path.exists():
        raise Unreadable(path, "no such file or folder")
    readers = {".npy": npy, ".npz": npz, ".csv": table, ".json": openpi} | dict.fromkeys(ENDINGS, hdf5)
    if path.name.endswith(".zarr.zip"):
        return zarr(path)
    if path.suffix in (".pkl", ".pickle", ".pt", ".pth"):
        raise Unreadable(path, PICKLED)
    if path.suffix not in readers:
        raise Unreadable(path, f"no format that is known here ({KNOWN}); of several files, name their folder")
    return readers[path.suffix](path)
