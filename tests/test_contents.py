"""The contents of the front page: a question a chapter, from the chapter itself."""

import sys

import pytest

from qbc.pipeline import chapters

sys.path.insert(0, str(chapters.root() / "book" / "_ext"))
from qbc_contents import question


@pytest.mark.parametrize("chapter", chapters.find(chapters.root()), ids=lambda c: c.stem)
def test_every_chapter_opens_with_a_question(chapter):
    assert question(chapter.text.read_text("utf8"), chapter.stem).rstrip().endswith("?")


def test_a_question_is_one_line_and_a_chapter_without_one_is_named():
    assert question("# A\n\n**Question.** How\nmany?\n\n**Answer.** Two.\n", "01-a") == "How many?"
    with pytest.raises(chapters.Problem, match=r"^01-a: no paragraph begins with \*\*Question"):
        question("# A\n\nHow many?\n", "01-a")
