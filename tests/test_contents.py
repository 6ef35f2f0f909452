"""The pages for the first minute: a question a chapter, commands that exist, a claim of one's own that runs."""

import re
import shlex
import sys

import pytest

from qbc.claims import ClaimError
from qbc.pipeline import chapters
from qbc.pipeline.arguments import parser

sys.path.insert(0, str(chapters.root() / "book" / "_ext"))
from qbc_contents import question


@pytest.mark.parametrize("chapter", chapters.find(chapters.root()), ids=lambda c: c.stem)
def test_every_chapter_opens_with_a_question(chapter):
    assert question(chapter.text.read_text("utf8"), chapter.stem).rstrip().endswith("?")


def test_a_question_is_one_line_and_a_chapter_without_one_is_named():
    assert question("# A\n\n**Question.** How\nmany?\n\n**Answer.** Two.\n", "01-a") == "How many?"
    with pytest.raises(chapters.Problem, match=r"^01-a: no paragraph begins with \*\*Question"):
        question("# A\n\nHow many?\n", "01-a")


def page(name):
    return (chapters.root() / "book" / f"{name}.md").read_text("utf8")


def test_the_claim_of_ones_own_runs_as_printed():
    (code,) = re.findall(r"```python\n(.*?)```", page("run"), re.S)
    exec(compile(code, "run.md", "exec"), {})
    with pytest.raises(ClaimError):
        exec(compile(code.replace("q.radius)", "q.radius / 10)"), "run.md", "exec"), {})


@pytest.mark.parametrize("name", ["run", "artifact", "how-to-read"])
def test_the_commands_on_a_page_are_those_of_qbc(name):
    lines = re.findall(r"^(qbc .+?)(?:\s+#.*)?$", page(name), re.M) + re.findall(r"`(qbc \S+ \d.*?)`", page(name))
    assert lines
    for line in lines:
        assert parser().parse_args(shlex.split(line)[1:]).command, line


def test_every_page_that_others_link_to_is_in_the_table_of_contents():
    toc = set(re.findall(r"file: book/(\S+)", (chapters.root() / "_toc.yml").read_text("utf8"))) | {"index"}
    written = {p.stem for p in (chapters.root() / "book").glob("*.md")} - {c.stem for c in chapters.find(chapters.root())}
    assert written == toc
