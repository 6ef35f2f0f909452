"""The ledger and the glued numbers of executed chapters, from files written by hand."""

import json
import math
from dataclasses import FrozenInstanceError

import pytest

from qbc.pipeline import notebooks, record
from qbc.pipeline.chapters import Problem


def verdict(label, relation="<=", value=1.0, rhs=4.0, status="holds", expect="holds", **more):
    """What a check writes."""
    ends = {"value": value, "low": value, "high": value, "rhs": rhs, "tol": 0.0}
    return {
        "label": label,
        "relation": relation,
        **ends,
        "expect": expect,
        "status": status,
        "cases": 1,
        "violated": 0,
        "why": "",
        **more,
    }


def glued(name, text):
    return {"metadata": {"scrapbook": {"name": name}}, "data": {"application/papermill.record/text/plain": text}}


def chapter(folder, stem, markdown="", rows=(), numbers=()):
    """An executed notebook in ``folder``, with these verdicts and glued outputs."""
    shown = [{"data": {notebooks.MIME: r}} for r in rows] + [glued(*n) for n in numbers] + [{"data": {"text/plain": "x"}}]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": markdown},
        {"cell_type": "code", "metadata": {}, "source": "", "outputs": [{"output_type": "display_data", **o} for o in shown]},
    ]
    (folder / f"{stem}.ipynb").write_text(json.dumps({"metadata": {}, "cells": cells}))
    return folder / f"{stem}.ipynb"


def statement(label, source):
    return f"```{{prf:theorem}} T\n:label: {label}\n\nBody\n\n{source}\n```\n\n"


TEXT = (
    statement("thm-a", "*Source:* {cite:t}`key`, Theorem 1 (stated; other constant).")
    + statement("thm-b", "*Source:* ours.")
    + statement("thm-c", "Nothing said.")
)


def test_a_row_has_the_source_of_its_statement_and_what_was_shown(tmp_path):
    rows = [
        verdict("thm-a", rests_on=["fit", "bound"]),
        verdict("thm-a-control", status="violated", expect="violated", drops="smallness"),
        verdict("thm-b", "==", 2.0, 2.0),
        verdict("thm-c", ">=", 3.0, 2.0),
        verdict("lem-d", value=None),
    ]
    chapter(tmp_path, "01-a", TEXT, rows)
    chapter(tmp_path, "02-b", "", [verdict("thm-a")])
    a, control, b, c, d, other = record.ledger(tmp_path, {"01-a": {"thm-a": ("fitted", ["fit"])}})
    assert [list(r) for r in (a, control, b, c, d, other)] == [list(record.FIELDS)] * 6
    assert a == verdict("thm-a") | {
        "chapter": "01-a",
        "source": "key, Theorem 1",
        "claim": "other constant",
        "provenance": "stated",
        "slack": 0.25,
        "evidence": "fitted",
        "turned_by": ["fit"],
        "rests_on": ["fit", "bound"],
        "drops": "",
    }
    said = [(r["chapter"], r["source"], r["claim"], r["provenance"]) for r in (control, b, c, d, other)]
    assert said[:2] == [("01-a", "key, Theorem 1", "other constant", "stated"), ("01-a", "ours", "ours", "ours")]
    assert said[2:] == [("01-a", "", "", ""), ("01-a", "", "", ""), ("02-b", "", "", "")]
    assert [r["slack"] for r in (control, b, c, d, other)] == [0.25, None, 1.5, None, 0.25]
    assert [(r["evidence"], r["turned_by"], r["rests_on"]) for r in (control, other)] == [("", [], [])] * 2
    assert (control["drops"], b["drops"]) == ("smallness", "")
    assert [r["chapter"] for r in record.ledger(tmp_path, only=["02-b"])] == ["02-b"]


def row(label, status="holds", expect="holds", chapter="01-a", claim="ours", evidence=""):
    return {"label": label, "status": status, "expect": expect, "chapter": chapter, "claim": claim, "evidence": evidence}


def test_the_headline_of_a_small_ledger():
    fails = row("thm-a-control", "violated", "violated")
    assert record.headline([row("thm-a"), fails]) == (
        "1 results in 1 chapter; all 1 controls, each with one assumption dropped, fail as they should; "
        "every verdict is the one the book states."
    )


def test_the_headline_counts_by_evidence_and_claim_and_says_what_is_wrong():
    rows = [
        row("a", claim="as stated", evidence="exact"),
        row("b", claim="as stated", evidence="end to end"),
        row("c", claim="other constant", evidence="exact", chapter="02-b"),
        row("d", claim="other condition"),
        row("e", claim="does not hold as stated", evidence="sampled"),
        row("f"),
        row("a-control", "violated", "violated", claim="as stated"),
        row("b-control-x", "holds", "violated", chapter="03-c"),
        row("c-control", "inconclusive", "violated"),
    ]
    assert record.headline(rows) == (
        "6 results in 3 chapters: 1 end to end, 1 sampled, 2 exact, 2 without a class yet; "
        "of the 5 that are a paper's own claim: 2 as stated, 1 with another constant, 1 with another condition, "
        "1 not holding as stated; 1 of 3 controls, each with one assumption dropped, fail as they should; "
        "2 of 9 verdicts NOT as the book states."
    )


def test_words_of_a_source():
    assert str(record.Source("key", "Theorem 1", "stated", "as stated")) == "key, Theorem 1"
    assert (str(record.OURS), record.OURS.provenance, record.OURS.claim) == ("ours", "ours", "ours")
    for fixed in (record.OURS, record.Statement("a", "theorem", "")):
        with pytest.raises(FrozenInstanceError):
            fixed.key = fixed.label = "other"


def test_numbers_are_what_is_glued_and_sampled_ones_have_their_ends(tmp_path):
    numbers = [("n", "3"), ("x", "0.5"), ("x-low", "0.25"), ("x-high", "inf"), ("half-low", "1.0"), ("y", "-inf"), ("y-low", "2")]
    numbers += [("word", "'inf'"), ("list", ["1", ".5"]), ("nothing", "nan"), ("z-low", "1"), ("z-high", "2")]
    path = chapter(tmp_path, "01-a", numbers=numbers)
    found = record.numbers(path)
    assert math.isnan(found.pop("nothing"))
    assert found == {
        "n": 3.0,
        "x": [0.5, 0.25, math.inf],
        "half-low": 1.0,
        "y": -math.inf,
        "y-low": 2.0,
        "word": "inf",
        "list": 1.5,
        "z-low": 1.0,
        "z-high": 2.0,
    }
    assert type(found["n"]) is float


@pytest.mark.parametrize("text", ["x", "1 +", "[1]", "None", "1" + "0" * 400, "a" * 60])
def test_what_is_glued_is_a_number_or_a_text(tmp_path, text):
    path = chapter(tmp_path, "01-a", numbers=[("k", text)])
    with pytest.raises(Problem) as e:
        record.numbers(path)
    assert str(e.value) == f"{path}: what is glued as 'k' is neither a number nor a text: {text[:40]}"


def test_outputs_that_glue_nothing_are_passed_over(tmp_path):
    path = chapter(tmp_path, "01-a", numbers=[("a", "1")])
    nb = json.loads(path.read_text())
    nb["cells"][1]["outputs"] += [
        {"output_type": "display_data", "metadata": {"scrapbook": {"name": "b"}}, "data": {"text/plain": "2"}},
        {"output_type": "display_data", "metadata": {}, "data": {"application/papermill.record/text/plain": "3"}},
        {"output_type": "stream"},
    ]
    path.write_text(json.dumps(nb))
    assert record.numbers(path) == {"a": 1.0}
