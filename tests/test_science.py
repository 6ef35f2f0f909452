"""Which files of qbc a chapter is made from."""

import ast
import importlib
import inspect
import shutil
from pathlib import Path

import nbformat
import pytest

from qbc.pipeline import keys
from qbc.pipeline.chapters import find
from qbc.pipeline.pairs import pair
from qbc.pipeline.science import DRAWS, PACKAGE, bare, science, unpublished

FACADES = ("bounds", "claims", "learn", "quantizers", "tasks")
CHAPTERS = find(PACKAGE.parent)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of two modules behind a facade; one of them uses a third."""
    (tmp_path / "rules").mkdir()
    for name, text in {
        "rules/__init__.py": "from qbc.rules.a import *\nfrom qbc.rules.b import g, h\n__all__ = ['f', 'g', 'h']\n",
        "rules/a.py": "def f(): return 1\n",
        "rules/b.py": "from qbc.below import one\ndef g(): return one\ndef h(): return 2\n",
        "below.py": "one = 1\n",
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


FACADE = "rules/__init__.py"


@pytest.mark.parametrize(
    ("cell", "files"),
    [
        ("x = 1", set()),
        ("from qbc import rules", {FACADE}),
        ("from qbc import rules\nrules.f()", {FACADE, "rules/a.py"}),
        ("from qbc import rules as r\nprint(r.h())", {FACADE, "rules/b.py", "below.py"}),
        ("from qbc.rules import f", {FACADE, "rules/a.py"}),
        ("from qbc.rules import h as other", {FACADE, "rules/b.py", "below.py"}),
        ("from qbc.rules import *", {FACADE, "rules/a.py", "rules/b.py", "below.py"}),
        ("import qbc.rules\nqbc.rules.f()", {FACADE, "rules/a.py"}),
        ("import qbc.below", {"below.py"}),
        ("%config x = 1\nfrom qbc import below", {"below.py"}),
    ],
)
def test_files_behind_a_facade_count_where_one_of_their_names_is_taken(package, cell, files):
    assert set(science([cell], package)) == files


def test_names_are_taken_across_cells_and_by_modules_that_are_used(package):
    assert "rules/a.py" in science(["from qbc import rules", "rules.f()"], package)
    (package / "user.py").write_text("from qbc import rules\ndef two(): return rules.f()\n")
    assert "rules/a.py" in science(["from qbc.user import two"], package)


def test_words_and_declarations_are_no_code():
    assert bare('def f(x):\n    """Half."""\n    return x / 2  # half') == bare("def f(x): return x/2")
    assert bare('check("a", 1, rests_on=("fit",))') == bare('check("a", 1)')
    assert bare("x = 1") != bare("x = 2")


PUBLISHED = """from qbc import live

given = live.inputs(a=live.slider("a", (1, 2), at=1))

@live.figure("f", "How much?", "", live.axis("x", 0, 1), live.axis("y", 0, 1), given)
def _(a):
    return live.rule("r", x=bounds.marginal(1, a, 1)), {}

@live.table("t", "Which?", {"a": ""})
def _():
    yield from rows
"""


@pytest.mark.parametrize(
    ("cell", "rest"),
    [
        (PUBLISHED, ""),
        ("x = 1  # live", "x = 1  # live"),
        ("%config live.x = 1", "%config live.x = 1"),
        ("from qbc import live, plots\nx = 1", "from qbc import plots\nx = 1"),
        ("from qbc import live as shown", "from qbc import live as shown"),
        (f"{PUBLISHED}\ncheck('a', 1)", "check('a', 1)"),
        ("@cache\ndef f():\n    return live.rule('r', x=1)", "@cache\ndef f():\n    return live.rule('r', x=1)"),
    ],
)
def test_what_is_only_published_is_left_out(cell, rest):
    assert unpublished(cell) == rest


def test_a_cell_that_publishes_does_not_move_the_key_of_the_evidence():
    nb = pair(CHAPTERS[0])
    before, executed = keys.evidence_key(nb, {}), keys.key(nb, {})
    nb.cells.insert(5, nbformat.v4.new_code_cell(PUBLISHED))
    assert keys.evidence_key(nb, {}) == before
    assert keys.key(nb, {}) != executed
    nb.cells[5].source += "x = 1\n"
    assert keys.evidence_key(nb, {}) != before


@pytest.mark.parametrize("file", ["plots.py", "qbc.mplstyle"])
def test_other_drawing_redraws_the_figures_and_leaves_the_evidence_alone(tmp_path, file):
    nb, package = pair(CHAPTERS[0]), shutil.copytree(PACKAGE, tmp_path / "qbc", ignore=shutil.ignore_patterns("__pycache__"))
    with (package / file).open("a") as f:
        f.write("\nlines.linewidth: 2\n" if file.endswith("mplstyle") else "\nwidth = 2\n")
    assert keys.evidence_key(nb, {}, package) == keys.evidence_key(nb, {})
    assert keys.key(nb, {}, package) != keys.key(nb, {})


@pytest.mark.parametrize(
    ("swapped", "counts"), [("qbc.tokenizers:fit", False), ("qbc.bounds:regret", True), ("qbc.claims.checks:check", True)]
)
def test_of_the_interventions_those_count_that_take_something_away_from_a_chapter(tmp_path, swapped, counts):
    nb, package = pair(CHAPTERS[0]), shutil.copytree(PACKAGE, tmp_path / "qbc", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "interventions" / "more.py").write_text(f'SWAPS = [Swap("fit", "{swapped}", prior)]\n')
    assert (keys.evidence_key(nb, {}, package) != keys.evidence_key(nb, {})) == counts
    with (package / "interventions" / "swaps.py").open("a") as f:
        f.write("\nwidth = 2\n")
    assert keys.evidence_key(nb, {}, package) != keys.evidence_key(nb, {})


def test_what_draws_gives_nothing_back():
    drawing = [importlib.import_module(f"qbc.{name.removesuffix('.py')}") for name in DRAWS]
    public = [f for m in drawing for f in vars(m).values() if inspect.isfunction(f) and f.__module__ == m.__name__]
    assert {inspect.signature(f).return_annotation for f in public if not f.__name__.startswith("_")} == {"None"}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[c.stem for c in CHAPTERS])
def test_what_a_chapter_only_publishes_is_used_by_nothing_else(chapter):
    cells = [c.source for c in pair(chapter).cells if c.cell_type == "code"]
    published = [ast.parse(s) for s in cells if s != unpublished(s)]
    kept = [ast.parse(s) for s in cells if s == unpublished(s)]
    assert not [s for s in cells if unpublished(s) not in ("", s)], "what is published has cells of its own"
    names = [{n.id for t in trees for n in ast.walk(t) if isinstance(n, ast.Name)} for trees in (kept, published)]
    bound = {n.id for t in published for a in t.body if isinstance(a, ast.Assign) for n in a.targets}
    assert not names[0] & {"live", *bound}
    assert "rng" not in names[1], "later numbers would move"
    assert {f.name for t in published for f in t.body if isinstance(f, ast.FunctionDef)} <= {"_"}, "it is bound to None"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[c.stem for c in CHAPTERS])
def test_every_name_that_a_chapter_takes_from_a_facade_is_in_its_science(chapter):
    """Oracle: Python itself says where an object was defined."""
    cells = [c.source for c in pair(chapter).cells if c.cell_type == "code"]
    found = science(cells, PACKAGE)
    for node in ast.walk(ast.parse("\n".join(cells))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in FACADES:
            what = getattr(importlib.import_module(f"qbc.{node.value.id}"), node.attr, None)
            where = getattr(what, "__module__", None) or ""
            if where.startswith("qbc."):
                assert "/".join(where.split(".")[1:]) + ".py" in found, (node.value.id, node.attr)
