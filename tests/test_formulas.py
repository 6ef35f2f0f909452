"""The room that a formula gets before it is set: as wide as MathJax will set it."""

import re
import sys

import pytest

from qbc.pipeline import chapters

sys.path.insert(0, str(chapters.root() / "book" / "_ext"))
from qbc_formulas import roomy, width


@pytest.mark.parametrize(
    ("tex", "ex"),  # the widths that MathJax 3.2 gives to its drawings
    [
        (r"\pi^*(x)", 5.332),
        (r"x' = .95x + .3u", 14.944),
        (r"A + B \le \tfrac12", 10.992),
        (r"\text{TV}(q\#\pi(x), q\#\pi(x')) \le \text{TV}(\pi(x), \pi(x'))", 39.692),
        (r"|q(u) - q(u')| \le |q(u) - u| + |u - u'| + |u' - q(u')| \le 2\varepsilon_q + L|x - x'|", 66.383),
        (r"\varepsilon_q = \sup_u |q(u) - u|", 19.295),
    ],
)
def test_a_formula_gets_the_width_of_its_drawing(tex, ex):
    assert width(tex) == pytest.approx(ex, abs=1.2)


def test_a_formula_that_cannot_be_read_gets_no_room_and_the_others_stay_as_they_are():
    assert width(r"\bigl(x") is None
    span = '<span class="math notranslate nohighlight">'
    assert roomy(rf"{span}\(\bigl(x\)</span>") == rf"{span}\(\bigl(x\)</span>"
    told = roomy(rf"<p>{span}\(a &lt; b\)</span> and {span}\(a\)</span></p>")
    assert f'style="--qbc-w:{width("a < b")}ex" class="math notranslate nohighlight">\\(a &lt; b\\)</span>' in told
    assert told.count("--qbc-w") == 2


@pytest.mark.parametrize("sheet", sorted((chapters.root() / "book" / "_static").glob("*.css")), ids=lambda p: p.name)
def test_no_selector_asks_with_has_for_what_formulas_bring(sheet):
    """Each formula that is set would have the browser look at the styles of the whole page: seconds, for a chapter."""
    assert not re.findall(r":has\([^)]*(?:svg|mjx|math|qbc-set)[^)]*\)", sheet.read_text("utf8"))


def test_formulas_are_hidden_only_where_a_script_will_show_them():
    """The joined book that is printed has no scripts, and a reader may have switched them off."""
    static = chapters.root() / "book" / "_static"
    rules = re.findall(r"([^{}]*)\{[^{}]*visibility: hidden[^{}]*\}", (static / "qbc.css").read_text("utf8"))
    assert [rule for rule in rules if ".math" in rule]
    assert all(rule.strip().rpartition("*/")[2].strip().startswith("html.qbc-room ") for rule in rules if ".math" in rule)
    assert 'classList.add("qbc-room")' in (static / "qbc-boxes.js").read_text("utf8")
