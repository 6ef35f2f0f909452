"""LeRobot's traps: metadata that lie, vectors and names in every shape, statistics passed on as they stand."""

import json

import numpy as np
import pytest
from dataset_files import columns, episodes, lerobot, lines, stats
from parquet_files import parquet

from qbc.datasets import Unreadable, recognise
from qbc.datasets.features import named
from qbc.datasets.statistics import pooled, stored

RNG = np.random.default_rng(5)
E = episodes(RNG, [6, 4, 5])


def changed(path, **fields):
    info = json.loads((path / "meta" / "info.json").read_text("utf8"))
    (path / "meta" / "info.json").write_text(json.dumps(info | fields), "utf8")


def rows(path, table, file="file-000"):
    (path / "data" / "chunk-000").mkdir(parents=True, exist_ok=True)
    parquet(path / "data" / "chunk-000" / f"{file}.parquet", table)


def read(path):
    recording = recognise(path)
    return recording, list(recording.episodes())


def test_rows_are_grouped_by_their_own_column_and_stale_places_are_noted(tmp_path):
    path = lerobot(tmp_path / "d", E, "v3.0")
    about = {"episode_index": np.arange(3), "length": np.array([6, 4, 5])}
    about |= {"data/chunk_index": np.zeros(3, "i8"), "data/file_index": np.array([0, 7, 7])}
    parquet(path / "meta" / "episodes" / "chunk-000" / "file-000.parquet", about)
    recording, found = read(path)
    assert [len(e.actions) for e in found] == [6, 4, 5]
    assert recording.notes == [f"{path}/meta/episodes: data/file_index: stale for 2 episodes: 1, 2"]


def test_lengths_and_totals_that_do_not_match_are_noted_once(tmp_path):
    path = lerobot(tmp_path / "d", E)
    lines(path / "meta" / "episodes.jsonl", [{"episode_index": i, "length": n} for i, n in [(0, 6), (1, 9), (7, 5)]])
    changed(path, total_episodes=4, total_frames=99, fps="fast")
    recording, found = read(path)
    list(recording.pieces())
    assert len(found) == 3
    assert recording.fps is None
    assert recording.notes == [
        f"{path}/meta/info.json: fps: no number of steps a second: 'fast'",
        f"{path}/meta/info.json: total_episodes: 4, and the files have 3",
        f"{path}/meta/info.json: total_frames: 99, and the files have 15",
        f"{path}: lengths that do not match: episode 1: 9 in the metadata, 4 rows",
        f"{path}: 1 episodes in the metadata and not in the files: 7",
        f"{path}: 1 episodes in the files and not in the metadata: 2",
    ]


def test_a_file_left_over_from_another_writing_is_refused(tmp_path):
    path = lerobot(tmp_path / "d", E, "v3.0")
    rows(path, columns(E[:1]), "file-009")
    with pytest.raises(Unreadable, match=r"/d: episode_index: episode 0 goes on after another one began$"):
        read(path)


def test_rows_out_of_order_are_noted(tmp_path):
    path = lerobot(tmp_path / "d", E[:1])
    rows(path, columns(E[:1]) | {"frame_index": np.array([0, 1, 3, 2, 4, 5])}, "episode_000000")
    recording, _ = read(path)
    assert recording.notes == [f"{path}: frame_index: 3 rows that do not follow the row before in their episode"]


@pytest.mark.parametrize("kind", ["f4", "f8", "i8"])
def test_numbers_of_any_kind_and_scalars_for_one_dimension(kind, tmp_path):
    path = lerobot(tmp_path / "d", episodes(RNG, [4], da=1))
    rows(path, columns(episodes(RNG, [4])) | {"action": np.arange(4).astype(kind)}, "episode_000000")
    recording, (one,) = read(path)
    assert recording.actions == ("action[0]",)
    assert one.actions.tolist() == [[0], [1], [2], [3]]


def test_several_columns_make_one_action(tmp_path):
    path = lerobot(tmp_path / "d", E[:1], "v3.0")
    about = {"dtype": "float32", "names": None}
    two = {"action.arm": about | {"shape": [2], "names": ["x", "y"]}, "action.grip": about | {"shape": [1]}}
    changed(path, features=two | {"action.text": {"dtype": "string", "shape": [1]}})
    (u, _), table = E[0], columns(E[:1])
    rows(path, {"action.arm": u[:, :2], "action.grip": u[:, 2], **{k: table[k] for k in ("episode_index", "frame_index")}})
    (path / "meta" / "stats.json").write_text(json.dumps({"action.arm": stats(u[:, :2]), "action.grip": stats(u[:, 2:])}), "utf8")
    recording, (one,) = read(path)
    assert (recording.actions, recording.states) == (("action.arm.x", "action.arm.y", "action.grip[0]"), ())
    np.testing.assert_array_equal(one.actions, u)
    assert one.states is None
    np.testing.assert_allclose(recording.stored[0].values["min"], u.min(0))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["x", "y", "z"], ("x", "y", "z")),
        ({"motors": ["x", "y", "z"]}, ("x", "y", "z")),
        ({"axes": ["x", "y", "z"]}, ("x", "y", "z")),
        ([["x", "y", "z"]], ("x", "y", "z")),
        ({"z": 2, "x": 0, "y": 1}, ("x", "y", "z")),
        (None, None),
        ([1, 2, 3], None),
        ({"x": 0, "y": 5}, None),
        ([], None),
    ],
)
def test_names_come_in_many_shapes(names, found, tmp_path):
    assert named(names) == found
    recording = recognise(lerobot(tmp_path / "d", E[:1], names=names))
    assert recording.actions == (found or ("action[0]", "action[1]", "action[2]"))


def test_names_and_shapes_that_do_not_fit_are_noted(tmp_path):
    path = lerobot(tmp_path / "d", E[:1])
    about = {"dtype": "float32", "shape": [4], "names": ["x", "y"]}
    changed(path, features={"action": about, "observation.state": {"dtype": "float32", "shape": [2]}})
    recording, _ = read(path)
    assert recording.actions == ("action[0]", "action[1]", "action[2]")
    assert recording.notes == [
        f"{path}/meta/info.json: features.action.shape: [4], and the files have 3 numbers a row",
        f"{path}/meta/info.json: features.action.names: 2 names for 3 dimensions: not used",
    ]


def test_names_in_foreign_files_break_no_line(tmp_path):
    path = lerobot(tmp_path / "d", E[:1])
    changed(path, codebase_version="v2.0", features={"action": {"dtype": "float32", "shape": ["3\n\x1b[31m"]}})
    recording, _ = read(path)
    (note,) = [n for n in recording.notes if "shape" in n]
    assert note.isprintable()


def test_quantiles_of_any_percentage_stand_as_they_are_stored(tmp_path):
    """Also where they contradict the rows, as envelopes and means of quantiles of episodes do: nothing is mended, nothing clipped."""
    path = lerobot(tmp_path / "d", E, "v3.0")
    lie = {"min": [0, 0, 0], "max": [1, 1, 1], "q02": [9, 9, 9], "q50": [0, None, 0], "q98": [[9, 9, 9]], "mean_of": 3, "count": [15]}
    (path / "meta" / "stats.json").write_text(json.dumps({"action": lie}), "utf8")
    recording, found = read(path)
    (s,) = recording.stored
    assert s.source == f"{path}/meta/stats.json: action"
    assert (s.feature, s.count, s.values.keys()) == ("action", 15, {"min", "max", "q02", "q50", "q98"})
    assert s.values["q98"] == (9, 9, 9)
    assert np.isnan(s.values["q50"][1])
    np.testing.assert_array_equal(np.concatenate([e.actions for e in found]), np.concatenate([u for u, _ in E]))


def test_statistics_of_episodes_are_pooled_to_those_of_the_whole(tmp_path):
    recording = recognise(lerobot(tmp_path / "d", E))
    whole = np.concatenate([u for u, _ in E]).astype(float)
    s = recording.stored[0]
    assert s.source == f"{tmp_path}/d/meta/episodes_stats.jsonl: action, all episodes pooled"
    assert s.count == 15
    for name, expected in (("min", whole.min(0)), ("max", whole.max(0)), ("mean", whole.mean(0)), ("std", whole.std(0))):
        np.testing.assert_allclose(s.values[name], expected, rtol=1e-6)


def test_pooling_by_hand():
    """0, 2 and then 4: mean 2, variance 8/3."""
    parts = [
        {"min": [0], "max": [2], "mean": [1], "std": [1], "count": [2]},
        {"min": [4], "max": [4], "mean": [4], "std": [0], "count": [1]},
    ]
    s = pooled([stored("f", "k", "action", p) for p in parts], "f", "action")
    assert (s.values["min"], s.values["max"], s.values["mean"], s.count) == ((0.0,), (4.0,), (2.0,), 3)
    assert s.values["std"][0] == pytest.approx((8 / 3) ** 0.5, rel=1e-12)
    assert pooled([], "f", "action") is None
    assert pooled([stored("f", "k", "action", {"q50": [1], "count": [3]})], "f", "action") is None


def test_entries_that_are_no_number_are_passed_on_and_noted(tmp_path):
    u, x = E[0][0].copy(), E[0][1]
    u[2, 1] = np.nan
    u[4, 0] = np.inf
    path = lerobot(tmp_path / "d", E)
    rows(path, columns([(u, x)]), "episode_000000")
    recording, (one, *_) = read(path)
    np.testing.assert_array_equal(one.actions, u)
    (note,) = [n for n in recording.notes if "finite" in n]
    assert note == f"{path}: 2 rows with an entry that is no finite number, first action 'action[1]', episode 0, step 2"


def test_no_statistics_are_noted(tmp_path):
    path = lerobot(tmp_path / "d", E, "v2.0")
    (path / "meta" / "stats.json").unlink()
    (path / "meta" / "episodes.jsonl").unlink()
    recording, _ = read(path)
    assert recording.stored == ()
    assert recording.notes == [
        f"{path}/meta/episodes.jsonl: missing or without lengths: episodes are not compared with it",
        f"{path}/meta/stats.json: missing: no stored statistics",
    ]


def test_files_are_read_in_the_order_of_their_numbers(tmp_path):
    path = lerobot(tmp_path / "d", E[:1], "v3.0")
    table = columns([*E, *E, *E, *E])
    for i in range(12):
        rows(path, {k: v[table["episode_index"] == i] for k, v in table.items()}, f"file-{i}")
    (path / "data" / "chunk-000" / "file-000.parquet").unlink()
    assert [e.episode for e in read(path)[1]] == list(range(12))
