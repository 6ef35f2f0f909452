"""What a notebook shows of a verdict and keeps for the ledger, and what it glues."""

import math
import re
import sys
from dataclasses import FrozenInstanceError

import IPython.display
import myst_nb
import numpy as np
import pytest

from qbc import claims
from qbc.claims import ClaimError, Estimate, check, checks, exact


def words(lhs, relation, rhs, **k):
    """The verdict as a line and as a box without its tags."""
    v = check("thm-x", lhs, relation, rhs, **k)
    bundle = v.bundle()
    assert bundle["text/plain"] == str(v)
    return str(v), re.sub("<[^>]*>", "", bundle["text/html"])


def test_verdicts_in_words():
    half = Estimate(0.5, 0.25, 0.75)
    assert words(half, "<=", 1) == (
        "thm-x: holds: 0.5 [0.25, 0.75] <= 1",
        "holds thm-x measured 0.5 [0.25, 0.75]; at most 1 #",
    )
    assert words([1.0, 2.0], "==", [1.1, 2.0], tol=0.123456, why="<b> & c", rests_on=("fit",)) == (
        "thm-x: holds: 1 == 1.1 ± 0.123 (tightest of 2 cases)",
        "holds thm-x measured 1; predicted 1.1, tolerance 0.123; the tightest of 2 cases&lt;b&gt; &amp; c #",
    )
    assert words([5.0, 4.0, 1.0], ">=", 4.5, expect="violated", drops="x < y") == (
        "thm-x: violated: 1 >= 4.5 (worst; violated in 2 of 3 cases)",
        "fails, as it should, without x &lt; y thm-x measured 1; at least 4.5; the worst, 2 violated of 3 cases #",
    )
    assert words(5.0, "<=", 4.5, expect="violated")[1] == "fails, as it should thm-x measured 5; at most 4.5 #"
    assert words(half, "<=", 0.5, expect="inconclusive")[1] == "inconclusive thm-x measured 0.5 [0.25, 0.75]; at most 0.5 #"


def test_a_verdict_that_is_not_as_stated_says_so_in_the_box():
    with pytest.raises(ClaimError) as e:
        check("thm-x-control", 1.0, "<=", 2.0, expect="violated")
    assert (e.value.verdict.status, e.value.verdict.as_stated) == ("holds", False)
    box = e.value.verdict.bundle()["text/html"]
    assert "<strong>holds, but the book states violated</strong>" in box
    assert box.startswith('<div class="qbc-verdict qbc-holds qbc-wrong" id="verdict-thm-x-control">')
    assert '<a class="reference internal" href="#thm-x">thm-x-control</a>' in box
    assert check("thm-x", 1.0, "<=", 2.0).bundle()["text/html"].startswith('<div class="qbc-verdict qbc-holds" id="verdict-thm-x">')


def test_the_row_of_a_verdict_keeps_every_field():
    v = check("x", [Estimate(1.0, -math.inf, 2.0), 9.0], "<=", [4.0, 10.0], tol=0.5, why="test", rests_on=["fit"])
    assert v.bundle()[claims.MIME] == {
        "label": "x",
        "relation": "<=",
        "value": 9.0,
        "low": 9.0,
        "high": 9.0,
        "rhs": 10.0,
        "tol": 0.5,
        "expect": "holds",
        "status": "holds",
        "cases": 2,
        "violated": 0,
        "why": "test",
        "rests_on": ("fit",),
        "drops": "",
    }
    with pytest.raises(FrozenInstanceError):
        v.status = "violated"
    assert check("x", 1.0, "<=", 2.0, rests_on=checks.RESTS_ON).rests_on == ("fit", "less", "rollout", "quantizer", "bound")


def test_only_a_notebook_shows_a_verdict_and_it_does_so_before_it_raises(monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda bundle, raw: shown.append((bundle["text/plain"], raw)))
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    check("x", 1.0, "<=", 2.0)
    assert shown == []
    monkeypatch.setitem(sys.modules, "ipykernel", IPython)
    with pytest.raises(ClaimError):
        check("x", 3.0, "<=", 2.0)
    assert shown == [("x: violated: 3 <= 2", True)]


def test_what_is_glued_has_an_interval_if_it_was_sampled(monkeypatch):
    said = []
    monkeypatch.setattr(myst_nb, "glue", lambda key, x, display: said.append((key, x, display)))
    claims.glue("e", Estimate(1, 0, 2))
    claims.glue("closed", Estimate(1, 1, 1))
    claims.glue("n", exact(3))
    claims.glue("f", np.float64(4))
    claims.glue("s", "word")
    closed = [("closed-low", 1.0, False), ("closed-high", 1.0, False), ("closed", 1.0, False)]
    assert said == [
        ("e-low", 0.0, False),
        ("e-high", 2.0, False),
        ("e", 1.0, False),
        *closed,
        ("n", 3.0, False),
        ("f", 4.0, False),
        ("s", "word", False),
    ]
    assert {type(x) for _, x, _ in said} == {float, str}
