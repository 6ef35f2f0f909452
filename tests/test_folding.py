"""Which code cells a page shows open, and what their toggles say."""

import pytest

from qbc.pipeline import chapters
from qbc.pipeline.folding import does, fold, is_open


def cell(source, **metadata):
    return {"cell_type": "code", "source": source, "metadata": metadata}


DEF = "def f(x):\n    return x\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (cell("seed = 0", tags=["parameters"]), ["parameters"]),
        (cell("import numpy as np\nfrom qbc import bounds"), ["set-up"]),
        (cell(DEF), ["definitions"]),
        (cell("class A:\n    pass\n"), ["definitions"]),
        (cell(DEF + "q = quantizers.fit(u, 7)\nrun = systems.rollout(p, f, x, 3)"), ["definitions", "fit", "rollouts"]),
        (cell("best = most_likely(table, rng)"), ["fit"]),
        (cell("x = np.arange(3)"), ["experiment"]),
        (cell('check("a", 1, "<=", 2)'), ["verdict"]),
        (cell('claims.check("a", 1, "<=", 2)\nglue("x", 1)'), ["verdict", "numbers"]),
        (cell(DEF + 'check("a", f(1), "<=", 2)'), ["definitions", "verdict"]),
        (cell('glue("x", 1)'), ["numbers"]),
        (cell("fig, ax = plt.subplots()\n" + DEF), ["figure"]),
        (cell("draw()", mystnb={"figure": {"name": "fig-a"}}), ["figure"]),
        (cell('@live.figure("a", "b")\ndef _(x):\n    return x\n'), ["interactive figure"]),
        (cell("%timeit x"), ["experiment"]),
        (cell("a b ?"), ["experiment"]),
        (cell(["x = 1\n", 'check("a", x, "<=", 2)']), ["verdict"]),
        (cell("checked = fitted = 1"), ["experiment"]),
    ],
)
def test_every_cell_is_folded_and_its_toggle_says_what_is_behind_it_unless_it_is_core(given, said):
    assert does(given) == said
    core = cell(given["source"], **{**given["metadata"], "tags": ["core"]})
    fold(core)
    assert core["metadata"]["tags"] == ["core"]
    assert is_open(core)
    assert not is_open(given)
    before = given["metadata"].get("tags", [])
    fold(given)
    assert given["metadata"]["tags"] == [*before, "hide-input"]
    assert given["metadata"]["mystnb"]["code_prompt_show"] == f"Show the code: {', '.join(said)}"
    assert given["metadata"]["mystnb"]["code_prompt_hide"] == f"Hide the code: {', '.join(said)}"


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
def test_every_chapter_shows_one_to_three_cells_and_they_do_more_than_judge(chapter):
    core = [c for c in chapters.derive(chapter).cells if c.cell_type == "code" and is_open(c)]
    assert 1 <= len(core) <= 3
    assert all({"definitions", "fit", "rollouts", "experiment"} & set(does(c)) for c in core)
