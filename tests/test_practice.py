"""What is collected from the chapters' sections *In practice*."""

import nbformat
import pytest

from qbc.pipeline.chapters import Problem
from qbc.pipeline.practice import in_practice, written_out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from {glue:text}`a:.2f` to {glue:text}`b-c:.1f`", "from 0.33 to 2.0"),
        ("{glue:text}`a`", "0.333"),
        ("a table: {glue:text}`t:s`", "a table: .1/.2"),
        ("none", "none"),
    ],
)
def test_numbers_are_written_out_as_the_book_prints_them(text, said):
    assert written_out(text, {"a": 0.333, "b-c": [2.0, 1.0, 3.0], "t": ".1/.2"}, "01-a") == said


def test_a_number_that_no_cell_glues_is_named():
    with pytest.raises(Problem, match=r"01-a.*'gone'"):
        written_out("{glue:text}`gone:.2f`", {}, "01-a")


def chapter(tmp_path, *cells):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(c) for c in cells])
    nbformat.write(nb, tmp_path / "01-a.ipynb")
    return tmp_path / "01-a.ipynb"


@pytest.mark.parametrize("after", ["## Exercises\n\nnot this", "", "## Another"])
def test_the_section_ends_where_the_next_begins(tmp_path, after):
    path = chapter(tmp_path, "# A title\n\nnot this", "## In practice\n\n| symptom | cause |\n|---|---|\n| x | y |", "and this", after)
    title, said = in_practice(path)
    assert title == "A title"
    assert said.startswith("| symptom")
    assert said.endswith("and this")


def test_a_chapter_without_the_section_gives_nothing(tmp_path):
    assert in_practice(chapter(tmp_path, "# A title", "text")) == ("A title", "")
