"""Interventions on a small project of its own: results that rest on something are told from those that rest on nothing."""

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from types import SimpleNamespace

import pytest
from made_up import FRONT, PARAMETERS, cell, edit

from qbc import cli
from qbc.pipeline import evidence, record

pytestmark = pytest.mark.timeout(900)  # twenty kernels of some seconds each; one project for all

CELLS = [
    """import numpy as np
from qbc import bounds, families, learn, quantizers, systems
from qbc.claims import check, glue, mean
from qbc.demonstrations import demonstrations
rng = np.random.default_rng(seed)
check("thm-decorative", mean(rng.normal(size=100)), "<=", 40 * bounds.half_of_chance(2))""",
    """members = np.array([-0.9, 0.9])
u = 0.9 + 0.1 * rng.normal(size=(30, 20))  # 30 data sets
each = -(u[..., None] - members) ** 2
own = each.sum(axis=1).argmax(axis=1)
check("thm-past", members[own], "==", 0.9)""",
    """fitted = members[families.most_likely(each, rng)]
q, plant = quantizers.uniform(3), systems.linear(1.0, 1.0)
end = systems.rollout(plant, lambda x, rng: q(fitted[:, None]), np.zeros((30, 1)), 4, rng).x[:, -1, 0]
glue("end", end.mean())
check("thm-real", end, "==", 8 / 3, tol=1e-9, why="rounding", rests_on=("fit", "rollout", "quantizer"))
check("thm-real-control", end, ">=", 3.6, expect="violated", drops="rounding")""",
    """x = rng.uniform(-1, 1, size=(64, 1))
fit = learn.Fit(seed=seed, steps=20, lr=0.01, width=8)
nets = learn.fit_regression(demonstrations(x, 2 * x).times(4), fit)
check("thm-floor", ((nets(x, rng)[:, :, 0] - 2 * x) ** 2).mean(axis=(1, 2)), ">=", 0.1)""",
    """assert end.any(), "nothing moved"
check("thm-lost", 1.0, "<=", 2)""",
    """check("thm-last", 1.0, "<=", 2)""",
]
OTHER = [
    """from qbc.claims import check
check("thm-seed", float(seed), "<=", 1000)"""
]


def text(cells):
    return FRONT + PARAMETERS + "".join(map(cell, cells))


def qbc(*words, top):
    """The exit status of the command and what it said."""
    with pytest.MonkeyPatch.context() as m, redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as said:
        m.chdir(top)
        code = cli.main([*map(str, words)])
    return SimpleNamespace(code=code, out=out.getvalue(), err=said.getvalue())


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Two chapters, executed, and their matrices, made once; no test changes them."""
    top = tmp_path_factory.mktemp("power")
    (top / "book").mkdir()
    (top / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    (top / "book" / "01-a.md").write_text(text(CELLS))
    (top / "book" / "02-b.md").write_text(text(OTHER))
    assert qbc("run", "--jobs", 2, top=top).code == 0
    executed = contents(top / "_build" / "executed")
    return SimpleNamespace(top=top, executed=executed, said=qbc("power", "--jobs", 2, top=top))


@pytest.fixture
def copy(book, tmp_path):
    return shutil.copytree(book.top, tmp_path / "copy")


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def rows(top, name):
    return evidence.verdicts(top / "_build" / "power" / "01-a" / f"{name}.ipynb")


# --- the machine tells results apart


def test_what_rests_on_something_is_told_from_what_rests_on_nothing(book):
    assert (book.said.code, book.said.err) == (0, "")
    assert evidence.known(evidence.recorded(book.top)) == {
        "01-a": {
            "thm-decorative": ("sampled", []),
            "thm-past": ("exact", []),  # fitted in the cell, past qbc
            "thm-real": ("end to end", ["fit", "rollout", "quantizer"]),
            "thm-floor": ("fitted", ["effort"]),  # under-trained
            "thm-lost": ("exact", []),
            "thm-last": ("exact", []),
        },
        "02-b": {"thm-seed": ("sampled", [])},
    }
    weak = {label for r in evidence.recorded(book.top).values() for label, c in r.results.items() if evidence.weak(c)}
    assert weak == {"thm-decorative", "thm-past", "thm-floor", "thm-lost", "thm-last", "thm-seed"}


def test_the_matrix_says_what_happened_to_each(book):
    found = evidence.recorded(book.top)["01-a"].results
    assert found["thm-decorative"] == {
        "data": "moved", "fit": "unreached", "less": "unreached", "rollout": "unreached", "quantizer": "unreached",
        "bound-low": "moved", "bound-high": "moved", "effort": "unreached",
    }  # fmt: skip
    assert set(found["thm-past"].values()) == {"same", "unreached"}
    assert (found["thm-real"]["data"], found["thm-real"]["less"], found["thm-real"]["bound-low"]) == ("same", "same", "same")
    assert (found["thm-floor"]["fit"], found["thm-floor"]["effort"]) == ("moved", "turned")
    assert evidence.recorded(book.top)["02-b"].results == {
        "thm-seed": dict.fromkeys(evidence.INTERVENTIONS, "unreached") | {"data": "moved"}
    }


def test_the_table_in_the_terminal_shows_it(book):
    lines = {line.split()[0]: line for line in book.said.out.splitlines() if line.startswith("thm-")}
    assert lines["thm-real"].endswith("fit rollout quantizer")
    assert lines["thm-floor"].endswith("effort")
    assert max(map(len, book.said.out.splitlines())) <= 120


def test_verdicts_are_recorded_and_not_raised(book):
    assert {name: rows(book.top, name)["thm-real"]["status"] for name in ("none", "fit", "rollout", "quantizer")} == {
        "none": "holds", "fit": "violated", "rollout": "violated", "quantizer": "violated",
    }  # fmt: skip
    for name in ("none", "fit", "quantizer"):
        assert not [o for o in record.outputs(book.top / "_build" / "power" / "01-a" / f"{name}.ipynb") if o["output_type"] == "error"]


def test_a_cell_that_cannot_run_is_lost_and_the_rest_goes_on(book):
    errors = [o for o in record.outputs(book.top / "_build" / "power" / "01-a" / "rollout.ipynb") if o["output_type"] == "error"]
    assert [e["evalue"] for e in errors] == ["nothing moved"]
    assert list(rows(book.top, "rollout")) == ["thm-decorative", "thm-past", "thm-real", "thm-floor", "thm-last"]
    lost, last = (evidence.recorded(book.top)["01-a"].results[label]["rollout"] for label in ("thm-lost", "thm-last"))
    assert (lost, last) == ("lost", "same")


# --- what becomes of the runs


def test_only_what_a_chapter_calls_is_run(book):
    runs = book.top / "_build" / "power"
    assert {p.name for p in (runs / "01-a").iterdir()} == {f"{n}.ipynb" for n in ("none", *evidence.INTERVENTIONS)}
    assert {p.name for p in (runs / "02-b").iterdir()} == {"none.ipynb", "data.ipynb"}
    assert set(evidence.recorded(book.top)["02-b"].seconds) == {"none", "data"}


def test_they_never_enter_the_ledger_or_the_numbers(book):
    assert contents(book.top / "_build" / "executed") == book.executed
    ledger = record.ledger(book.top / "_build" / "executed")
    assert [r["status"] == r["expect"] for r in ledger] == [True] * 8
    assert record.numbers(book.top / "_build" / "executed" / "01-a.ipynb") == {"end": pytest.approx(8 / 3)}
    assert record.numbers(book.top / "_build" / "power" / "01-a" / "rollout.ipynb") == {"end": 0}  # which no command reads
    for folder in (book.top / "_build" / "power", book.top / "_build" / "power" / "01-a"):
        assert qbc("claims", "--from", folder, top=book.top).code == 2
        assert qbc("expected", "--check", "--from", folder, top=book.top).code == 2
    shown = json.loads(qbc("claims", "--json", top=book.top).out)
    assert [(r["label"], r["evidence"], r["turned_by"]) for r in shown if r["label"] == "thm-real"] == [
        ("thm-real", "end to end", ["fit", "rollout", "quantizer"])
    ]


def test_a_second_call_runs_nothing(book):
    before = {p: p.stat().st_mtime_ns for p in (book.top / "_build" / "power").rglob("*.ipynb")}
    again = qbc("power", "01", "--only", "fit,bound", top=book.top)
    assert [line.split()[2] for line in again.out.splitlines() if line.startswith("01-a ")] == ["unchanged"] * 4
    assert "fit  bound×.8  ×1.25" in again.out
    assert {p: p.stat().st_mtime_ns for p in (book.top / "_build" / "power").rglob("*.ipynb")} == before


def test_seeds_say_how_each_verdict_fares(copy):
    said = qbc("power", "02", "--only", "data", "--seeds", 2, top=copy)  # 1000, which is there, and 1001
    assert [line.split() for line in said.out.splitlines() if line.startswith("thm-")] == [["thm-seed", "1", "2"]]
    assert said.code == 1
    assert qbc("claims", top=copy).code == 0


def test_a_verdict_that_a_seed_does_not_give_is_not_as_stated(copy):
    (copy / "book" / "02-b.md").write_text(text(["assert seed != 1001\n" + OTHER[0].replace("1000", "2000")]))
    said = qbc("power", "02", "--only", "data", "--seeds", 2, "--jobs", 2, top=copy)
    assert [line.split() for line in said.out.splitlines() if line.startswith("thm-")] == [["thm-seed", "1", "1"]]
    assert said.code == 1


# --- declarations


def test_declarations_that_turn_pass(book):
    said = qbc("power", "--check", top=book.top)
    assert (said.code, said.err) == (0, "")


def test_a_chapter_without_a_record_is_named(copy):
    (evidence.records(copy) / "02-b.json").unlink()
    said = qbc("power", "--check", top=copy)
    assert (said.code, said.err) == (1, "qbc: 02-b: no recorded matrix: run `make power`\n")


def test_a_declaration_that_does_not_turn_fails_without_a_run(copy):
    source = copy / "book" / "01-a.md"
    source.write_text(source.read_text().replace("half_of_chance(2))", 'half_of_chance(2), rests_on=("fit", "bound"))'))
    said = qbc("power", "--check", top=copy)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "01-a: its text, its parameters or qbc have changed since it was executed: run `make book` first" in said.err
    assert qbc("run", "01", top=copy).code == 0
    before = contents(copy / "_build" / "power" / "01-a")
    said = qbc("power", "--check", top=copy)
    assert said.code == 1
    assert said.err.splitlines() == [
        "qbc: 01-a: thm-decorative: declares that it rests on fit, but its verdict does not turn without it (unreached)",
        "qbc: 01-a: thm-decorative: declares that it rests on bound, but its verdict does not turn without it (moved)",
    ]
    assert contents(copy / "_build" / "power" / "01-a") == before


def test_after_a_change_of_the_code_fit_and_rollout_are_run_again(copy):
    source = copy / "book" / "01-a.md"
    source.write_text(source.read_text().replace("members[families.most_likely(each, rng)]", "members[own]"))
    assert qbc("run", "01", top=copy).code == 0
    old, kept = contents(copy / "_build" / "power" / "01-a"), contents(evidence.records(copy))
    said = qbc("power", "--check", "--jobs", 2, top=copy)
    assert said.code == 1
    assert said.err.splitlines() == [
        "qbc: 01-a: thm-real: declares that it rests on fit, but its verdict does not turn without it (unreached)",
        "qbc: 01-a: thm-real: the recorded matrix says turned under fit, now it is unreached: run `make power`",
    ]
    new = contents(copy / "_build" / "power" / "01-a")
    assert {name for name in new if new[name] != old.get(name)} == {"none.ipynb", "fit.ipynb", "rollout.ipynb"}
    assert contents(evidence.records(copy)) == kept


def test_a_declaration_less_does_not_make_a_stale_matrix_current(copy):
    source = copy / "book" / "01-a.md"
    edit(source, "members[families.most_likely(each, rng)]", "members[own]")
    edit(source, '("fit", "rollout", "quantizer")', '("rollout", "quantizer", "less")')
    assert qbc("run", "01", top=copy).code == 0
    said = qbc("power", "--check", "--jobs", 2, top=copy)
    assert said.code == 1
    assert said.err.splitlines() == [  # the ledger still calls it end to end; what is not run again is compared with what is recorded
        "qbc: 01-a: thm-real: declares that it rests on less, but its verdict does not turn without it (same)",
        "qbc: 01-a: thm-real: the recorded matrix says turned under fit, now it is unreached: run `make power`",
    ]


def test_every_result_has_a_row_and_every_matrix_a_chapter(copy):
    file = evidence.records(copy) / "01-a.json"
    edit(file, '"thm-last"', '"thm-other"')
    shutil.copy(file, evidence.records(copy) / "03-c.json")
    said = qbc("power", "--check", top=copy)
    assert said.code == 1
    assert said.err.splitlines() == [
        "qbc: 01-a: thm-last: has no row in the matrix",
        f"qbc: 03-c is not in the book: its matrix, {evidence.records(copy) / '03-c.json'}, goes with it",
    ]
    shown = json.loads(qbc("claims", "--weak", "--json", top=copy).out)
    assert "thm-last" in [r["label"] for r in shown]  # of which nothing is known


def test_what_fails_with_nothing_taken_away_is_no_turn(copy):
    cells = ["import numpy as np\nfrom qbc.claims import check\nx, rng = 0, np.random.default_rng(seed)"]
    cells.append('check("thm-luck", x + rng.normal(), ">=", 0.125)')  # .126 in the book: one draw; under interventions another
    (copy / "book" / "02-b.md").write_text(text(cells))
    assert qbc("run", "02", top=copy).code == 0
    said = qbc("power", "02", "--only", "data", "--jobs", 2, top=copy)
    assert said.code == 1
    assert said.err.startswith("qbc: 02-b: thm-luck: is violated with nothing taken away")
    assert evidence.recorded(copy)["02-b"].results["thm-luck"]["data"] == "moved"


# --- one clear line for bad input


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "fits"], "no intervention 'fits'; there are data, fit, less, rollout, quantizer, bound-low, bound-high, effort"),
        (["--seeds", "2"], "--seeds N, N >= 1, goes with --only data"),
        (["--only", "data", "--seeds", "0"], "--seeds N, N >= 1, goes with --only data"),
        (["07"], "no chapter '07'; there are 01-a, 02-b"),
    ],
)
def test_bad_input(book, words, said):
    heard = qbc("power", *words, top=book.top)
    assert heard.code == 2
    assert heard.err.startswith(f"qbc: {said}")
    assert heard.err.count("\n") == 1
