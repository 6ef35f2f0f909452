"""Markdown without MyST: what roles and blocks become, and that no chapter keeps any."""

import re

import pytest

from qbc.pipeline import chapters
from qbc.pipeline.chapters import Problem
from qbc.pipeline.citations import Bibliography
from qbc.pipeline.numbering import numbered
from qbc.pipeline.plain import Names, plain

TOP = chapters.root()
BIB = """
@misc{two, title = {A {Title}}, author = {Ann Ash and Bob van Beek}, year = {2020}, eprint = {2001.1}, archiveprefix = {arXiv}}
@misc{four, title = {Many}, author = {A and B and C and D}, year = {n.d.}, note = {Talk}, url = {https://example.org/t}}
"""
# a role, a fence, an option, a target
LEFT = [
    r"(?<!`)\{[a-zA-Z][\w:.-]*\}`",
    r"^ *(?:`{3,}|:{3,}) *\{",
    r"^:[\w-]+:",
    r"^\([\w-]+\)=$",
]


def left(text):
    """What of MyST a text still has."""
    return [m[0] for pattern in LEFT for m in re.finditer(pattern, text, re.M)]


@pytest.fixture
def names(tmp_path):
    (tmp_path / "references.bib").write_text(BIB)
    labels = {"thm-a": "Theorem 1.1", "fig-a": "Fig. 1.1", "ex-1": "Exercise 1.1"}
    return Names("01-a", {"x": 0.123, "y": [2.0, 1.0, 3.0]}, labels, {"02-b": "The next"}, Bibliography(tmp_path / "references.bib"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{glue:text}`x:.2f` to {glue:text}`y:.0f`", "0.12 to 2"),
        ("by {prf:ref}`thm-a`, {numref}`fig-a`", "by Theorem 1.1, Fig. 1.1"),
        ("by {prf:ref}`this <thm-a>`", "by this"),
        ("{doc}`/notebooks/02-b`, {doc}`it </notebooks/02-b>`, {doc}`notation`", "The next, it, notation"),
        ("{cite:t}`two` {cite:p}`four,two`", "Ash and van Beek (2020) (A et al., n.d.; Ash and van Beek, 2020)"),
        ("{math}`x^2` {term}`bin` {term}`bins <bin>`", "$x^2$ bin bins"),
        ("code `{x}` and $\\frac{a}{b}$ and `f`", "code `{x}` and $\\frac{a}{b}$ and `f`"),
        ("(here)=\n## Here", "## Here"),
        ("```python\nx = {}\n```", "```python\nx = {}\n```"),
        (
            "```{prf:theorem} A mean\n:label: thm-a\n\nIt is {glue:text}`x:.1f`.\n\n*Source:* ours.\n```\nafter",
            "> **Theorem 1.1 (A mean).**\n>\n> It is 0.1.\n>\n> *Source:* ours.\nafter",
        ),
        (
            "````{exercise} Why\n:label: ex-1\n\n```{math}\n:label: eq\nx\n```\n````",
            "> **Exercise 1.1 (Why).**\n>\n> $$\n> x\n> $$",
        ),
        (
            "```{solution} ex-1\n:class: dropdown\n\nSo.\n```",
            "<details><summary><b>Solution of Exercise 1.1</b></summary>\n\nSo.\n\n</details>",
        ),
        (":::{note}\nLook.\n:::", "> **Note**\n>\n> Look."),
        ("```{admonition} Mind\n:class: tip\nLook.\n```", "> **Mind**\n>\n> Look."),
        ("```{qbc-live} bins\nSee.\n```", "> **On the page of the book stands a figure to set by hand.**\n>\n> See."),
        ("```{raw} html\n<b>x</b>\n```", "<b>x</b>"),
        ("```{code-block} python\nx = 1\n```", "```python\nx = 1\n```"),
    ],
)
def test_roles_and_blocks_become_plain_markdown(names, text, said):
    assert plain(text, names) == said
    assert not left(said)


def test_what_is_cited_is_kept_and_listed_with_its_address(names):
    plain("{cite:t}`two` and {cite:p}`four`", names)
    assert names.cited == ["two", "four"]
    assert names.bibliography.listed("two") == "Ann Ash, Bob van Beek. *A Title*. [arXiv:2001.1](https://arxiv.org/abs/2001.1), 2020."
    assert names.bibliography.listed("four") == "A, B, C, D. *Many*. Talk, <https://example.org/t>, n.d."


def test_a_number_or_an_entry_that_is_not_there_is_named(names):
    with pytest.raises(Problem, match=r"01-a.*'gone'"):
        plain("{glue:text}`gone:.2f`", names)
    with pytest.raises(Problem, match=r"references.bib has no entry 'nobody'"):
        plain("{cite:t}`nobody`", names)


def test_what_is_left_is_found():
    for text in ("a {prf:ref}`b`", "```{note}\n", ":::{note}", ":label: x", "(x)=\n"):
        assert left(f"text\n\n{text}")


def test_statements_share_one_count_exercises_and_figures_have_their_own(project):
    text = project / "book" / "01-a.md"
    figure = "\n```{code-cell} ipython3\n---\nmystnb: {figure: {name: fig-a, caption: A.}}\n---\nx = 1\n```\n"
    lemma = "\n```{prf:lemma} B\n:label: lem-b\n\nIt.\n```\n\n```{exercise} C\n:label: ex-c\n\nWhy?\n```\n"
    text.write_text(text.read_text() + lemma + figure)
    (c,) = chapters.find(project)
    found = numbered(chapters.derive(c), "08b-x")
    assert found == {"thm-a": "Theorem 8b.1", "lem-b": "Lemma 8b.2", "ex-c": "Exercise 8b.1", "fig-a": "Fig. 8b.1"}


class Every(dict):
    """Whatever number is asked for."""

    def __contains__(self, key):
        return True

    def __getitem__(self, key):
        return Shown()


class Shown(float):
    def __format__(self, spec):
        return "1.5"


LABELS = {k: v for c in chapters.find(TOP) for k, v in numbered(chapters.derive(c), c.stem).items()}


@pytest.mark.parametrize("chapter", chapters.find(TOP), ids=lambda c: c.stem)
def test_no_chapter_keeps_a_role_a_fence_or_a_label(chapter):
    nb = chapters.derive(chapter)
    names = Names(chapter.stem, Every(), LABELS, {}, Bibliography(TOP / "book" / "references.bib"))
    prose = [c.source for c in nb.cells if c.cell_type == "markdown"]
    prose += [c.metadata["mystnb"]["figure"]["caption"] for c in nb.cells if "figure" in c.metadata.get("mystnb", {})]
    assert left("\n\n".join(prose))
    said = "\n\n".join(plain(text, names) for text in prose)
    assert not left(said)
    for asked in re.findall(r"\{(?:prf:ref|numref)\}`([^`<>]+)`", "\n".join(prose)):
        assert asked in LABELS, asked
