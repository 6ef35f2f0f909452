"""What is collected from the chapters' sections *In practice*: rows of one form, sentences, and numbers that are never typed."""

import re

import nbformat
import pytest
from made_up import edit

from qbc.pipeline import chapters, record
from qbc.pipeline.chapters import Problem
from qbc.pipeline.practice import COLUMNS, TOPICS, Advice, advice, in_practice, rows, section
from qbc.pipeline.written import written_out

TOP = chapters.root()
CHAPTERS = chapters.find(TOP)
each = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.stem)

HEAD = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"
ROW = (
    "| **head: a mean (ACT)** | two modes | {glue:text}`x:.1f` of it | a mixture with $\\lvert a \\rvert$ | toys | {prf:ref}`thm-a`, "
    "{prf:ref}`thm-b` |\n"
)


def test_a_row_is_read():
    assert rows(HEAD + ROW, "01-a") == [
        Advice(
            "head",
            "a mean (ACT)",
            "two modes",
            "{glue:text}`x:.1f` of it",
            "a mixture with $\\lvert a \\rvert$",
            "toys",
            ("thm-a", "thm-b"),
            True,
        )
    ]
    assert not rows(HEAD + ROW.replace("**", ""), "01-a")[0].front


def test_a_row_that_is_not_in_front_may_have_a_formula_for_its_number():
    formula = ROW.replace("**", "").replace("{glue:text}`x:.1f`", "$b\\varepsilon$ or $.5$")
    assert rows(HEAD + formula, "01-a")[0].amount == "$b\\varepsilon$ or $.5$ of it"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("| verdict |", "| proof |", "the columns of 'In practice' must be | choice | fails when |"),
        (" | toys", "", "row 1 of 'In practice' has 5 cells, not 6; a bar inside a formula is \\lvert"),
        ("\\lvert a", "| a", "row 1 of 'In practice' has 7 cells, not 6"),
        ("two modes", "", "row 1 of 'In practice' has nothing in the column 'fails when'"),
        ("head: ", "hat: ", "must begin with one of tokenizer, head, .* and a colon, not '.*hat: a mean"),
        ("head: ", "", "must begin with one of tokenizer, head, .* and a colon"),
        ("{glue:text}`x:.1f`", "much", "says by how much without a {glue:text} number of its chapter"),
        ("{glue:text}`x:.1f`", "$.5$", "says by how much without a {glue:text} number"),
        ("of it", "of 0.35", "has the typed number '0.35'"),
        ("of it", "or 35 %", "has the typed number '35 %'"),
        (
            "{prf:ref}`thm-a`, {prf:ref}`thm-b`",
            "see above",
            "its verdict must be a list of {prf:ref} and nothing else, not 'see above'",
        ),
        ("{prf:ref}`thm-a`, ", "thm-a, ", "its verdict must be a list of {prf:ref} and nothing else"),
    ],
)
def test_a_row_of_another_form_is_one_line_that_names_the_chapter(old, new, said):
    assert old in HEAD + ROW
    pattern = re.escape(said).replace(re.escape(".*"), ".*")
    with pytest.raises(Problem, match=f"^01-a:.*{pattern}|^01-a: {pattern}") as e:
        rows((HEAD + ROW).replace(old, new), "01-a")
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{glue:text}`a:.2f` to {glue:text}`b-c:.1f`", "0.33 to 2.0"),
        ("{glue:text}`b-c-low:.1f` to {glue:text}`b-c-high:.1f`", "1.0 to 3.0"),
        ("{glue:text}`a`", "0.333"),
        ("a table: {glue:text}`t:s`", "a table: .1/.2"),
        ("{glue:text}`big:.0e`-fold, {glue:text}`small:.1e`", "3 × 10⁵-fold, 1.5 × 10⁻¹³"),
        ("none", "none"),
    ],
)
def test_numbers_are_written_out_as_the_book_prints_them(text, said):
    assert written_out(text, {"a": 0.333, "b-c": [2.0, 1.0, 3.0], "t": ".1/.2", "big": 313833.9, "small": 1.5e-13}, "01-a") == said


@pytest.mark.parametrize("key", ["gone", "gone-low"])
def test_a_number_that_no_cell_glues_is_named(key):
    with pytest.raises(Problem, match=f"01-a.*'{key}'"):
        written_out(f"{{glue:text}}`{key}:.2f`", {}, "01-a")


def chapter(tmp_path, *cells):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(c) for c in cells])
    nbformat.write(nb, tmp_path / "01-a.ipynb")
    return tmp_path / "01-a.ipynb"


@pytest.mark.parametrize("after", ["## Exercises\n\nnot this", "", "## Another"])
def test_the_section_ends_where_the_next_begins(tmp_path, after):
    path = chapter(tmp_path, "# A title\n\nnot this", f"## In practice\n\n{HEAD}{ROW}", "and this", after)
    assert in_practice(path) == ("A title", "and this")


@pytest.mark.parametrize(
    ("text", "said"),
    [("# A title\n\ntext", "01-a has no section 'In practice'"), ("## In practice\n\nWords.\n\n" + HEAD, "must begin with the table")],
)
def test_a_chapter_without_the_section_or_its_table_is_named(tmp_path, text, said):
    with pytest.raises(Problem, match=said):
        in_practice(chapter(tmp_path, text))


def test_the_rows_of_an_executed_chapter_have_their_numbers_and_known_verdicts(done):
    path = done / "_build" / "executed" / "01-a.ipynb"
    nb = nbformat.read(path, 4)
    row = ROW.replace("{glue:text}`x:.1f`", "{glue:text}`two:.1f`").replace(", {prf:ref}`thm-b`", "")
    nb.cells.append(nbformat.v4.new_markdown_cell(f"## In practice\n\n{HEAD}{row}"))
    nbformat.write(nb, path)
    (found,) = advice(path, {"thm-a"})
    assert found.amount == "2.0 of it"
    with pytest.raises(Problem, match=r"^01-a: the row 'a mean \(ACT\)' of 'In practice' names thm-a, which has no verdict$"):
        advice(path, {"thm-b"})
    edit(path, "two:.1f", "three:.1f")
    with pytest.raises(Problem, match=r"^01-a asks for the number 'three', which no cell glues$"):
        advice(path, {"thm-a"})


# --- the chapters of the book


@each
def test_every_chapter_has_rows_whose_verdicts_are_of_stated_results(chapter):
    stated = {s.label for c in CHAPTERS for s in record.statements(c.text.read_text("utf8"))}
    table, _ = section(chapter.text.read_text("utf8"), chapter.stem)
    found = rows(table, chapter.stem)
    assert len(found) >= 3
    assert not {label for row in found for label in row.labels} - stated


@each
def test_the_numbers_of_the_rows_and_sentences_are_reviewed_ones_and_none_is_written_as_a_machine_does(chapter):
    from json import loads

    reviewed = loads((TOP / "tests" / "expected" / f"{chapter.stem}.json").read_text("utf8"))
    known = {k: v["value"] if isinstance(v, dict) else v for k, v in reviewed.items()}
    said = written_out("\n".join(section(chapter.text.read_text("utf8"), chapter.stem)), known, chapter.stem)
    assert "glue:text" not in said
    assert not re.search(r"\d[eE][+-]?\d", said)


def test_the_front_page_has_about_eight_rows_and_every_topic_has_some():
    found = [row for c in CHAPTERS for row in rows(section(c.text.read_text("utf8"), c.stem)[0], c.stem)]
    assert 7 <= sum(row.front for row in found) <= 10
    assert {row.topic for row in found} == set(TOPICS)


def test_the_methods_that_practitioners_ask_for_have_a_row():
    found = [row for c in CHAPTERS for row in rows(section(c.text.read_text("utf8"), c.stem)[0], c.stem)]
    choices = " ".join(f"{row.choice} {row.instead}" for row in found)
    for name in ("RT-2", "OpenVLA", "FAST", "BeT", "VQ-BeT", "ACT", "π0", "Diffusion Policy"):
        assert re.search(rf"\b{name}\b", choices), name
