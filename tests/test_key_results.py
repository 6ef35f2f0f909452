"""The key results that a chapter names: stated, in its front matter, shown before its first section."""

import pytest
from made_up import edit

from qbc import cli
from qbc.pipeline import chapters
from qbc.pipeline.chapters import Problem
from qbc.pipeline.key_results import key_results, under_the_answer

CHAPTERS = chapters.find(chapters.root())


def named(project, line):
    edit(project / "book" / "01-a.md", "kernelspec:", f"{line}\nkernelspec:")
    c = chapters.find(project)[0]
    return key_results(chapters.derive(c), c.stem)


def test_labels_come_in_the_order_given_and_need_not_be(project):
    c = chapters.find(project)[0]
    assert key_results(chapters.derive(c), c.stem) == []
    assert named(project, "key_results: [thm-a]") == ["thm-a"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "key_results: [thm-a, thm-gone]",
            "book/01-a.md: key_results in its front matter names 'thm-gone', which the",
        ),
        ("key_results: thm-a", "book/01-a.md: key_results in its front matter must be a list of labels like"),
        ("key_results: [1]", "book/01-a.md: key_results in its front matter must be a list of labels like"),
    ],
)
def test_an_unknown_label_is_one_line_that_names_the_chapter(project, capsys, line, said):
    with pytest.raises(Problem, match=said):
        named(project, line)
    for command in (["pair"], ["run"]):
        assert cli.main(command) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert said in err


def test_the_block_stands_before_the_first_section_alone():
    cells = [
        {"cell_type": "markdown", "source": "# T\n\nAnswer.", "metadata": {}},
        {"cell_type": "code", "source": "## no heading", "metadata": {}},
        {"cell_type": "markdown", "source": ["Text\n", "\n", "## One\n", "\n", "## Two"], "metadata": {}},
        {"cell_type": "markdown", "source": "## Three", "metadata": {}},
    ]
    found = [c["source"] for c in under_the_answer(cells, "BLOCK")]
    assert found[0] == cells[0]["source"]
    assert found[1] == cells[1]["source"]
    assert found[2] == "Text\n\nBLOCK\n\n## One\n\n## Two"
    assert found[3] == "## Three"
    assert cells[2]["source"][0] == "Text\n"  # the given cells are as they were


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.stem)
def test_every_chapter_names_one_to_three_key_results(chapter):
    labels = key_results(chapters.derive(chapter), chapter.stem)
    assert 1 <= len(set(labels)) == len(labels) <= 3
