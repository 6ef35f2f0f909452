"""What is wrong with a data set is said in one line that names the file and the key."""

import json
import os
import pickle

import numpy as np
import pytest
from dataset_files import aloha, episodes, lerobot, rlds, robomimic, zarr

from qbc.datasets import Unreadable, recognise

h5py = pytest.importorskip("h5py", reason="the extra data is not installed")

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
LFS = "a pointer of git-lfs, not the data: fetch them with `git lfs pull`"
E = episodes(np.random.default_rng(0), [4, 3])


def refusal(path):
    """The line for the data set at a path, whether it shows at once or in the rows; without the path itself."""
    with pytest.raises(Unreadable) as error:
        for _ in recognise(path).pieces():
            pass
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    return text.removeprefix(str(path)).removeprefix("/")


def changed(path, *keys, to):
    tree = json.loads(path.read_text("utf8"))
    at = tree
    for k in keys[:-1]:
        at = at[k]
    at[keys[-1]] = to
    path.write_text(json.dumps(tree), "utf8")


@pytest.mark.parametrize(
    ("file", "data", "words"),
    [
        ("meta/info.json", b"", "an empty file"),
        ("meta/info.json", POINTER, LFS),
        ("meta/info.json", b"{", "no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        ("meta/info.json", b"[]", "a JSON object, not list"),
        ("meta/info.json", b"\xff", "no UTF-8"),
        ("meta/info.json", b"[" * 200_000, "no JSON that can be read: nested too deeply"),
        ("meta/info.json", b"{}", "codebase_version: missing"),
        ("meta/episodes.jsonl", b"", "an empty file"),
        ("meta/episodes.jsonl", b'{"episode_index": 0}', "line 1.length: missing"),
        ("meta/episodes.jsonl", b'{"episode_index": 0, "length": "9"}', "line 1.length: int, not str"),
        ("meta/episodes_stats.jsonl", POINTER, LFS),
        ("meta/episodes_stats.jsonl", b'{"stats": {"action": 3}}', "line 1.stats.action: an object of statistics, not int"),
        ("meta/episodes_stats.jsonl", b'{"stats": {"action": {"min": "x"}}}', "line 1.stats.action.min: a vector of numbers"),
        (
            "meta/episodes_stats.jsonl",
            b'{"stats": {"action": {"min": [1], "q07": [1, 2]}}}',
            "line 1.stats.action.q07: 1 numbers, not 2",
        ),
        ("data/chunk-000/episode_000001.parquet", b"", "an empty file"),
        ("data/chunk-000/episode_000001.parquet", POINTER, LFS),
        ("data/chunk-000/episode_000001.parquet", b"\x80\x05" + bytes(40), "no parquet file (it does not begin with PAR1)"),
        ("data/chunk-000/episode_000001.parquet", b"PAR1" + bytes(40), "no parquet footer: truncated, or its writer was not finalized"),
    ],
)
def test_files_of_lerobot_are_named(file, data, words, tmp_path):
    path = lerobot(tmp_path / "d", E)
    (path / file).write_bytes(data)
    assert refusal(path) == f"{file}: {words}"


@pytest.mark.parametrize(
    ("keys", "to", "words"),
    [
        (("codebase_version",), "v1.6", "codebase_version: one of v2.0, v2.1, v3.0, not 'v1.6': convert it with lerobot"),
        (("codebase_version",), 3, "codebase_version: str, not int"),
        (("features",), {"observation.state": {}}, "features: no action (there are 'observation.state')"),
        (("features",), [], "features: dict, not list"),
    ],
)
def test_what_info_lacks_is_named(keys, to, words, tmp_path):
    path = lerobot(tmp_path / "d", E)
    changed(path / "meta" / "info.json", *keys, to=to)
    assert refusal(path) == f"meta/info.json: {words}"


def test_lerobot_without_rows_or_with_other_columns(tmp_path):
    path = lerobot(tmp_path / "d", E)
    changed(path / "meta" / "info.json", "features", to={"action.other": {"dtype": "float32"}})
    assert refusal(path).startswith("data/chunk-000/episode_000000.parquet: action.other: no such column (there are 'action',")
    for file in (path / "data" / "chunk-000").iterdir():
        file.unlink()
    assert refusal(path) == "data: no parquet files: fetch the data too, not only meta/"
    (path / "meta" / "info.json").unlink()
    lerobot(tmp_path / "e", E)
    (tmp_path / "e" / "meta" / "info.json").unlink()
    assert refusal(tmp_path / "e") == "meta/info.json: missing: fetch meta/ too"


def test_hdf5(tmp_path):
    path = tmp_path / "d.hdf5"
    path.write_bytes(POINTER)
    assert refusal(path) == f": {LFS}"
    path.write_bytes(b"PK" * 99)
    assert refusal(path) == ": no HDF5 file"
    robomimic(path, E)
    path.write_bytes(path.read_bytes()[:3000])
    assert refusal(path).startswith(": cannot be read (Unable to synchronously open file")
    with h5py.File(path, "w") as file:
        file["other"] = 3
    assert refusal(path) == ": neither robomimic's data/ nor ALOHA's /action (there are 'other')"
    with h5py.File(path, "w") as file:
        file.create_group("data/nothing")
    assert refusal(path) == ": data: no episodes: no group demo_N"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("actions", None, "missing"),
        ("actions", np.zeros(4), "shape (T, d), not (4,)"),
        ("actions", np.array([b"a", b"b"]), "numbers, not |S1"),
        ("obs/eef", np.zeros((9, 2)), "9 rows, and /data/demo_1/actions has 3"),
        ("obs/eef", None, "missing"),
    ],
)
def test_what_an_episode_of_hdf5_lacks_is_named(key, value, words, tmp_path):
    path = robomimic(tmp_path / "d.hdf5", E)
    with h5py.File(path, "a") as file:
        del file[f"data/demo_1/{key}"]
        if value is not None:
            file[f"data/demo_1/{key}"] = value
    assert refusal(path) == f": /data/demo_1/{key}: {words}"


def test_episodes_of_hdf5_are_read_by_their_numbers_and_compared_with_what_they_announce(tmp_path):
    path = robomimic(tmp_path / "d.hdf5", episodes(np.random.default_rng(0), range(1, 13)))
    with h5py.File(path, "a") as file:
        file["data/demo_2"].attrs["num_samples"] = 99
        file.create_group("data/extra")
    recording = recognise(path)
    assert [len(e.actions) for e in recording.episodes()] == list(range(1, 13))
    assert (recording.states, recording.fps) == (("eef[0]", "eef[1]"), 20.0)
    assert recording.notes == [
        f"{path}: data: passed over 'extra'",
        f"{path}: lengths that do not match: episode 2: 99 in the metadata, 3 rows",
    ]


def test_an_array_that_announces_what_it_does_not_hold(tmp_path):
    with h5py.File(tmp_path / "d.hdf5", "w") as file:
        file.create_dataset("action", shape=(10**12, 7), dtype="f4", chunks=(100, 7))
    assert refusal(tmp_path / "d.hdf5") == ": /action: announces (1000000000000, 7) numbers and holds none"


def test_real_aloha_rows_are_not_shifted_and_that_is_noted(tmp_path):
    path = aloha(tmp_path / "d", E)
    with h5py.File(path / "episode_0.hdf5", "a") as file:
        file.attrs["sim"] = False
    recording = recognise(path)
    np.testing.assert_array_equal(next(recording.episodes()).actions, E[0][0])
    assert recording.notes == [
        f"{path}/episode_0.hdf5: sim: False: ACT's loader shifts such actions by one step; here they stand as recorded"
    ]


@pytest.mark.parametrize(
    ("file", "keys", "to", "words"),
    [
        (
            "data/action",
            ("dtype",),
            "|O",
            "data/action/.zarray: dtype: holds pickled objects, which are never loaded: save plain numbers",
        ),
        ("data/action", ("dtype",), "<U5", "data/action/.zarray: dtype: numbers, not <U5"),
        ("data/action", ("filters",), [{"id": "delta"}], "data/action/.zarray: no filters, not [{'id': 'delta'}]"),
        ("data/action", ("shape",), [7, "3"], "data/action/.zarray.shape: whole numbers, not [7, '3']"),
        ("data/action", ("zarr_format",), 3, "data/action/.zarray: zarr format 2, not 3"),
        (
            "data/action",
            ("compressor",),
            {"id": "own"},
            "data/action/0.0: compressor 'own': write it with blosc, zstd, lz4, zlib, gzip",
        ),
        ("data/state", ("shape",), [6, 2], "data/state: 6 rows, and data/action has 7"),
        ("meta/episode_ends", ("shape",), [0], "meta/episode_ends: no episodes"),
        ("meta/episode_ends", ("shape",), [1], "meta/episode_ends: the last episode ends at row 4, and there are 7 rows"),
    ],
)
def test_arrays_of_zarr_are_named(file, keys, to, words, tmp_path):
    path = zarr(tmp_path / "d.zarr", E)
    changed(path / file / ".zarray", *keys, to=to)
    assert refusal(path).startswith(f": {words}")


def test_files_of_zarr_are_named(tmp_path):
    path = zarr(tmp_path / "d.zarr", E)
    (path / "data" / "action" / "0.0").write_bytes(POINTER)
    assert refusal(path) == f": data/action/0.0: {LFS}"
    (path / "data" / "action" / "0.0").unlink()
    assert refusal(path) == ": data/action: announces 7 rows and has no chunk of them"
    (path / "data" / "action" / ".zarray").unlink()
    assert refusal(path) == ": data/action/.zarray: missing"
    (path / "zarr.json").write_text("{}")
    assert refusal(path) == ": zarr.json: zarr format 3: write it as format 2"


def test_a_chunk_that_is_not_there_holds_the_fill_value(tmp_path):
    path = zarr(tmp_path / "d.zarr", [(np.ones((9, 2), "f4"), np.ones((9, 1), "f4"))], tall=3)
    (path / "data" / "action" / "1.0").unlink()
    recording = recognise(path)
    assert next(recording.episodes()).actions[:, 0].tolist() == [1, 1, 1, 0, 0, 0, 1, 1, 1]
    assert recording.notes == [f"{path}: data/action: 1 chunks are not there: read as 0"]


def test_rlds(tmp_path):
    path = rlds(tmp_path / "d", E)
    assert recognise(tmp_path).path == path
    last = path / "d-train.tfrecord-00001-of-00002"
    whole = last.read_bytes()
    last.write_bytes(whole[:-20])
    assert refusal(path) == f"{last.name}: the record at byte 0 goes on after the end of the file: truncated"
    last.write_bytes(b"x" + whole[1:])
    assert refusal(path) == f"{last.name}: no TFRecord at byte 0: damaged or truncated"
    last.unlink()
    recording = recognise(path)
    assert len(list(recording.episodes())) == 1
    assert recording.notes == [f"{path}: d-train.tfrecord: 1 of 2 shards are there"]
    (path / "features.json").write_text('{"featuresDict": {"features": {}}}')
    assert refusal(path).startswith("features.json: steps: damaged or truncated (KeyError: 'steps'")
    (path / "features.json").unlink()
    assert refusal(path) == ": TFRecord files without features.json: convert the data set to LeRobot's format"


def test_openpi_has_statistics_and_no_rows(tmp_path):
    path = tmp_path / "norm_stats.json"
    kept = {"mean": [0, 1], "std": [1, 1], "q01": [5, 0], "q99": [5, 9]}  # q01 = q99: it is passed on, whatever divides by it later
    path.write_text(json.dumps({"norm_stats": {"actions": kept, "state": {"mean": [0]}}}))
    for at in (path, tmp_path):
        recording = recognise(at)
        assert (recording.format, list(recording.pieces()), recording.actions) == (
            "openpi norm_stats",
            [],
            ("actions[0]", "actions[1]"),
        )
        assert [(s.source, s.feature) for s in recording.stored] == [
            (f"{path}: norm_stats.actions", "action"),
            (f"{path}: norm_stats.state", "state"),
        ]
        assert recording.stored[0].values == {k: tuple(v) for k, v in kept.items()}
    path.write_text('{"norm_stats": {"state": {}}}')
    assert refusal(path) == ": norm_stats: no actions (there are 'state')"


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_nothing_is_ever_unpickled(tmp_path):
    trap = Trap(tmp_path / "sprung")
    np.save(tmp_path / "d.npy", np.array([trap], dtype=object), allow_pickle=True)
    assert refusal(tmp_path / "d.npy") == ": holds pickled objects, which are never loaded: save plain numbers"
    np.savez(tmp_path / "d.npz", actions=np.array([trap], dtype=object))
    assert refusal(tmp_path / "d.npz") == ": actions: holds pickled objects, which are never loaded: save plain numbers"
    (tmp_path / "d.npy").write_bytes(pickle.dumps(trap))
    assert refusal(tmp_path / "d.npy") == ": no npy file: holds pickled objects, which are never loaded: save plain numbers"
    (tmp_path / "d.pkl").write_bytes(pickle.dumps(trap))
    assert refusal(tmp_path / "d.pkl") == ": holds pickled objects, which are never loaded: save plain numbers"
    assert not (tmp_path / "sprung").exists()


def test_arrays(tmp_path):
    npy, npz = tmp_path / "d.npy", tmp_path / "d.npz"
    np.save(npy, np.arange(24.0).reshape(2, 4, 3))
    assert [(e.episode, e.actions.shape) for e in recognise(npy).episodes()] == [(0, (4, 3)), (1, (4, 3))]
    np.save(npy, np.arange(3))
    assert [e.actions.tolist() for e in recognise(npy).episodes()] == [[[0], [1], [2]]]
    np.save(npy, np.asfortranarray(np.zeros((3, 2))))
    assert refusal(npy) == ": stored column by column: save np.ascontiguousarray of it"
    np.save(npy, np.array(["a"]))
    assert refusal(npy) == ": numbers, not <U1"
    np.save(npy, np.zeros((0, 3)))
    assert refusal(npy) == ": no episodes"
    np.save(npy, np.zeros((4, 3)))
    npy.write_bytes(npy.read_bytes()[:-8])
    assert refusal(npy) == ": ends 4 rows early: truncated"
    np.savez(npz, other=np.zeros(3))
    assert refusal(npz) == ": no actions (there are 'other')"
    np.savez(npz, action=np.zeros((3, 2)), state=np.zeros((4, 1)))
    assert refusal(npz) == ": state: 4 rows, and action has 3"
    np.savez(npz, action=np.zeros((3, 2)), episode_ends=[2, 2, 3])
    assert refusal(npz) == ": episode_ends: ends of episodes must rise"
    np.savez(npz, action=np.zeros((3, 2)), episode_index=[0, 0.5, 1])
    assert refusal(npz) == ": episode_index: not one whole number a row"
    np.savez(npz, action=np.zeros((3, 2)), episode_index=[5, 5, 1])
    assert [(e.episode, len(e.actions)) for e in recognise(npz).episodes()] == [(5, 2), (1, 1)]


def test_tables(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("1,2\n3,\n")
    (one,) = recognise(path).episodes()
    np.testing.assert_array_equal(one.actions, [[1, 2], [3, np.nan]])
    path.write_text("t,a,episode,b\n0,1,0,2\n1,3,1,4\n")
    recording = recognise(path)
    assert recording.actions == ("a", "b")
    assert [e.actions.tolist() for e in recording.episodes()] == [[[1, 2]], [[3, 4]]]
    path.write_text("a,b\n1,2\n3,four\n")
    assert refusal(path) == ": row 3, b: no number: 'four'"
    path.write_text("a,b\n1,2\n3\n")
    assert refusal(path) == ": row 3: 1 fields, and the first line has 2"
    path.write_text("t,episode\n")
    assert refusal(path) == ": no columns of actions"
    path.write_text("a,b\n")
    assert refusal(path) == ": no episodes"


def test_other_paths(tmp_path):
    assert refusal(tmp_path / "none.npz") == ": no such file or folder"
    assert refusal(tmp_path).startswith(": no data set that is known here (LeRobot, ")
    (tmp_path / "d.parquet").write_bytes(b"PAR1")
    assert refusal(tmp_path / "d.parquet").startswith(": no format that is known here (LeRobot, ")
