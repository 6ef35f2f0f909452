"""Readers of demonstrations: what is written is read, in every format; damaged files are one line; memory stays flat."""

import random
import subprocess
import sys

import numpy as np
import pytest
from dataset_files import WRITERS, episodes, zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from qbc.datasets import Unreadable, recognise
from qbc.datasets.recording import ROWS, Block, aligned, pieces_of

pytest.importorskip("h5py", reason="the extra data is not installed")


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=8, deadline=None)
@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=14), da=st.integers(1, 4), seed=st.integers(0, 99))
def test_what_is_written_is_read(form, lengths, da, seed, tmp_path_factory):
    written = episodes(np.random.default_rng(seed), lengths, da)
    recording = recognise(WRITERS[form](tmp_path_factory.mktemp("d"), written))
    assert recording.format == form.removesuffix(", zipped")
    assert len(recording.actions) == da
    for _ in range(2):  # a stream can be asked for again
        read = list(recording.episodes())
        assert [e.episode for e in read] == list(range(len(lengths)))
        for e, (u, x) in zip(read, written, strict=True):
            np.testing.assert_array_equal(e.actions, u)
            np.testing.assert_array_equal(e.states, x)
    assert [n for n in recording.notes if "shards" not in n] == []  # silent on what is sound


@pytest.mark.parametrize("compressor", [None, "blosc", "zlib", "zstd", "lz4"])
def test_zarr_in_every_compression(compressor, tmp_path):
    written = episodes(np.random.default_rng(0), [5, 9, 2])
    read = list(recognise(zarr(tmp_path / "d.zarr", written, compressor=compressor)).episodes())
    for e, (u, _) in zip(read, written, strict=True):
        np.testing.assert_array_equal(e.actions, u)


@pytest.mark.parametrize("form", WRITERS)
def test_damaged_bytes_are_one_line_and_never_more(form, tmp_path):
    """Each file of the data set in turn: cut, emptied, or some of its bytes changed."""
    top = WRITERS[form](tmp_path, episodes(np.random.default_rng(0), [6, 9, 4]))
    files = [p for p in top.rglob("*") if p.is_file()] if top.is_dir() else [top]
    chance, refused = random.Random(1), []
    for trial in range(120):
        path = chance.choice(files)
        whole = path.read_bytes()
        some = bytearray(whole)
        for _ in range(chance.choice([1, 3, 20])):
            some[chance.randrange(len(some))] = chance.randrange(256)
        path.write_bytes([some, some, whole[: chance.randrange(len(whole))], b""][trial % 4])
        try:
            recording = recognise(top)
            for _ in recording.pieces():
                pass
            assert all("\n" not in note for note in recording.notes)
        except Unreadable as error:
            refused.append(str(error))
        path.write_bytes(whole)
    assert len(refused) > 30
    assert all(line.startswith(str(tmp_path)) and "\n" not in line for line in refused)


def test_pieces_are_cut_where_episodes_change():
    def block(index, at):
        return Block(np.array(index), np.arange(at, at + len(index), dtype=float)[:, None], None)

    read = list(pieces_of([block([4, 4, 7], 0), block([], 3), block([7, 7, 1], 3)], "d"))
    assert [(p.episode, p.start, p.actions.ravel().tolist()) for p in read] == [
        (4, 0, [0, 1]),
        (7, 0, [2]),
        (7, 1, [3, 4]),
        (1, 0, [5]),
    ]
    with pytest.raises(Unreadable, match=r"^d: episode_index: episode 4 goes on after another one began$"):
        list(pieces_of([block([4, 7, 4], 0)], "d"))


def test_streams_are_aligned_however_they_are_cut():
    a, b = np.arange(10).reshape(-1, 1), np.arange(20).reshape(-1, 2)
    blocks = list(aligned([iter([a[:3], a[3:3], a[3:]]), iter([b[:1], b[1:9], b[9:]])]))
    assert [len(x) for x, _ in blocks] == [1, 2, 6, 1]
    np.testing.assert_array_equal(np.concatenate([y for _, y in blocks]), b)
    with pytest.raises(ValueError, match="unlike lengths"):
        list(aligned([iter([a]), iter([b[:4]])]))


def test_a_piece_is_never_longer_than_announced(tmp_path):
    np.save(tmp_path / "d.npy", np.zeros((2 * ROWS + 5, 2)))
    assert [len(p.actions) for p in recognise(tmp_path / "d.npy").pieces()] == [ROWS, ROWS, 5]


GROWTH = """
import resource, sys
from qbc.datasets import recognise
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
recording = recognise(sys.argv[1])
stream = recording.pieces()
first, rows = next(stream), 0
before = peak()
for p in stream: rows += len(p.actions)
print(rows + len(first.actions), peak() - before)
"""


def grown(path):
    """How many rows a process of its own read, and by how many MiB it grew after the first piece."""
    done = subprocess.run([sys.executable, "-c", GROWTH, str(path)], check=True, capture_output=True, text=True)
    rows, growth = done.stdout.split()
    return int(rows), float(growth)


def test_a_large_parquet_file_of_one_row_group_streams_in_flat_memory(tmp_path):
    """400,000 rows of 32 actions, 51 MB of numbers, as one row group and one episode."""
    from dataset_files import lerobot
    from parquet_files import parquet

    few = [(np.random.default_rng(0).normal(size=(4000, 32)).astype("f4"), np.zeros((4000, 2), "f4"))]
    path = lerobot(tmp_path / "d", few)
    columns = {"action": few[0][0], "observation.state": few[0][1], "episode_index": np.zeros(4000, "i8")}
    parquet(path / "data" / "chunk-000" / "episode_000000.parquet", columns, pages=500, repeat=100)
    rows, growth = grown(path)
    assert rows == 400_000
    assert growth < 16  # MiB; the rows take 100 as float64


def test_a_large_array_streams_in_flat_memory(tmp_path):
    np.lib.format.open_memmap(tmp_path / "d.npy", "w+", "f4", (1_000_000, 32)).flush()  # sparse: takes no room
    rows, growth = grown(tmp_path / "d.npy")
    assert rows == 1_000_000
    assert growth < 16  # MiB; the rows take 256 as float64
