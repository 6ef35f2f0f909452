"""What is wrong with a data set is said in one line that names the file and the key: LeRobot's, openpi's and plain files."""

import json
import os
import pickle

import numpy as np
import pytest
from dataset_files import episodes, lerobot
from dataset_refusals import LFS, POINTER, changed, refusal

from qbc.datasets import recognise

pytest.importorskip("cramjam", reason="the extra data is not installed")
E = episodes(np.random.default_rng(0), [4, 3])


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
