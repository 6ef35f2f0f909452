"""Chapters on disk: found by number or name, read into notebooks that do not churn, their parameters of the right kinds."""

import copy
import re
from dataclasses import FrozenInstanceError

import jupytext
import pytest
from made_up import BODY, HEAD, cell, edit, write

from qbc import cli
from qbc.pipeline import chapters
from qbc.pipeline.chapters import Chapter, Problem


@pytest.fixture
def chapter(project):
    return chapters.find(project)[0]


def of(project, parameters):
    """The chapter of the project with these lines in its parameters cell."""
    edit(project / "book" / "01-a.md", "seed = 0\nscale = 1.0", parameters)
    return chapters.find(project)[0]


# --- where chapters are


def test_a_chapter_knows_its_notebook_and_its_title(tmp_path):
    write(tmp_path, _01_a=BODY)
    c = Chapter(tmp_path / "book" / "01-a.md")
    assert (c.stem, c.title, c.notebook) == ("01-a", "A small chapter", tmp_path / "notebooks" / "01-a.ipynb")
    edit(c.text, "# A small chapter", "## No title")
    assert c.title == "01-a"
    with pytest.raises(FrozenInstanceError):
        c.text = tmp_path


def test_the_clone_is_the_nearest_folder_with_a_book(tmp_path, monkeypatch):
    write(tmp_path, _01_a=BODY)
    inner = tmp_path / "inner"
    (inner / "deep").mkdir(parents=True)
    for here in (tmp_path, tmp_path / "book", inner / "deep"):
        monkeypatch.chdir(here)
        assert chapters.root() == tmp_path
    (inner / "_toc.yml").write_text("")  # a table of contents without a book
    assert chapters.root() == tmp_path
    (inner / "book").mkdir()
    assert chapters.root() == inner
    (tmp_path / "_toc.yml").unlink()
    monkeypatch.chdir(tmp_path / "book")
    with pytest.raises(Problem, match=f"^no book here: neither {re.escape(str(tmp_path))}/book nor a folder above it has _toc"):
        chapters.root()


def test_chapters_are_found_in_order_by_number_or_stem_and_once(tmp_path):
    write(tmp_path, _10_j=BODY, _02_b=BODY, _02_c=BODY, _06_f=BODY, _06b_h=BODY)
    (tmp_path / "book" / "notation.md").write_text("")

    def stems(*names):
        return [c.stem for c in chapters.find(tmp_path, names)]

    assert stems() == ["02-b", "02-c", "06-f", "06b-h", "10-j"]
    assert stems("6") == stems("06") == stems("06-f") == ["06-f"]
    assert stems("6b") == stems("06b") == ["06b-h"]
    assert stems("10", "2", "02-c") == ["10-j", "02-b", "02-c"]
    for name in ("0", "16", "06-g", "²", ""):
        with pytest.raises(Problem, match=f"^no chapter '{name}'; there are 02-b, 02-c, 06-f, 06b-h, 10-j$"):
            stems(name)
    for text in (tmp_path / "book").glob("*.md"):
        text.unlink()
    with pytest.raises(Problem, match=f"^no chapters here: {re.escape(str(tmp_path))}/book holds no NN-name.md$"):
        stems()


# --- texts and notebooks


PARAMETERS = "its parameters cell must hold only lines like"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD.replace("seed = 0", "seed = 1+"), PARAMETERS),
        (HEAD.replace("seed = 0", "seed = int(3)"), PARAMETERS),
        (HEAD.replace("seed = 0", "seed = 0; print(seed)"), PARAMETERS),
        (HEAD + cell(":tags: [parameters]\nz = 1"), "must have exactly one cell tagged 'parameters', it has 2"),
        (HEAD.replace("[parameters]", "[parameters"), "cannot read book/01-a.md: Code cell 1 at line 15"),
        (HEAD.replace("[parameters]", "parameters"), "cannot read book/01-a.md: 'parameters' is not of type 'array'"),
        (HEAD.replace("name: python3}", "name: python3"), "cannot read book/01-a.md: while parsing a flow mapping"),
        (HEAD.replace(", name: python3", ""), "cannot read book/01-a.md: 'name' is a required property"),
        (HEAD.replace("kernelspec:", "x: .nan\nkernelspec:"), "cannot read book/01-a.md: Out of range float values"),
        (HEAD.replace("kernelspec:", "date: 2024-01-01\nkernelspec:"), "cannot read book/01-a.md: Object of type date is not JSON"),
        ("# No front matter", "book/01-a.md has no kernelspec: copy the front matter of another chapter"),
        ("\xff", "cannot read book/01-a.md: 'utf-8' codec can't decode"),
    ],
)
def test_slips_in_a_text_are_one_line(project, capsys, text, said):
    (project / "book" / "01-a.md").write_bytes(text.encode("latin-1"))
    for words in (["chapters"], ["run"]):
        assert cli.main(words) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert said in err


def test_parameters_may_have_types(project):
    edit(project / "book" / "01-a.md", "seed = 0", "seed: int = 3  # of the generator")
    chapter = chapters.find(project)[0]
    assert chapters.defaults(chapter, chapters.derive(chapter)) == {"seed": 3, "scale": 1.0}


def test_a_long_complaint_is_cut(chapter, monkeypatch):
    def read(path):
        raise ValueError("word \n " * 200)

    monkeypatch.setattr(chapters.jupytext, "read", read)
    with pytest.raises(Problem) as e:
        chapters.derive(chapter)
    assert str(e.value) == f"cannot read book/01-a.md: {('word ' * 200)[:300]}"


def test_a_notebook_has_ids_of_its_cells_and_only_what_a_person_wrote(project, chapter):
    write(project, _01_a=cell("x = 1") + cell("x = 1"))
    edit(chapter.text, "jupytext: {", "mine: {a: 1}\npapermill: {b: 2}\njupytext: {")
    nb, again = chapters.derive(chapter), chapters.derive(chapter)
    assert nb == again
    assert (nb.nbformat, nb.nbformat_minor) == (4, 5)
    assert [c.cell_type for c in nb.cells] == ["markdown", "code", "code", "code"]
    assert len({c["id"] for c in nb.cells}) == 4  # also of the two cells that are the same
    assert all(re.fullmatch("[0-9a-f]{12}", c["id"]) for c in nb.cells)
    assert dict(nb.metadata) == {
        "mine": {"a": 1},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    ids = [c["id"] for c in nb.cells]
    edit(chapter.text, "# A small chapter", "# Another chapter")
    assert [c["id"] == i for c, i in zip(chapters.derive(chapter).cells, ids, strict=True)] == [False, True, True, True]


def test_what_jupyter_notes_by_itself_is_not_the_contents(chapter):
    nb = chapters.derive(chapter)
    base, other = chapters.contents(nb), copy.deepcopy(nb)
    other.metadata["language_info"] = {"version": "3.14"}
    other.metadata["kernelspec"]["display_name"] = "Mine"
    other.cells[0].metadata |= {"collapsed": True, "tags": []}
    other.cells[-1] |= {"id": "x", "execution_count": 3, "outputs": [1], "source": other.cells[-1].source.splitlines(True)}
    assert chapters.contents(other) == base
    assert base["metadata"] == {"kernelspec": {"language": "python", "name": "python3"}}
    assert base["cells"][1] == {
        "kind": "code",
        "source": "seed = 0\nscale = 1.0",
        "metadata": {"tags": ["parameters"]},
        "attachments": {},
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda nb: nb.metadata.update(mine=1),
        lambda nb: nb.metadata["kernelspec"].update(name="julia"),
        lambda nb: nb.metadata.update(kernelspec="python3"),
        lambda nb: nb.cells[0].metadata.update(tags=["x"]),
        lambda nb: nb.cells[0].update(attachments={"a.png": {}}),
        lambda nb: nb.cells[0].update(cell_type="raw"),
        lambda nb: nb.cells[0].update(source="x"),
        lambda nb: nb.cells.append(nb.cells[0]),
    ],
)
def test_everything_else_is(chapter, change):
    nb = chapters.derive(chapter)
    base = chapters.contents(nb)
    change(nb)
    assert chapters.contents(nb) != base


# --- parameters


def test_defaults_are_the_constants_of_the_one_cell(project):
    c = of(project, "seed: int = 3  # of the generator\na = b = -1.5\nwords = ['x', 'y']\non = True")
    assert chapters.defaults(c, chapters.derive(c)) == {"seed": 3, "a": -1.5, "b": -1.5, "words": ["x", "y"], "on": True}


@pytest.mark.parametrize("line", ["seed: int", "a, b = 1, 2", "a = x.y = 1", "x.y = 1", "seed += 1", "print(1)"])
def test_a_parameters_cell_holds_nothing_else(project, line):
    c = of(project, f"scale = 1.0\n{line}")
    with pytest.raises(Problem, match=r"^book/01-a.md: its parameters cell must hold only lines like 'name = 1.0'$"):
        chapters.defaults(c, chapters.derive(c))


def test_a_chapter_without_a_parameters_cell_is_refused(project):
    edit(project / "book" / "01-a.md", ":tags: [parameters]\n", "")
    c = chapters.find(project)[0]
    with pytest.raises(Problem, match="exactly one cell tagged 'parameters', it has 0"):
        chapters.defaults(c, jupytext.read(c.text))


KINDS = "seed = 0\nscale = 1.0\nn = 5\nx = 0.5\nword = 'a'\non = False\nsizes = [1, 2]\npair = (1, 2)\ntable = {'a': 1}"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "0", 0),
        ("n", "-7", -7),
        ("scale", "0.25", 0.25),
        ("scale", "3", 3.0),
        ("x", "-1e-3", -0.001),
        ("word", "nan", "nan"),
        ("word", "7", "7"),
        ("on", "True", True),
        ("sizes", "[3]", [3]),
        ("pair", "(3, 4)", (3, 4)),
        ("table", "{'b': 2}", {"b": 2}),
    ],
)
def test_given_texts_become_values_of_the_defaults_kinds(project, name, text, value):
    c = of(project, KINDS)
    found = chapters.parameters(c, chapters.derive(c), [(name, text)])
    assert found == {name: value}
    assert type(found[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("sed", "1", "chapter 01-a has no parameter 'sed'; it has seed, scale, n, x, word, on, sizes, pair, table"),
        ("n", "1.5", "parameter 'n' of 01-a takes a value of type int, not '1.5'"),
        ("on", "1", "parameter 'on' of 01-a takes a value of type bool, not '1'"),
        ("on", "yes", "parameter 'on' of 01-a takes a value of type bool, not 'yes'"),
        ("sizes", "(1, 2)", "parameter 'sizes' of 01-a takes a value of type list, not '(1, 2)'"),
        ("sizes", "[1,", "parameter 'sizes' of 01-a takes a value of type list, not '[1,'"),
        ("seed", "-1", "parameter 'seed' must be >= 0, not -1"),
        ("scale", "0", "parameter 'scale' multiplies sample sizes and must be > 0, not 0"),
        ("scale", "inf", "parameter 'scale' multiplies sample sizes and must be > 0, not inf"),
        ("x", "nan", "parameter 'x' of 01-a must be finite, not nan"),
        ("sizes", "[1e999]", "parameter 'sizes' of 01-a must be finite, not [1e999]"),
    ],
)
def test_given_texts_of_other_kinds_are_refused(project, name, text, said):
    c = of(project, KINDS)
    with pytest.raises(Problem) as e:
        chapters.parameters(c, chapters.derive(c), [(name, text)])
    assert str(e.value) == said
