"""The reviewed numbers: exact, sampled and tolerant ones, what a change is called, and numbers that are none."""

import errno
import json
import math
import shutil
from pathlib import Path

import pytest
from made_up import cell, edit, write

from qbc import cli
from qbc.pipeline import expected, record
from qbc.pipeline.chapters import Problem


def glued(path, **numbers):
    """An executed notebook that glued these numbers and did nothing else."""
    outputs = [
        {
            "output_type": "display_data",
            "metadata": {"scrapbook": {"name": k.replace("_", "-")}},
            "data": {"application/papermill.record/text/plain": str(v)},
        }
        for k, v in numbers.items()
    ]
    cells = [{"cell_type": "code", "source": "1", "metadata": {}, "execution_count": 1, "outputs": outputs}]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path.parent


def test_numbers_are_read_back_with_their_intervals(executed):
    n = record.numbers(executed / "_build" / "executed" / "01-a.ipynb")
    assert n["two"] == 2.0
    value, low, high = n["x"]
    assert low < value < high


def test_expected_numbers_round_trip_and_a_change_is_named(executed, tmp_path):
    out = executed / "_build" / "executed"
    expected.write(out, tmp_path)
    assert expected.regressions(out, tmp_path) == []
    file = tmp_path / "01-a.json"
    reviewed = json.loads(file.read_text())
    file.write_text(json.dumps(reviewed | {"two": 2.0001, "gone": 1.0, "x": [9.0, 8.0, 10.0]}))
    said = "\n".join(expected.regressions(out, tmp_path))
    assert "01-a: two was 2.0001, is now 2 (relative change 5.0e-05)" in said
    assert "01-a: gone is not glued any more" in said
    assert "01-a: x was 9 in [8, 10], is now" in said


TOLERANT = {"value": 1.0, "tol": 1e-3, "why": "a fit"}


@pytest.mark.parametrize(
    ("new", "old", "same"),
    [
        (1.0, 1.0 + 5e-7, True),
        (1.0, 1.0 + 5e-6, False),
        (1.0009, TOLERANT, True),
        (1.0011, TOLERANT, False),
        ([1.0, 0.9, 1.1], TOLERANT, False),
        ([1.2, 1.1, 1.3], [1.25, 1.15, 1.35], True),
        ([1.1, 1.0, 1.2], [1.25, 1.15, 1.35], False),
        ([1.1, -math.inf, 1.2], [1.25, None, 1.35], True),
        ([-1.0000000002, -1.0000000003, -1.0], [-1.0, -1.0, -1.0], True),
        ("a", "a", True),
        ("a", "b", False),
        ([1.0, 0.0, 2.0], 1.0, False),
    ],
)
def test_exact_numbers_to_1e_6_sampled_ones_inside_the_recorded_interval(new, old, same):
    assert (expected.differences("c", {"k": new}, {"k": old}) == []) is same


@pytest.mark.parametrize("none", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("old", [1.0, TOLERANT, [1.0, None, None], "a"])
def test_a_number_that_stops_being_finite_is_named(none, old):
    for new in (none, [none, none, none]):
        (said,) = expected.differences("01-a", {"k": new}, {"k": old})
        assert said.startswith("01-a: k was ")
        assert said.endswith("it is no number any more")


def test_an_interval_that_loses_an_end_is_named():
    (said,) = expected.differences("01-a", {"k": [1.0, 0.9, math.inf]}, {"k": [1.0, 0.9, 1.1]})
    assert said == "01-a: k was 1 in [0.9, 1.1], now its interval is [0.9, inf]"


@pytest.mark.parametrize(
    "numbers",
    [{"x": "nan"}, {"x": "-inf"}, {"x": "inf", "x_low": "1.0", "x_high": "inf"}, {"x": "1e999"}, {"x": "'nan'"}, {"x": "'inf of 3'"}],
)
def test_a_number_that_is_none_is_not_accepted(tmp_path, numbers):
    kept = tmp_path / "kept"
    bad, good = glued(tmp_path / "bad" / "01-a.ipynb", **numbers), glued(tmp_path / "good" / "01-a.ipynb", x=1.0)
    expected.write(good, kept)
    before = (kept / "01-a.json").read_text()
    for folders in ((bad, kept), (good, kept, [bad])):  # nor as another processor's
        with pytest.raises(Problem, match=r"01-a: x is .*which is no number: nothing was accepted"):
            expected.write(*folders)
    assert (kept / "01-a.json").read_text() == before


@pytest.mark.parametrize("text", ["{'a': 1}", "[1]", "object()", "np.float64(1.0)"])
def test_what_is_glued_and_no_number_is_one_line(tmp_path, text):
    with pytest.raises(Problem, match="what is glued as 'x' is neither a number nor a text"):
        record.numbers(glued(tmp_path / "01-a.ipynb", x=text) / "01-a.ipynb")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        *(f'{{"x": {x}}}' for x in ("NaN", "Infinity", "1e999", "null", "true", "[1, 0]", "[null, 0, 1]", '{"value": 1}')),
        '{"x": {"value": 1, "tol": null, "why": ""}}',
    ],
)
def test_a_file_of_reviewed_numbers_that_is_none_is_one_line(tmp_path, text):
    (tmp_path / "01-a.json").write_text(text)
    with pytest.raises(Problem, match="cannot read the reviewed numbers") as e:
        expected.regressions(glued(tmp_path / "out" / "01-a.ipynb", x=1.0), tmp_path)
    assert "\n" not in str(e.value)


def test_runs_of_other_processors_widen_what_is_exact_and_only_that(tmp_path):
    one = glued(tmp_path / "1" / "01-a.ipynb", fit=1.0, sum=2.0, x=3.0, x_low=2.0, x_high=4.0)
    other = glued(tmp_path / "2" / "01-a.ipynb", fit=1.001, sum=2.0, x=3.5, x_low=2.5, x_high=4.5)
    expected.write(one, tmp_path / "kept", [other])
    kept = expected.read(tmp_path / "kept" / "01-a.json")
    assert kept == {
        "fit": {"value": 1.0, "tol": 0.01, "why": "10 times its spread over 2 kinds of processor"},
        "sum": 2.0,
        "x": [3.0, 2.0, 4.0],
    }
    expected.write(one, tmp_path / "kept")  # a reviewed tolerance stays
    assert expected.read(tmp_path / "kept" / "01-a.json") == kept


def test_what_moves_with_the_fit_has_a_wide_tolerance_until_another_processor_was_seen(tmp_path):
    one, kept = glued(tmp_path / "1" / "01-a.ipynb", sum=2.0, x=3.0, x_low=2.0, x_high=4.0), tmp_path / "kept"
    learned = {"01-a": ["sum", "x"]}
    for others, tol, why in (
        ([], 0.1, "it moves with the fit, and was seen on one kind of processor only"),
        ([one], 2e-4, "it moves with the fit, whose last digits depend on the processor"),
        ([], 2e-4, "it moves with the fit, whose last digits depend on the processor"),
    ):
        expected.write(one, kept, others, learned=learned)
        assert expected.read(kept / "01-a.json") == {"sum": {"value": 2.0, "tol": tol, "why": why}, "x": [3.0, 2.0, 4.0]}


# --- what `qbc expected` accepts


def reviewed(top):
    return {p.name: p.read_text() for p in (top / "tests" / "expected").iterdir()}


@pytest.fixture
def accepted(done, capsys):
    """An executed book whose numbers are the reviewed ones."""
    assert cli.main(["expected"]) == 0
    assert cli.main(["expected", "--check"]) == 0
    assert sorted(reviewed(done)) == ["01-a.json", "02-b.json"]
    assert "in 2 chapters" in (done / "README.md").read_text()
    capsys.readouterr()
    return done


def seeded(top):
    """A run with another seed, copied over the book's."""
    assert cli.main(["run", "02", "-p", "seed", "7"]) == 0
    shutil.copy(top / "runs" / "seed-7" / "02-b.ipynb", top / "_build" / "executed")


def other_qbc(top):
    path = top / "_build" / "executed" / "02-b.ipynb"
    nb = json.loads(path.read_text())
    nb["metadata"]["qbc"]["key"] = "0" * 64
    path.write_text(json.dumps(nb))


def cut(top):
    """A run that has lost a cell's outputs."""
    path = top / "_build" / "executed" / "02-b.ipynb"
    nb = json.loads(path.read_text())
    nb["cells"][-1]["outputs"] = nb["cells"][-1]["outputs"][:-1]
    path.write_text(json.dumps(nb))


STALE = {
    "one chapter only": (lambda top: (top / "_build" / "executed" / "02-b.ipynb").unlink(), "not executed"),
    "text edited": (lambda top: edit(top / "book" / "02-b.md", "It is small.", "It is tiny."), "its text, its parameters or qbc have"),
    "a tag": (lambda top: edit(top / "book" / "02-b.md", "[parameters]", "[parameters, x]"), "its text, its parameters or qbc have"),
    "another seed": (seeded, "executed with seed = 7, not as printed"),
    "another qbc": (other_qbc, "its text, its parameters or qbc have changed since it was executed"),
    "a verdict less": (cut, "its text has a check 'thm-b-control' that shows no verdict"),
    "failed": (lambda top: (top / "_build" / "executed" / "02-b.failed.ipynb").write_text(cut(top) or "{}"), "its last run failed"),
    "a new chapter": (lambda top: write(top, _02_c=cell("1")), "02-c: not executed"),
}


@pytest.mark.parametrize("name", STALE)
def test_a_book_that_is_not_current_is_neither_accepted_nor_called_current(accepted, name, capsys):
    how, why = STALE[name]
    how(accepted)
    capsys.readouterr()
    before, readme = reviewed(accepted), (accepted / "README.md").read_text()
    assert cli.main(["expected"]) == 2
    assert why in capsys.readouterr().err
    assert reviewed(accepted) == before
    assert (accepted / "README.md").read_text() == readme
    assert cli.main(["expected", "--check"]) == 1
    assert why in capsys.readouterr().err
    if name != "failed":  # there the ledger is read from a notebook that is none
        for words in (["claims"], ["claims", "--json"], ["claims", "--from", "_build/executed"]):
            assert cli.main(words) == 1
            assert why in capsys.readouterr().err


def test_other_processors_runs_are_held_to_the_same(accepted, capsys):
    assert cli.main(["run", "02", "-p", "seed", "7"]) == 0
    assert cli.main(["expected", "--also", "runs/seed-7"]) == 2
    assert "runs/seed-7: 02-b: executed with seed = 7, not as printed" in capsys.readouterr().err


def test_a_chapter_that_is_gone_is_in_no_ledger_and_its_numbers_go_only_when_all_is_current(accepted, capsys):
    (accepted / "book" / "01-a.md").unlink()
    for words in (["claims"], ["claims", "--from", str(accepted / "_build" / "executed")]):
        assert cli.main(words) == 0
        assert "in 1 chapter;" in capsys.readouterr().out
    assert cli.main(["expected", "--check"]) == 1
    assert "01-a: has reviewed numbers but was not executed" in capsys.readouterr().out
    assert (accepted / "_build" / "executed" / "01-a.ipynb").is_file()
    how = accepted / "book" / "02-b.md"
    edit(how, "It is small.", "It is tiny.")
    assert cli.main(["expected"]) == 2
    assert sorted(reviewed(accepted)) == ["01-a.json", "02-b.json"]
    edit(how, "It is tiny.", "It is small.")
    assert cli.main(["expected"]) == 0
    assert "01-a is not in the book any more: its reviewed numbers are removed" in capsys.readouterr().out
    assert sorted(reviewed(accepted)) == ["02-b.json"]
    assert "in 1 chapter;" in (accepted / "README.md").read_text()


def test_the_numbers_of_a_chapter_that_the_toc_still_lists_stay(accepted, capsys):
    with (accepted / "_toc.yml").open("a") as f:
        f.write("chapters:\n- file: notebooks/01-a\n- file: notebooks/02-b\n")
    before = reviewed(accepted)
    (accepted / "book" / "01-a.md").rename(accepted / "book" / "01-a.md.orig")
    assert cli.main(["expected"]) == 2
    assert "_toc.yml lists 01-a, of which book/ has no text" in capsys.readouterr().err
    assert reviewed(accepted) == before


@pytest.mark.parametrize("words", [["expected"], ["pair"]])
def test_a_full_disk_leaves_what_was_there(accepted, words, monkeypatch, capsys):
    for file in (accepted / "tests" / "expected").iterdir():
        edit(file, '"two": 2.0', '"two": {"value": 2.0, "tol": 0.1, "why": "a fit"}')
    cli.main(["pair"])
    (accepted / "notebooks" / "01-a.ipynb").unlink()
    kept = {p: p.read_bytes() for p in accepted.rglob("*") if p.is_file()}
    write_text = Path.write_text

    def full(self, text, *more):
        write_text(self, text[:10], *more)
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    with monkeypatch.context() as m:
        m.setattr(Path, "write_text", full)
        assert cli.main(words) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in accepted.rglob("*") if p.is_file()} == kept


def test_nothing_is_accepted_where_the_front_page_cannot_be_renewed(accepted, capsys):
    edit(accepted / "README.md", "<!-- ledger", "![x](book/_static/fig-none.svg)\n<!-- ledger")
    for file in (accepted / "tests" / "expected").iterdir():
        edit(file, '"two": 2.0', '"two": 3.0')
    before = reviewed(accepted)
    assert cli.main(["expected"]) == 2
    assert "no executed chapter has a figure named 'fig-none'" in capsys.readouterr().err
    assert reviewed(accepted) == before


def test_any_executed_folder_is_compared(accepted, capsys):
    shutil.copytree(accepted / "_build" / "executed", accepted / "elsewhere")
    assert cli.main(["expected", "--check", "--from", "elsewhere"]) == 0
    assert cli.main(["expected", "--from", "elsewhere"]) == 2
    (accepted / "elsewhere" / "02-b.ipynb").unlink()
    assert cli.main(["expected", "--check", "--from", "elsewhere"]) == 1
    assert "02-b: has reviewed numbers but was not executed" in capsys.readouterr().out
