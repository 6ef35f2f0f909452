"""The order of a chapter: question, answer, what to do in practice, and only then the setting and the argument."""

import re

import pytest

from qbc.pipeline import chapters


def disorder(text):
    """What is wrong with the order of a chapter's text; empty if nothing is."""
    before, *sections = re.split(r"^## (?=\S)", text, flags=re.M)
    heads = [s.partition("\n")[0] for s in sections]
    if heads[:2] != ["In practice", "The setting"] or heads.count("In practice") != 1:
        return f"its first sections are {heads[:2]}"
    if not re.search(r"^# .+\n\n\*\*Question\.\*\* .+\n\n\*\*Answer\.\*\*", before, re.M | re.S):
        return "it does not begin with question and answer"
    return "code stands before the setting" if "{code-cell}" in before + sections[0] else ""


@pytest.mark.parametrize("chapter", chapters.find(chapters.root()), ids=lambda c: c.stem)
def test_advice_comes_right_after_the_answer(chapter):
    assert not disorder(chapter.text.read_text("utf8"))


ORDERED = "# A\n\n**Question.** Q?\n\n**Answer.** A.\n\n## In practice\n\nDo.\n\n## The setting\n\n```{code-cell}\n```\n\n## One\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("## In practice", "## Advice"),
        ("## The setting", "## One"),
        ("## One", "## In practice"),
        ("**Answer.**", "Answer:"),
        ("Do.", "```{code-cell}\n```"),
        ("A.\n", "A.\n\n```{code-cell}\n```\n"),
    ],
)
def test_another_order_is_found(old, new):
    assert bool(disorder(ORDERED.replace(old, new))) == bool(old)
