"""The matrix: what a state is, the class that follows, what turned a verdict, and its file."""

import json
import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc.pipeline import evidence
from qbc.pipeline.chapters import Problem
from qbc.pipeline.evidence import INTERVENTIONS, TAKEN, Record, _moved, contradictions, evidence_class, state, turned_by, weak

STATES = get_args(evidence.State)
ROW = {"status": "holds", "expect": "holds", "sides": [[1.0, 0.9, 1.1], [2.0, 2.0, 2.0]]}
cells = st.dictionaries(st.sampled_from(INTERVENTIONS), st.sampled_from(STATES))


# --- what an intervention did to one result


@pytest.mark.parametrize(
    ("row", "intervention", "expected"),
    [
        (None, "fit", "lost"),
        (ROW, "fit", "same"),
        (ROW | {"status": "violated"}, "fit", "turned"),
        (ROW | {"status": "inconclusive"}, "fit", "turned"),
        (ROW | {"status": "undefined", "sides": [], "error": "a side is not a number (nan)"}, "fit", "turned"),
        (ROW | {"status": "undefined", "sides": [], "error": "0 left, 0 right sides do not match"}, "fit", "lost"),
        (ROW | {"sides": [[1.3, 1.2, 1.4], [2.0, 2.0, 2.0]]}, "fit", "moved"),  # further than the intervals together allow
        (ROW | {"sides": [[1.12, 1.02, 1.22], [2.0, 2.0, 2.0]]}, "fit", "same"),  # inside them
        (ROW | {"sides": [[1.12, 1.02, 1.22], [2.0, 2.0, 2.0]]}, "data", "moved"),  # another seed shows at once
        (ROW, "data", "moved"),  # a count that agrees by chance was sampled all the same
        (ROW | {"sides": [[1.0, 0.9, 1.1], [2.5, 2.5, 2.5]]}, "bound-high", "moved"),
        (ROW | {"sides": [[1.0, 0.9, 1.1], [2.0 + 1e-12, 2.0, 3.0]]}, "bound-high", "same"),  # rounding is no move
        (ROW | {"sides": ROW["sides"][:1]}, "less", "moved"),  # fewer cases
    ],
)
def test_states(row, intervention, expected):
    assert state(ROW, row, intervention) == expected


def test_a_control_that_stays_violated_is_not_turned():
    control = ROW | {"status": "violated", "expect": "violated"}
    assert state(control, control, "fit") == "same"
    assert state(control, control | {"status": "holds"}, "fit") == "turned"


def test_what_is_not_as_stated_with_nothing_taken_away_turns_under_nothing():
    base = ROW | {"status": "violated"}
    assert state(base, base, "fit") == "same"
    assert state(base, base | {"sides": [[9.0, 9.0, 9.0], [2.0, 2.0, 2.0]]}, "fit") == "moved"
    assert state(base, base | {"status": "undefined", "sides": [], "error": "(nan)"}, "fit") == "moved"


def test_a_recorded_matrix_is_outdated_where_class_or_what_turned_is_another():
    kept = {"a": {"fit": "turned", "less": "same"}, "b": {"fit": "same"}, "c": {"fit": "moved"}, "gone": {}}
    fresh = {"a": {"fit": "moved"}, "b": {"fit": "lost"}, "c": {"fit": "moved"}, "new": {"fit": "turned"}}
    assert evidence.outdated(kept, fresh, ["fit"]) == [
        "gone: has a row in the recorded matrix, but no verdict",
        "new: has no row in the recorded matrix",
        "a: the recorded matrix says turned under fit, now it is moved",
    ]


@pytest.mark.parametrize("resampled", [True, False])
@pytest.mark.parametrize(
    ("a", "b", "moved"),
    [
        ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], False),
        ([1.0, 1.0, 1.0], [1.0 + 1e-6, 1.0 + 1e-6, 1.0 + 1e-6], True),
        ([0.0, 0.0, 0.0], [1e-300, 1e-300, 1e-300], True),
        ([None, None, None], [None, None, None], False),  # both infinite
        ([None, None, None], [1.0, 1.0, 1.0], True),
        ([1.0, None, 2.0], [900.0, 0.0, 999.0], False),  # an endless interval allows everything
    ],
)
def test_moves(a, b, moved, resampled):
    expected = moved or (resampled and None in a and a[0] != b[0])
    assert _moved(a, b, resampled=resampled) is expected
    assert _moved(b, a, resampled=resampled) is expected


@given(*[st.floats(-1e6, 1e6) for _ in range(2)], *[st.floats(0, 1e6) for _ in range(2)])
def test_a_move_beyond_intervals_is_a_move_at_all(x, y, r, s):
    a, b = [x, x - r, x + r], [y, y - s, y + s]
    assert _moved(a, b, resampled=True) or not _moved(a, b, resampled=False)
    assert not _moved(a, a, resampled=True)
    if _moved(a, b, resampled=False):
        assert abs(x - y) > max(r, s) * (1 - 1e-9)


# --- what follows for a result


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "exact"),
        ({"data": "same", "fit": "unreached"}, "exact"),
        ({"data": "lost", "fit": "lost", "rollout": "lost"}, "exact"),
        ({"data": "moved"}, "sampled"),
        ({"data": "turned", "less": "turned", "quantizer": "turned"}, "sampled"),
        ({"data": "moved", "fit": "moved"}, "fitted"),
        ({"data": "moved", "rollout": "turned", "fit": "same"}, "rolled out"),
        ({"fit": "turned", "rollout": "moved"}, "end to end"),
    ],
)
def test_the_class_follows_from_what_moves_the_value(given, expected):
    assert evidence_class(given) == expected


def test_turned_by_names_ingredients_once_and_in_order():
    everything = dict.fromkeys(("effort", "bound-high", "bound-low", "data", "fit"), "turned")
    assert turned_by(everything) == ["fit", "bound", "effort"]
    assert turned_by({"fit": "lost", "less": "moved", "rollout": "unreached"}) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),  # nothing turns it
        ({"fit": "moved", "rollout": "moved", "bound-low": "turned"}, True),  # an empty fit would do as well
        ({"fit": "turned", "rollout": "moved"}, False),
        ({"fit": "moved", "rollout": "turned"}, False),
        ({"fit": "turned"}, False),
        ({"fit": "moved", "less": "turned"}, True),
        ({"fit": "turned", "effort": "turned"}, True),  # under-trained
        ({"bound-high": "turned"}, False),
        ({"data": "moved", "quantizer": "turned"}, False),
    ],
)
def test_weak_is_what_rests_on_nothing_it_should(given, expected):
    assert weak(given) is expected


@given(cells)
def test_the_class_and_what_turned_agree(given):
    turned = turned_by(given)
    assert set(turned) <= {*TAKEN, "effort"}
    if "fit" in turned:
        assert evidence_class(given) in ("fitted", "end to end")
    if "rollout" in turned:
        assert evidence_class(given) in ("rolled out", "end to end")
    if not weak(given):
        assert turned
        assert "effort" not in turned
        assert contradictions({"thm": [t for t in turned if t in TAKEN]}, {"thm": given}) == []


def test_contradictions_name_label_ingredient_and_states():
    results = {"thm-a": {"fit": "turned", "rollout": "moved", "bound-low": "same", "bound-high": "moved"}}
    declared = {"thm-a": ("fit", "rollout", "less", "bound"), "thm-b": ("fit",)}
    says = "declares that it rests on {}, but its verdict does not turn without it ({})".format
    assert contradictions(declared, results) == [
        f"thm-a: {says('rollout', 'moved')}",
        f"thm-a: {says('less', 'unreached')}",
        f"thm-a: {says('bound', 'same, moved')}",
        "thm-b: has no row in the matrix",
    ]
    assert contradictions({"thm-a": ("fit", "rollout", "less")}, results, ("fit", "rollout")) == [f"thm-a: {says('rollout', 'moved')}"]


# --- what an intervened run recorded


def executed(path, *rows):
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {evidence.MIME: r}} for r in rows]
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "metadata": {}, "source": "", "outputs": outputs}], "metadata": {}}))
    return path


def test_the_matrix_reads_results_and_what_was_called_before_each(tmp_path):
    seen = lambda label, **more: ROW | {"label": label, "reached": {}} | more  # noqa: E731
    base = executed(
        tmp_path / "none.ipynb", seen("thm-a"), seen("thm-a-control"), seen("thm-b", reached={"fit": 2, "less": 0}), seen("thm-c")
    )
    fit = executed(tmp_path / "fit.ipynb", seen("thm-a"), seen("thm-b", status="violated"))
    data = executed(tmp_path / "data.ipynb", seen("thm-a"), seen("thm-b", sides=[[3.0, 3.0, 3.0]] * 2))
    assert evidence.matrix(base, {"data": data, "fit": fit}) == {
        "thm-a": {"data": "moved", "fit": "unreached"},
        "thm-b": {"data": "moved", "fit": "turned"},
        "thm-c": {"data": "lost", "fit": "unreached"},
    }
    assert evidence.reached(base) == {"data", "fit"}


# --- the file


records = st.builds(
    Record,
    st.text("0123456789abcdef", min_size=1),
    st.fixed_dictionaries({"none": st.floats(0, 1e6)}, optional=dict.fromkeys(INTERVENTIONS, st.floats(0, 1e6))),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), cells, max_size=3),
)


@given(record=records)
def test_a_record_is_strict_json_and_comes_back_from_its_file(record, tmp_path_factory):
    file = tmp_path_factory.getbasetemp() / "record.json"
    file.write_text(record.text(), "utf8")
    assert evidence.read(file) == record
    assert json.loads(record.text()) == vars(record)
    assert len(record.text().splitlines()) >= 5 + len(record.results)  # a line a result, so that a change is one line of a diff


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"key": "k"}',
        '{"key": "k", "seconds": {}, "results": NaN}',
        '{"key": "k", "seconds": {"fit": Infinity}}',
    ],
)
def test_a_malformed_record_is_one_line_that_names_the_file(tmp_path, text):
    file = tmp_path / "01-a.json"
    assert evidence.read(file) is None
    file.write_text(text)
    with pytest.raises(Problem) as e:
        evidence.read(file)
    assert str(e.value).startswith(f"cannot read the record {file}: ")
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    "bad",
    [
        dict(key=3),
        dict(seconds=[]),
        dict(seconds={}),  # the times of a chapter are looked up by "none"
        dict(seconds={"none": "3"}),
        dict(results=[]),
        dict(results={"thm-a": "turned"}),
        dict(results={"thm-a": {"fit": "sideways"}}),
        dict(results={"thm-a": {"fits": "turned"}}),
    ],
)
def test_a_record_of_another_form_is_a_malformed_one(tmp_path, bad):
    file = tmp_path / "01-a.json"
    good = {"key": "k", "seconds": {"none": 1.0}, "learned": [], "results": {"thm-a": {"fit": "turned"}}}
    file.write_text(json.dumps(good))
    assert evidence.read(file) == Record(**good)
    file.write_text(json.dumps(good | bad))
    with pytest.raises(Problem, match="cannot read the record"):
        evidence.read(file)


def test_records_are_found_by_chapter_and_give_times_and_what_the_ledger_shows(tmp_path):
    folder = evidence.records(tmp_path)
    folder.mkdir(parents=True)
    record = Record("k", {"none": 5.0, "fit": 7.0}, ["gain"], {"thm-a": {"fit": "turned", "rollout": "moved"}})
    (folder / "01-a.json").write_text(record.text())
    (folder / "notes.json").write_text("{")  # not a chapter's
    assert evidence.recorded(tmp_path) == {"01-a": record}
    assert evidence.times(tmp_path) == {"01-a": 5.0, "01-a none": 5.0, "01-a fit": 7.0}
    assert evidence.known({"01-a": record}) == {"01-a": {"thm-a": ("end to end", ["fit"])}}


def test_a_number_that_is_none_is_no_json():
    with pytest.raises(ValueError, match="JSON compliant"):
        Record("k", {"none": math.inf}, [], {}).text()
