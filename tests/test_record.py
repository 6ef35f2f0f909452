"""The ledger of executed chapters, the sources of statements, and files that are none of ours."""

import json
import math

import pytest
from made_up import edit

from qbc import cli
from qbc.pipeline import evidence, notebooks, record
from qbc.pipeline.chapters import Problem


def test_claims_prints_the_ledger_and_its_json(executed, capsys):
    out = str(executed / "_build" / "executed")
    assert cli.main(["claims", "--from", out]) == 0
    said = capsys.readouterr().out
    assert record.headline(record.ledger(executed / "_build" / "executed")) in said
    assert "in 2 chapters" in said
    assert "every verdict is the one the book states" in said
    assert max(map(len, said.splitlines()[:-1])) <= 120
    assert cli.main(["claims", "--from", out, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert [r["label"] for r in rows] == ["thm-a", "thm-a-control", "thm-b", "thm-b-control"]
    assert list(rows[0]) == list(record.FIELDS)
    assert {k: rows[0][k] for k in ("chapter", "source", "claim", "provenance", "status", "rhs", "evidence", "turned_by")} == {
        "chapter": "01-a",
        "source": "paper, Theorem 1",
        "claim": "as stated",
        "provenance": "stated",
        "status": "holds",
        "rhs": 3.0,
        "evidence": "",
        "turned_by": [],
    }
    assert {k: rows[1][k] for k in ("source", "status", "expect", "drops")} == {
        "source": "paper, Theorem 1",
        "status": "violated",
        "expect": "violated",
        "drops": "smallness",
    }


STATED = record.Source("block2023", "Theorem 3", "reported", "other constant")


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("*Source:* {cite:t}`block2023`, Theorem 3 (reported; other constant).", STATED),
        ("*Source:* {cite:t}`block2023`, Theorem 3 (reported; other constant). It says more.", STATED),
        ("*Source:* ours.", record.OURS),
        ("*Source:* ours", record.OURS),
        ("*Source:* {cite:t}`block2023`, Theorem 3.", None),
        ("*Source:* {cite:t}`block2023`, Theorem 3 (as we read it; other constant).", None),
        ("Theorem 3 of Block.", None),
    ],
)
def test_statements_are_found_with_kind_label_title_and_source(line, source):
    text = f"```{{prf:theorem}} A title\n:label: thm-a\n\nBody\n\n{line}\n```\n\n```{{prf:lemma}}\n:nonumber:\n:label: lem-b\n```"
    assert record.statements(text) == [
        record.Statement("thm-a", "theorem", "A title", source),
        record.Statement("lem-b", "lemma", "", None),
    ]


def test_a_control_belongs_to_its_result():
    assert record.parent("thm-a-control-noise") == record.parent("thm-a") == "thm-a"


@pytest.mark.parametrize(
    ("relation", "value", "rhs", "slack"),
    [("<=", 1.0, 4.0, 0.25), (">=", 2.0, 1.0, 2.0), ("==", 1.0, 1.0, None), ("<=", 1.0, 0.0, None), ("<=", None, 1.0, None)],
)
def test_slack_is_measured_over_bound(relation, value, rhs, slack):
    assert record.slack(relation, value, rhs) == slack


# --- files that are none of ours


def _set(*path, to):
    """The change of a notebook at a path of keys; ``to=...`` removes what is there."""

    def change(nb):
        for k in path[:-1]:
            nb = nb[k]
        if to is ...:
            del nb[path[-1]]
        else:
            nb[path[-1]] = to

    return change


ROW = ("cells", -1, "outputs", 0, "data", notebooks.MIME)
DAMAGE = {
    "no cells": (_set("cells", to=...), "'cells' is missing in it"),
    "cells that are none": (_set("cells", to=3), "it is no notebook"),
    "no metadata": (_set("metadata", to=[]), "it is no notebook"),
    "a cell that is none": (_set("cells", 1, to=7), "not subscriptable"),
    "no outputs": (_set("cells", -1, "outputs", to=...), "'outputs' is missing in it"),
    "outputs that are none": (_set("cells", -1, "outputs", to={"a": 1}), "none of a notebook"),
    "data that are none": (_set("cells", -1, "outputs", 0, "data", to="text"), "none of a notebook"),
    "no kind of output": (_set("cells", -1, "outputs", 0, "output_type", to=...), "none of a notebook"),
    "a verdict that is none": (_set(*ROW, to="holds"), "its verdict 0 has no proper 'label'"),
    "a verdict without a status": (_set(*ROW, "status", to=...), "its verdict 0 has no proper 'status'"),
    "a verdict of words": (_set(*ROW, "value", to="1"), "its verdict 0 has no proper 'value'"),
    "a verdict without cases": (_set(*ROW, "cases", to=None), "its verdict 0 has no proper 'cases'"),
    "a verdict that rests on 3": (_set(*ROW, "rests_on", to=3), "its verdict 0 has no proper 'rests_on'"),
    "a verdict that is no number": (_set(*ROW, "value", to=math.nan), "NaN is no JSON"),
    "infinity": (_set("metadata", "x", to=math.inf), "Infinity is no JSON"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_executed_chapter_is_one_line(done, capsys, name):
    how, said = DAMAGE[name]
    file = done / "_build" / "executed" / "01-a.ipynb"
    nb = json.loads(file.read_text())
    for c in nb["cells"]:  # numbers are glued before verdicts are shown
        c["outputs"] = [o for o in c.get("outputs", ()) if notebooks.MIME in o["data"]]
    how(nb)
    file.write_text(json.dumps(nb))
    for words in (["claims"], ["claims", "--from", str(file.parent)]):
        assert cli.main(words) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"qbc: cannot read the executed chapter {file}: ")
        assert said in err
        assert err.count("\n") == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\udc80"])
def test_an_executed_chapter_that_is_no_json_is_one_line(done, capsys, text):
    file = done / "_build" / "executed" / "01-a.ipynb"
    file.write_bytes(text.encode("utf8", "surrogateescape"))
    for words in (["claims"], ["expected"], ["expected", "--check"], ["power", "--check"]):
        assert cli.main(words) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"qbc: cannot read the executed chapter {file}: ")
        assert err.count("\n") == 1


@pytest.mark.parametrize("gone", ["papermill", "qbc"])
def test_an_executed_chapter_that_does_not_say_how_it_was_made_is_not_the_books(done, capsys, gone):
    file = done / "_build" / "executed" / "01-a.ipynb"
    nb = json.loads(file.read_text())
    del nb["metadata"][gone]
    file.write_text(json.dumps(nb))
    assert cli.main(["expected"]) == 2
    assert "it does not say what it was made from; execute it again" in capsys.readouterr().err
    if gone == "papermill":
        with pytest.raises(Problem, match="it does not say how long it ran"):
            notebooks.duration(file)


RECORD = '{"key": "k", "seconds": {"none": 1.5}, "learned": ["x"], "results": {"thm-a": {"fit": "turned"}}}'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (RECORD, "{", "Expecting property name"),
        (RECORD, "[]", "indices must be integers"),
        ('"key": "k", ', "", "'key' is missing in it"),
        ('"none": 1.5', "", "'none' is missing in it"),
        ("1.5", "NaN", "NaN is no JSON"),
        ('["x"]', "[3]", "its learned numbers are no list of names"),
        ("1.5", "-1", "its key or its seconds are none"),
        ('"turned"', '"maybe"', "thm-a: 'fit' is no intervention, or 'maybe' nothing that it does"),
        ('"fit"', '"luck"', "thm-a: 'luck' is no intervention"),
        ('{"fit": "turned"}', "3", "not iterable"),
    ],
)
def test_a_damaged_record_of_interventions_is_one_line(done, capsys, old, new, said):
    file = evidence.records(done) / "01-a.json"
    file.parent.mkdir(parents=True)
    file.write_text(RECORD)
    assert evidence.times(done) == {"01-a": 1.5, "01-a none": 1.5}
    edit(file, old, new)
    for words in (["claims"], ["run"], ["power", "--check"]):
        assert cli.main(words) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"qbc: cannot read the record {file}: ")
        assert said in err
        assert err.count("\n") == 1


def test_a_record_is_written_as_it_is_read(tmp_path):
    made = evidence.Record("k", {"none": 1.5}, ["x"], {"thm-a": {"fit": "turned"}})
    (tmp_path / "01-a.json").write_text(made.text())
    assert evidence.read(tmp_path / "01-a.json") == made
    with pytest.raises(ValueError, match="JSON"):
        evidence.Record("k", {"none": math.nan}, [], {}).text()


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "1e999", "-1e999", "[1,]", ""])
def test_json_is_strict(text):
    with pytest.raises(ValueError, match=r"no JSON|larger than|Expecting|Illegal"):
        notebooks.strict(text)
