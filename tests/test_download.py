"""The notebook that a page offers: complete, readable outside the book, and with the chapter's own code."""

import re

import nbformat
import pytest
from made_up import edit
from test_plain import left

from qbc.pipeline import chapters
from qbc.pipeline.download import download, names
from qbc.pipeline.notebooks import MIME

BIB = "@misc{paper, title = {A}, author = {Ann Ash}, year = {2020}}"


@pytest.fixture
def made(done):
    """The download of the first of two executed chapters."""
    (done / "references.bib").write_text(BIB)
    edit(done / "_build" / "executed" / "01-a.ipynb", "It is small.", "It is {glue:text}`x:.1f`, from {glue:text}`x-low:.1f`.")
    folder = done / "_build" / "executed"
    book = names(folder, done / "references.bib")
    return lambda **given: download(folder / "01-a.ipynb", book, **given)


def text(nb):
    return "\n\n".join(c.source for c in nb.cells if c.cell_type == "markdown")


def test_it_is_a_valid_notebook_with_the_chapters_code_and_nothing_of_myst(done, made):
    nb = made()
    nbformat.validate(nb)
    own = chapters.derive(chapters.find(done, ["1"])[0])
    assert [c.source for c in nb.cells if c.cell_type == "code"] == [c.source for c in own.cells if c.cell_type == "code"]
    assert len({c["id"] for c in nb.cells}) == len(nb.cells)
    assert not left(text(nb))
    assert re.search(r"> \*\*Theorem 1.1 \(A mean\)\.\*\*\n>\n> It is -?\d\.\d, from -?\d\.\d\.\n", text(nb))
    assert nb.cells[-1].source == "## References\n\n* Ann Ash. *A*. 2020."
    assert set(nb.metadata) == {"kernelspec", "language_info"}


def test_verdicts_stay_with_their_statements_name_and_glued_numbers_go(made):
    outputs = [o for c in made().cells if c.cell_type == "code" for o in c.outputs]
    shown = [o["data"]["text/html"] for o in outputs if MIME in o.get("data", {})]
    assert len(shown) == 2
    assert all("Theorem 1.1" in html and "href" not in html and "qbc-" not in html for html in shown)
    assert shown[0].startswith('<div style="border-left: 4px solid #00694b; padding-left: .6em"><strong>holds</strong>')
    assert "#8a4b00" in shown[1]
    assert all("<br><span>measured " in html for html in shown)
    assert not any("scrapbook" in o.get("metadata", {}) for o in outputs)


def test_the_first_cell_says_what_is_needed_and_an_address_only_if_there_is_one(made):
    first = made(state="Version 1.").cells[0].source
    assert "*Chapter 1, A small chapter, of the executable book" in first
    assert "Version 1.*" in first
    assert "In a clone of the project, `make .venv/.ready`" in first
    assert "http" not in first
    assert "git clone https://example.org/q`" in made(where="https://example.org/q").cells[0].source


def test_key_results_stand_before_the_first_section_and_code_that_the_page_folds_is_folded(done, made):
    path = done / "_build" / "executed" / "01-a.ipynb"
    nb = nbformat.read(path, as_version=4)
    nb.cells[0].source += "\n\n## First\n\nText\n\n## Second"
    nbformat.write(nb, path)
    said = text(made(key="* {prf:ref}`thm-a` holds"))
    assert "\n\n* Theorem 1.1 holds\n\n## First" in said
    assert said.count("holds") == 1
    assert [c.metadata.get("jupyter") for c in made().cells if c.cell_type == "code"] == 2 * [{"source_hidden": True}]


def test_data_that_no_other_page_can_show_is_left_out(done, made):
    path = done / "_build" / "executed" / "01-a.ipynb"
    nb = nbformat.read(path, as_version=4)
    kept = nbformat.v4.new_output("stream", text="a line")
    nb.cells[-1].outputs += [nbformat.v4.new_output("display_data", data={"application/vnd.qbc.live+json": {}}), kept]
    nbformat.write(nb, path)
    shown = made().cells[-2].outputs
    assert shown[-1] == kept
    assert len(shown) == 3  # two verdicts, and that line
