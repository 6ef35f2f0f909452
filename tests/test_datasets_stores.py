"""HDF5, zarr and TFRecord: what is wrong in a store is said in one line that names the key, and what is odd is noted."""

import numpy as np
import pytest
from dataset_files import aloha, episodes, rlds, robomimic, zarr
from dataset_refusals import LFS, POINTER, changed, refusal

from qbc.datasets import recognise

h5py = pytest.importorskip("h5py", reason="the extra data is not installed")
E = episodes(np.random.default_rng(0), [4, 3])


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
    assert recording.states == ("eef[0]", "eef[1]")
    assert recording.notes == [
        f"{path}: data: passed over 'extra'",
        f"{path}: lengths that do not match: episode 2: 99 in the metadata, 3 rows",
    ]


def test_an_array_that_announces_what_it_does_not_hold(tmp_path):
    with h5py.File(tmp_path / "d.hdf5", "w") as file:
        file.create_dataset("action", shape=(10**12, 7), dtype="f4", chunks=(100, 7))
    assert (
        refusal(tmp_path / "d.hdf5")
        == ": /action: announces (1000000000000, 7) numbers, more than it can hold: truncated or never written"
    )


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
