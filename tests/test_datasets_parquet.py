"""Parquet: what other writers wrote, what our small writer writes in any cut, and bytes that are no parquet."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parquet_files import parquet

from qbc.datasets import Unreadable
from qbc.datasets.pages import hybrid, packed
from qbc.datasets.parquet import Parquet
from qbc.pipeline import chapters

pytest.importorskip("cramjam", reason="the extra data is not installed")

THERE = (
    chapters.root() / "tests" / "parquet"
)  # by pyarrow 26.0.1 and polars 2.1.0: action[r, d] = r + d / 10, seven rows in two episodes
A = np.arange(7)[:, None] + np.arange(3) / 10
SINGLE = A.astype("f4").astype(float)
EXPECTED = {
    **dict.fromkeys(["fixed-size-list", "list", "list-gzip-groups", "list-brotli", "list-lz4", "list-uncompressed-plain"], SINGLE),
    **dict.fromkeys(["list-v2-pages", "list-split", "small-pages"], SINGLE),
    **dict.fromkeys(["list-double-zstd", "list-v2-plain-zstd", "required", "polars"], A),
    **dict.fromkeys(["scalar", "half"], A[:, :1]),
    "scalar-bool": np.array([[1.0, 0, 1, 1, 0, 1, 1]]).T,
    "scalar-null": np.array([[0, np.nan, 2, 3, 4, 5, 6]]).T,
    "list-null-element": np.stack([A[:, 0], np.full(7, np.nan), np.arange(7) + 0.2], axis=1),
}


def read(path, *names):
    blocks = list(Parquet(path).numbers(names))
    return [np.concatenate([b[i] for b in blocks]) for i in range(len(names))]


@pytest.mark.parametrize("name", EXPECTED)
def test_what_other_writers_wrote_is_read(name):
    action, episode, frame = read(THERE / f"{name}.parquet", "action", "episode_index", "frame_index")
    np.testing.assert_array_equal(action, EXPECTED[name])
    assert episode.ravel().tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert frame.ravel().tolist() == [0, 1, 2, 3, 0, 1, 2]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ragged", "action (row group 0): rows of unlike lengths, or without a list, near row 1"),
        ("null-list", "action (row group 0): rows of unlike lengths: 19 values in 7 rows"),
        ("empty-list", "action (row group 0): rows of unlike lengths: 19 values in 7 rows"),
        ("nested", "action: neither numbers nor lists of numbers"),
        ("struct", "action: neither numbers nor lists of numbers"),
        ("delta", "action (row group 0): encoding 5: write the file with plain or dictionary encoding"),
    ],
)
def test_columns_that_are_no_vectors_are_named(name, words):
    with pytest.raises(Unreadable) as error:
        read(THERE / f"{name}.parquet", "action")
    assert str(error.value) == f"{THERE / name}.parquet: {words}"


def test_other_columns_are_named():
    with pytest.raises(Unreadable, match=r"list\.parquet: state: no such column \(there are 'action', 'episode_index'"):
        read(THERE / "list.parquet", "state")
    with pytest.raises(Unreadable, match=r"list\.parquet: task: neither numbers nor lists of numbers$"):
        read(THERE / "list.parquet", "task")


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 40),
    width=st.integers(1, 5),
    group=st.integers(1, 50),
    pages=st.integers(1, 50),
    kind=st.sampled_from(["f4", "f8", "i4", "i8"]),
    codec=st.sampled_from(["none", "snappy", "zstd"]),
    seed=st.integers(0, 99),
)
def test_what_is_written_is_read_however_it_is_cut(rows, width, group, pages, kind, codec, seed, tmp_path_factory):
    path = tmp_path_factory.mktemp("p") / "x.parquet"
    rng = np.random.default_rng(seed)
    vector = (100 * rng.normal(size=(rows, width))).astype(kind)
    parquet(path, {"v": vector, "s": np.arange(rows)}, group=group, pages=pages, codec=codec)
    v, s = read(path, "v", "s")
    np.testing.assert_array_equal(v, vector.astype(float))
    np.testing.assert_array_equal(s.ravel(), np.arange(rows))


def test_levels_by_hand():
    """Six times 1 as a run, then 0 1 2 3 4 5 6 7 in three bits each: the example of parquet's ``Encodings.md``."""
    data = bytes([6 << 1, 1, 1 << 1 | 1, 0b10001000, 0b11000110, 0b11111010])
    assert hybrid(data, 3, 14).tolist() == [1] * 6 + [0, 1, 2, 3, 4, 5, 6, 7]
    assert packed(bytes([0b10001000, 0b11000110, 0b11111010]), 3, 8).tolist() == list(range(8))


def test_a_file_without_its_end_is_said_so(tmp_path):
    path = tmp_path / "x.parquet"
    parquet(path, {"v": np.zeros(9)}, finalized=False)
    with pytest.raises(Unreadable, match=r"x\.parquet: no parquet footer: truncated, or its writer was not finalized$"):
        Parquet(path)
    path.write_bytes(b"PAR2" + bytes(40))
    with pytest.raises(Unreadable, match=r"x\.parquet: no parquet file \(it does not begin with PAR1\)$"):
        Parquet(path)


@pytest.mark.parametrize("name", ["list", "list-v2-plain-zstd", "list-split", "polars"])
def test_damaged_bytes_are_one_line_and_never_more(name, tmp_path):
    whole, path = (THERE / f"{name}.parquet").read_bytes(), tmp_path / "x.parquet"
    chance = random.Random(3)
    damaged = [whole[:n] for n in range(0, len(whole), 7)]
    for _ in range(300):
        some = bytearray(whole)
        for _ in range(chance.choice([1, 1, 3, 10])):
            some[chance.randrange(4, len(some) - 4)] = chance.randrange(256)
        damaged.append(bytes(some))
    refused = []
    for data in damaged:
        path.write_bytes(data)
        try:
            read(path, "action", "episode_index")
        except Unreadable as error:
            refused.append(str(error))
    assert len(refused) > len(damaged) / 3
    assert all(line.startswith(str(path)) and "\n" not in line for line in refused)
