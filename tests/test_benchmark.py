"""The benchmark of chapter 13: what heads see and play, and the look-up that memory is."""

import dataclasses

import numpy as np
import pytest

from qbc import benchmark, tasks
from qbc.benchmark import COLUMNS, HEADS, TASKS, Asked

NAMES = tuple(TASKS)


def expert(asked, rng):
    """Noise-free chunks of the wanted modes in each scene: (k, n, h, 2)."""
    each = zip(asked.names, asked.scenes, asked.mode, strict=True)
    return np.stack([s.chunks(TASKS[a], TASKS[a].means[m]) for a, s, m in each])


def test_who_knows_scene_and_mode_succeeds_always(rng):
    asked = Asked.of(NAMES, [3], 60)
    assert all(s.success.all() for s in asked.scores(expert(asked, rng)))
    assert asked.x.shape == (3, 60, benchmark.WIDE)


def test_where_the_mode_is_told_another_is_no_success(rng):
    asked = Asked.of(NAMES, [3], 60)
    told, *rest = dataclasses.replace(asked, mode=tuple(1 - m % 2 for m in asked.mode)).scores(expert(asked, rng))
    assert not told.success.any()
    assert all(s.success.all() for s in rest)


@pytest.mark.parametrize("column", COLUMNS)
def test_columns_keep_what_a_path_needs(column):
    d = benchmark.demonstrated(NAMES, [0], N=300)
    shown = benchmark.represented(d, column)
    u = shown.u
    for by in reversed(shown.represented_as):
        u = by.back(u)
    worst = np.abs((u - d.u).cumsum(axis=2)).max()
    assert worst < {"actions": 1e-12, "positions": 1e-12, "DCT 8": 0.12, "PCA 8": 0.06}[column]


def test_a_look_up_of_what_was_demonstrated_finds_it():
    d = benchmark.demonstrated(NAMES, [0, 1], N=40)
    for relative in (False, True):
        np.testing.assert_array_equal(benchmark.look_up(d, d.x, relative=relative), d.u)


def test_relative_places_do_not_change_where_a_scene_is_moved():
    d = benchmark.demonstrated(NAMES, [0], N=40)
    moved = d.x + np.where(np.arange(benchmark.WIDE) < 6, 3.0, 0.0)
    np.testing.assert_array_equal(benchmark.look_up(d, moved, relative=True), d.u)


def test_same_seed_same_data_and_another_task_other_ones():
    a, b = (benchmark.demonstrated(["radial 16"], [5, 6], N=20) for _ in range(2))
    np.testing.assert_array_equal(a.u, b.u)
    assert (a.u[0] != a.u[1]).any()
    assert (Asked.of(["radial 16"], [5], 20).x != a.x[:1]).any()  # fresh scenes


def test_the_grid_of_settings():
    assert benchmark.grid("mixture density") == [(32, 0.01), (32, 0.005), (16, 0.01), (16, 0.005)]
    assert [len(benchmark.grid(h)) for h in HEADS][:2] == [2, 2]
    assert "positions" not in benchmark.CAN["tokens"]


@pytest.mark.parametrize("head", HEADS)
def test_every_head_answers_in_every_column(head):
    d = benchmark.demonstrated(NAMES, [0], N=80)
    asked = Asked.of(NAMES, [0], 5)
    for column in benchmark.CAN[head]:
        shown = benchmark.represented(d, column)
        u = benchmark.fitted(head, shown, benchmark.grid(head)[0], 2, 0)(asked.x, np.random.default_rng(0))
        assert u.shape == (3, 5, tasks.T - 1, 2)
