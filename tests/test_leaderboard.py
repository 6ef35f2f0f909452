"""Chapter 13's table: the rule, what is run, and that nothing is lost when it ends early."""

import json

import pytest

from qbc import benchmark, leaderboard
from qbc.benchmark import CAN, HEADS, SEVERAL, TASKS
from qbc.leaderboard import Part, Run, candidates, record, table, validated


@pytest.fixture
def quick(monkeypatch):
    """Runs that train nothing: success is the step size, and the runs that were made."""
    made = []

    def scored(run):
        made.append(run)
        return [[run.setting[1], 1.0]] * (len(run.tasks) * len(run.seeds))

    class Pool:
        def __init__(self, *_, **__): ...
        def __enter__(self):
            return self

        def __exit__(self, *_): ...
        def submit(self, f, *args):
            from concurrent.futures import Future

            future = Future()
            future.set_result(f(*args))
            return future

    monkeypatch.setattr(leaderboard, "scored", scored)
    monkeypatch.setattr(leaderboard, "ProcessPoolExecutor", Pool)
    return made


def test_the_rule_takes_the_largest_mean_success_the_first_of_equals():
    assert validated("flow matching", lambda run: [[run.setting[1], 1.0]] * 2) == ("data", 0.01)
    assert validated("flow matching", lambda run: [[float(run.setting == ("velocity", 0.005)), 0.0], [0.1, 0.0]]) == ("velocity", 0.005)
    assert {r.seeds for h in HEADS for r in candidates(h)} == {(leaderboard.VALIDATION,)}


@pytest.mark.parametrize("head", HEADS)
def test_every_head_is_in_every_column_it_can_have_and_at_the_same_budgets(head):
    runs = table(head, benchmark.grid(head)[0])
    assert [r.column for r in runs if r.tasks == tuple(TASKS)] == list(CAN[head])
    assert [r.steps for r in runs if r.tasks == SEVERAL] == [250, 4000, 16000]


def test_the_table_has_a_row_for_each_network(quick, tmp_path):
    record(tmp_path / "new" / "t.json", heads=("mean", "flow matching"))
    kept = json.loads((tmp_path / "new" / "t.json").read_text())
    assert kept["chosen"] == {"mean": ["squared", 0.01], "flow matching": ["data", 0.01]}
    assert len(kept["rows"]) == 2 * (4 * 9 + 3 * 6)
    assert kept["rows"][0] == dict(head="mean", column="actions", steps=1000, task="conditional circle", success=0.01, valid=1.0)
    assert not list(tmp_path.glob("**/*.part"))


def test_what_ended_early_goes_on_where_it_was(quick, tmp_path, monkeypatch):
    whole = leaderboard.scored

    def fails(run):
        if run.steps == 16000:
            raise KeyboardInterrupt
        return whole(run)

    monkeypatch.setattr(leaderboard, "scored", fails)
    file = tmp_path / "t.json"
    file.write_text("the old table")
    with pytest.raises(KeyboardInterrupt):
        record(file, heads=("mean", "median"))
    assert file.read_text() == "the old table"
    part = file.with_suffix(".part")
    part.write_text(part.read_text() + '["cut o')
    monkeypatch.setattr(leaderboard, "scored", whole)
    before = len(quick)
    record(file, heads=("mean", "median"))
    assert len(quick) == len(set(quick)), "nothing is trained twice"
    assert len(quick) > before
    assert len(json.loads(file.read_text())["rows"]) == 2 * (4 * 9 + 3 * 6)


def test_a_part_of_other_code_is_begun_anew(tmp_path):
    file, run = tmp_path / "t.part", Run("mean", ("squared", 0.01), "DCT 8", SEVERAL, (0,), 1)
    Part(file).add(run, [[1.0, 1.0]], 2.0)
    assert Part(file).found(run) == [[1.0, 1.0]]
    file.write_text("other code\n" + file.read_text().split("\n", 1)[1])
    with pytest.raises(KeyError):
        Part(file).found(run)


def test_a_run_is_scored_in_fresh_scenes():
    run = Run("mean", ("squared", 0.01), "DCT 8", ("conditional circle", "corridor 8"), (0, 1), 2)
    found = leaderboard.scored(run)
    assert len(found) == 4
    assert found == leaderboard.scored(run)
    assert all(0 <= x <= 1 for row in found for x in row)


def test_no_jobs_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        leaderboard.main([str(tmp_path / "t.json"), "--jobs", "0"])
    assert "--jobs: at least 1, got 0" in capsys.readouterr().err
