"""Texts and notebooks: compared by all their contents, neither overwritten in silence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from made_up import cell, edit

from qbc import cli
from qbc.pipeline import chapters
from qbc.pipeline.chapters import Problem
from qbc.pipeline.pairs import pair


@pytest.fixture
def chapter(project):
    found = chapters.find(project)[0]
    pair(found)
    return found


def change(chapter, how):
    nb = json.loads(chapter.notebook.read_text("utf8"))
    how(nb)
    chapter.notebook.write_text(json.dumps(nb), "utf8")


def ran(nb):
    """What is left after running the notebook in Jupyter and saving it."""
    nb["metadata"]["kernelspec"]["display_name"] = "Python 3 (ipykernel)"
    nb["metadata"]["language_info"]["version"] = "3.11.1"
    nb["metadata"]["widgets"] = {}
    for c in (c for c in nb["cells"] if c["cell_type"] == "code"):
        c |= {"execution_count": 3, "outputs": [{"output_type": "stream", "name": "stdout", "text": "hello"}]}
        c["metadata"] |= {"execution": {"iopub.execute_input": "2024"}, "scrolled": True}


def renamed(nb):
    for i, c in enumerate(nb["cells"]):
        c["id"] = f"cell-{i}"


EDITS = {
    "a tag": (lambda nb: nb["cells"][2]["metadata"].update(tags=["hide-input"]), "the metadata 'tags' of cell 2"),
    "a tag less": (lambda nb: nb["cells"][1]["metadata"].pop("tags"), "the metadata 'tags' of cell 1"),
    "another key": (lambda nb: nb["cells"][2]["metadata"].update(mine=1), "the metadata 'mine' of cell 2"),
    "metadata": (lambda nb: nb["metadata"].update(authors=["me"]), "its metadata 'authors'"),
    "a kernel": (lambda nb: nb["metadata"]["kernelspec"].update(name="julia"), "its metadata 'kernelspec'"),
    "a word": (lambda nb: nb["cells"][0].update(source="# Another chapter"), "the source of cell 0"),
    "cells moved": (lambda nb: nb["cells"].insert(0, nb["cells"].pop(1)), "the kind of cell 0"),
    "a cell more": (lambda nb: nb["cells"].append(dict(nb["cells"][2], id="new")), "it has 4 cells, the text 3"),
    "another kind": (lambda nb: nb["cells"][0].update(cell_type="raw"), "the kind of cell 0"),
    "an image": (lambda nb: nb["cells"][0].update(attachments={"a.png": {"image/png": "iV"}}), "the attachments of cell 0"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_notebook_is_never_overwritten(chapter, name):
    how, what = EDITS[name]
    change(chapter, how)
    change(chapter, ran)
    edited = chapter.notebook.read_text()
    with pytest.raises(Problem) as unchanged:
        pair(chapter)
    edit(chapter.text, "It is small.", "It is tiny.")
    with pytest.raises(Problem, match="over whatever else changed in the text"):
        pair(chapter)
    assert f"notebooks/01-a.ipynb was edited and differs from book/01-a.md ({what}): drop the edit with `rm" in str(unchanged.value)
    assert "whatever" not in str(unchanged.value)
    assert chapter.notebook.read_text() == edited


@pytest.mark.parametrize("how", [ran, renamed, lambda nb: nb["cells"][2]["metadata"].update(tags=[])])
def test_what_no_person_wrote_is_no_edit(chapter, how):
    pristine = chapter.notebook.read_text()
    change(chapter, how)
    pair(chapter)
    assert chapter.notebook.read_text() == pristine
    change(chapter, how)
    edit(chapter.text, "It is small.", "It is tiny.")
    pair(chapter)
    assert "It is tiny." in chapter.notebook.read_text()


def test_the_text_is_followed_in_all_its_contents(chapter):
    edit(chapter.text, ":tags: [parameters]", ":tags: [parameters, hide-input]")
    edit(chapter.text, "kernelspec:", "authors: [me]\nkernelspec:")
    pair(chapter)
    nb = json.loads(chapter.notebook.read_text())
    assert nb["cells"][1]["metadata"]["tags"] == ["parameters", "hide-input"]
    assert nb["metadata"]["authors"] == ["me"]


def test_an_edit_is_taken_over_into_the_text(chapter):
    change(chapter, lambda nb: nb["cells"][2]["metadata"].update(tags=["hide-input"]))
    with pytest.raises(Problem, match="take it over with"):
        pair(chapter)
    jupytext = str(Path(sys.executable).with_name("jupytext"))
    subprocess.run([jupytext, str(chapter.notebook), "--to", "md:myst", "-o", str(chapter.text)], check=True, capture_output=True)
    assert "hide-input" in chapter.text.read_text()
    assert "{code-cell} ipython3" in chapter.text.read_text()
    pair(chapter)
    edit(chapter.text, "It is small.", "It is tiny.")  # and the text leads again
    pair(chapter)
    assert "It is tiny." in chapter.notebook.read_text()


def test_pairing_twice_writes_once(chapter):
    before = chapter.notebook.stat().st_mtime_ns
    pair(chapter)
    assert chapter.notebook.stat().st_mtime_ns == before
    assert [p.name for p in chapter.notebook.parent.iterdir()] == ["01-a.ipynb"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "notebooks/01-a.ipynb is no notebook"),
        ("[]", "notebooks/01-a.ipynb is no notebook"),
        ('{"cells": [{}], "metadata": {}}', "notebooks/01-a.ipynb is no notebook"),
        ('{\n<<<<<<< HEAD\n"cells": []\n=======\n>>>>>>> other\n', "notebooks/01-a.ipynb holds the marks of a merge: settle the text"),
    ],
)
def test_a_notebook_that_is_none_is_one_line(chapter, capsys, text, said):
    chapter.notebook.write_text(text)
    assert cli.main(["pair"]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert chapter.notebook.read_text() == text


def git(*words, cwd, check=True):
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    return subprocess.run(["git", *who, *words], cwd=cwd, check=check, capture_output=True, text=True)


@pytest.fixture
def branches(chapter, project, top):
    """Two branches, each with an edit of the text and its notebook: the current one and ``other``."""
    (project / ".gitattributes").write_text((top / ".gitattributes").read_text())
    edit(chapter.text, "It is small.", "It is small." + "\n" * 20 + "It is.")
    pair(chapter)
    git("init", "-q", "-b", "mine", cwd=project)
    git("add", ".", cwd=project)
    git("commit", "-q", "-m", "base", cwd=project)
    for start, branch, old, new in (("mine", "other", "# A small", "# Another"), ("mine", "ours", "It is.", "It was.")):
        git("checkout", "-q", "-b", branch, start, cwd=project)
        edit(chapter.text, old, new)
        pair(chapter)
        git("commit", "-q", "-a", "-m", branch, cwd=project)
    return project


def test_after_a_merge_the_notebook_follows_the_merged_text(branches, chapter):
    merged = git("merge", "other", cwd=branches, check=False)
    assert "01-a.ipynb" in merged.stdout  # git does not merge what is derived
    pair(chapter)
    said = chapter.notebook.read_text()
    assert "# Another" in said
    assert "It was." in said


def test_an_edit_that_only_the_notebook_has_survives_a_merge(branches, chapter):
    change(chapter, lambda nb: nb["cells"][2]["metadata"].update(tags=["hide-input"]))
    git("commit", "-q", "-a", "-m", "edit", cwd=branches)
    git("merge", "other", cwd=branches, check=False)
    with pytest.raises(Problem, match="was edited and differs"):
        pair(chapter)


def test_a_cell_of_another_kind_of_code_is_paired_too(chapter):
    chapter.text.write_text(chapter.text.read_text() + cell("%%capture\n!ls") + cell("this is no Python"))
    pair(chapter)
    assert json.loads(chapter.notebook.read_text())["cells"][-1]["source"] == ["this is no Python"]
