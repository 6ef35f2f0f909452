"""Which code cells a page shows open, and what their toggles say."""

import pytest

from qbc.pipeline import chapters
from qbc.pipeline.folding import FOLDED, does, fold, is_open


def cell(source, **metadata):
    return {"cell_type": "code", "source": source, "metadata": metadata}


DEF = "def f(x):\n    return x\n"


@pytest.mark.parametrize(
    ("given", "said", "opened"),
    [
        (cell("seed = 0", tags=["parameters"]), ["parameters"], False),
        (cell("import numpy as np\nfrom qbc import bounds"), ["set-up"], False),
        (cell(DEF), ["definitions"], True),
        (cell("class A:\n    pass\n"), ["definitions"], True),
        (
            cell(DEF + "q = quantizers.fit(u, 7)\nrun = systems.rollout(p, f, x, 3)"),
            ["definitions", "fit", "rollouts"],
            True,
        ),
        (cell("best = most_likely(table, rng)"), ["fit"], False),
        (cell("x = np.arange(3)"), ["experiment"], False),
        (cell('check("a", 1, "<=", 2)'), ["verdict"], False),
        (cell('claims.check("a", 1, "<=", 2)\nglue("x", 1)'), ["verdict", "numbers"], False),
        (cell(DEF + 'check("a", f(1), "<=", 2)'), ["definitions", "verdict"], False),
        (cell('glue("x", 1)'), ["numbers"], False),
        (cell("fig, ax = plt.subplots()\n" + DEF), ["figure"], False),
        (cell("draw()", mystnb={"figure": {"name": "fig-a"}}), ["figure"], False),
        (cell('@live.figure("a", "b")\ndef _(x):\n    return x\n', tags=["hide-input"]), ["interactive figure"], False),
        (cell('check("a", 1, "<=", 2)', tags=["core"]), ["verdict"], True),
        (cell(DEF, tags=["hide-input"]), ["definitions"], False),
        (cell("%timeit x"), ["experiment"], False),
        (cell("a b ?"), ["experiment"], False),
        (cell(["x = 1\n", 'check("a", x, "<=", 2)']), ["verdict"], False),
        (cell("checked = fitted = 1"), ["experiment"], False),
    ],
)
def test_what_defines_is_open_and_every_toggle_says_what_is_behind_it(given, said, opened):
    assert does(given) == said
    assert is_open(given) == opened
    before = len(given["metadata"].get("tags", []))
    fold(given)
    assert bool(FOLDED & set(given["metadata"].get("tags", []))) != opened
    if opened:
        assert "mystnb" not in given["metadata"]
        return
    assert given["metadata"]["mystnb"]["code_prompt_show"] == f"Show the code: {', '.join(said)}"
    assert given["metadata"]["mystnb"]["code_prompt_hide"] == f"Hide the code: {', '.join(said)}"
    assert len(given["metadata"]["tags"]) == before + (not {"hide-input"} <= set(given["metadata"]["tags"][:before]))


def test_a_solution_stays_hidden_whole_and_words_of_the_text_win():
    given = cell("x = 1", tags=["hide-cell"], mystnb={"code_prompt_show": "Look"})
    fold(given)
    assert given["metadata"]["tags"] == ["hide-cell"]
    assert given["metadata"]["mystnb"] == {"code_prompt_show": "Look", "code_prompt_hide": "Hide the code: solution (experiment)"}


def test_prose_is_left_alone():
    given = {"cell_type": "markdown", "source": "import this", "metadata": {}}
    fold(given)
    assert given["metadata"] == {}


@pytest.mark.parametrize("chapter", chapters.find(chapters.root()), ids=lambda c: c.stem)
def test_of_every_chapter_some_code_is_open_and_less_than_half(chapter):
    cells = [c for c in chapters.derive(chapter).cells if c.cell_type == "code"]
    lines = {opened: sum(len(c.source.splitlines()) for c in cells if is_open(c) == opened) for opened in (True, False)}
    assert 0 < lines[True] < lines[False]
