"""House rules for chapters, read from their texts: pairs, labels, controls, parameters, imports, expected numbers."""

import ast
import inspect
import re

import pytest
from chapter_code import calls, checks, code, prose, written

from qbc import bounds
from qbc.claims.checks import RESTS_ON
from qbc.pipeline import chapters, evidence, pairs, record

TOP = chapters.root()
CHAPTERS = chapters.find(TOP)
each = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.stem)


def documented():
    """label -> the bound whose docstring names it."""
    found = {}
    for name, f in vars(bounds).items():
        doc = inspect.getdoc(f) or "" if inspect.isfunction(f) else ""
        for label in re.findall(r"[\w-]+", "".join(re.findall(r"Labels: ([^.]+)\.", doc))):
            assert label not in found, f"{label} stands in the docstrings of {found[label]} and {name}"
            found[label] = name
    return found


def predicted(nb):
    """The labels of the numbers that a chapter predicts itself, with bounds.prediction."""
    found = [n for n in ast.walk(ast.parse(code(nb))) if isinstance(n, ast.Call) and ast.unparse(n.func) == "bounds.prediction"]
    return [written(n.args[0]) for n in found]


def difference(chapter, notebook):
    """What to tell an author whose pair has come apart; empty if it has not."""
    stored = chapters.nbformat.read(notebook, as_version=4)
    said = chapters.contents(stored)
    if said == chapters.contents(chapters.derive(chapter)) and stored.metadata.get("qbc", {}).get("paired") == pairs.mark(said):
        return ""
    return f"{notebook.name} is not the notebook of {chapter.text.name}: run `make pair`"


@each
def test_pair_is_equal_by_content(chapter):
    assert chapter.notebook.is_file(), f"{chapter.stem} has no notebook: run `make pair`"
    assert not difference(chapter, chapter.notebook)


def test_one_word_of_difference_is_found_and_the_message_names_the_command(tmp_path):
    chapter = CHAPTERS[0]
    other = tmp_path / chapter.notebook.name
    other.write_text(chapter.notebook.read_text("utf8").replace("Question", "Questoin", 1), "utf8")
    assert "run `make pair`" in difference(chapter, other)


@each
def test_no_outputs_in_git(chapter):
    nb = chapters.nbformat.read(chapter.notebook, as_version=4)
    assert not any(c.get("outputs") or c.get("execution_count") for c in nb.cells)


@each
def test_parameters_seed_and_scale(chapter):
    given = chapters.defaults(chapter, chapters.derive(chapter))
    assert type(given["seed"]) is int
    assert type(given["scale"]) is float
    assert given["scale"] == 1


def test_stem_numbers_are_unique_and_every_chapter_is_in_the_toc():
    numbers = [c.number for c in CHAPTERS]
    assert len(set(numbers)) == len(numbers)
    toc = (TOP / "_toc.yml").read_text("utf8")
    assert re.findall(r"notebooks/([\w-]+)", toc) == [c.stem for c in CHAPTERS]


@each
def test_the_toc_shows_the_number_the_prose_refers_to(chapter):
    title = re.search(r"^# (.+)$", chapter.text.read_text("utf8"), re.M)[1]
    assert f'- file: notebooks/{chapter.stem}\n        title: "{chapter.number} {title}"' in (TOP / "_toc.yml").read_text("utf8")


@each
def test_one_label_in_four_places(chapter):
    nb = chapters.derive(chapter)
    stated, checked, bound = [s.label for s in record.statements(prose(nb))], checks(nb), [*documented(), *predicted(nb)]
    assert len(set(stated)) == len(stated)
    assert len(re.findall(r"^\s*[`:]{3,}\{prf:", prose(nb), re.M)) == len(stated), "a statement has no label, or not as its first line"
    for label in stated:
        assert len(checked.get(label, [])) == 1, f"{label} is stated; it must be checked exactly once"
        assert bound.count(label) == 1, f"{label}: in one docstring of qbc.bounds, or in one bounds.prediction of the chapter"
    for label in checked:
        assert record.parent(label) in stated, f"check {label!r} belongs to no stated result of {chapter.stem}"


def test_no_two_chapters_state_a_result_alike():
    labels = [s.label for c in CHAPTERS for s in record.statements(c.text.read_text("utf8"))]
    assert len(set(labels)) == len(labels)


def test_no_two_chapters_name_a_bound_alike():
    homes = {}
    for path in sorted((TOP / "qbc" / "bounds").glob("*.py")):
        for node in ast.parse(path.read_text("utf8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(path.stem)
    assert not {name: where for name, where in homes.items() if len(where) > 1}


def test_every_label_of_a_bound_is_stated_somewhere():
    stated = {s.label for c in CHAPTERS for s in record.statements(c.text.read_text("utf8"))}
    numbers = {label for c in CHAPTERS for label in predicted(chapters.derive(c))}
    assert {*documented(), *numbers} == stated


@each
def test_every_stated_result_has_a_control_that_must_be_violated(chapter):
    nb = chapters.derive(chapter)
    controlled = {record.parent(label) for label, calls_ in checks(nb).items() if label != record.parent(label) for c in calls_}
    assert controlled == {s.label for s in record.statements(prose(nb))}
    for label, calls_ in checks(nb).items():
        if label != record.parent(label):
            assert all(isinstance(c.get("expect"), ast.Constant) and c["expect"].value == "violated" for c in calls_), (
                f"{label}: expect='violated'"
            )


def bibliography():
    return set(re.findall(r"^@\w+\{([\w-]+),", (TOP / "book" / "references.bib").read_text("utf8"), re.M))


@each
def test_every_stated_result_has_a_source_that_the_ledger_can_read(chapter):
    for s in record.statements(prose(chapters.derive(chapter))):
        assert s.source, f"{s.label}: its *Source:* line is missing or not of the form in CONTRIBUTING.md"
        assert not s.source.key or s.source.key in bibliography(), f"{s.label}: {s.source.key} is not in book/references.bib"


@each
def test_every_control_says_what_it_drops(chapter):
    """In words that go on after "without"; computed ones are looked at in the executed chapters."""
    for label, calls_ in checks(chapters.derive(chapter)).items():
        for c in calls_ if label != record.parent(label) else ():
            assert "drops" in c, f"{label}: drops='...' is missing"
            if isinstance(c["drops"], ast.Constant):
                words = c["drops"].value
                assert 0 < len(words) <= 60, f"{label}: {words!r}"
                assert not re.search(r"^without|[.$\\]|^\s|\s$", words), f"{label}: {words!r}"


@each
def test_what_a_result_rests_on_is_written_out(chapter):
    for label, calls_ in checks(chapters.derive(chapter)).items():
        for c in calls_:
            if "rests_on" in c:
                assert label == record.parent(label), f"{label}: a control rests on nothing"
                assert isinstance(c["rests_on"], ast.Tuple), f"{label}: rests_on=(...) must be a tuple"
                names = ast.literal_eval(c["rests_on"])
                assert names, f"{label}: rests_on is empty"
                assert set(names) <= set(RESTS_ON), f"{label}: {names}"
                assert len(set(names)) == len(names), f"{label}: {names}"


@each
def test_every_stated_result_stands_in_the_recorded_matrix(chapter):
    found = evidence.recorded(TOP)
    assert chapter.stem in found, f"{chapter.stem} has no matrix: run `make power`"
    results = found[chapter.stem].results
    assert set(results) == {s.label for s in record.statements(prose(chapters.derive(chapter)))}
    assert all(set(cells) == set(evidence.INTERVENTIONS) for cells in results.values())


@each
def test_every_glued_key_is_used_and_every_used_key_is_glued(chapter):
    nb = chapters.derive(chapter)
    used = {re.sub("-(low|high)$", "", k) for k in re.findall(r"\{glue:text\}`([\w.-]+?):", prose(nb))}
    glued = [written(c.args[0]) for c in calls(nb, "glue")]
    assert len(set(glued)) == len(glued)
    patterns = [re.escape(g).replace(r"\{\}", ".+") for g in glued]
    assert not [u for u in used if not any(re.fullmatch(p, u) for p in patterns)]


@each
def test_cells_and_functions_are_short(chapter):
    for cell in (c for c in chapters.derive(chapter).cells if c.cell_type == "code"):
        lines = [x for x in cell.source.splitlines() if x.strip() and not re.match(r"\s*(#|rests_on=\([^()]*\)\)*$)", x)]
        assert len(lines) <= 15, f"a cell of {len(lines)} lines: {lines[0]}"


@each
def test_two_exercises_with_solutions_and_a_word_for_practitioners(chapter):
    text = chapter.text.read_text("utf8")
    exercises = re.findall(r"^`{3,}\{exercise\}.*\n:label: ([\w-]+)$", text, re.M)
    assert len(exercises) >= 2
    assert sorted(exercises) == sorted(re.findall(r"^`{3,}\{solution\} ([\w-]+)$", text, re.M))
    assert "## In practice" in text


@each
def test_a_chapter_imports_torch_only_where_it_learns_a_network(chapter):
    source = code(chapters.derive(chapter))
    if "learn." not in source:
        assert not re.search(r"import torch|\blearn\b", source)


@each
def test_figures_are_numbered_captioned_and_described(chapter):
    figures = [c for c in chapters.derive(chapter).cells if "plt.subplots" in c.source]
    assert figures
    for cell in figures:
        m = cell.metadata.get("mystnb", {})
        assert m.get("figure", {}).get("caption", "").strip().endswith("."), f"no caption: {cell.source.splitlines()[0]}"
        assert m["figure"].get("name", "").startswith("fig-")
        assert len(m.get("image", {}).get("alt", "")) > 40


@each
def test_reviewed_numbers_exist(chapter):
    assert (TOP / "tests" / "expected" / f"{chapter.stem}.json").is_file(), "run `make expected`"
