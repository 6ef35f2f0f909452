"""The pipeline on a small project of its own: what is executed when, what survives a failure, what the command says."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from qbc import cli
from qbc.pipeline import chapters, execute, record

HEAD = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
# A small chapter
```{code-cell} ipython3
:tags: [parameters]
seed = 0
scale = 1.0
```
"""
BODY = """
```{code-cell} ipython3
import numpy as np
from qbc.claims import check, glue, mean
x = mean(np.random.default_rng(seed).normal(size=int(100 * scale)))
glue("x", x)
glue("two", 2.0)
check("thm-a", x, "<=", 3, source="Paper, Theorem 1")
check("thm-a-control", x, ">=", 3, expect="violated")
```
"""


def write(top, **texts):
    for name in ("book", "tests/expected"):
        (top / name).mkdir(parents=True, exist_ok=True)
    (top / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    for stem, body in texts.items():
        (top / "book" / f"{stem.replace('_', '-')[1:]}.md").write_text(HEAD + body)


@pytest.fixture
def project(tmp_path, monkeypatch):
    write(tmp_path, _01_a=BODY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Two executed chapters, made once."""
    top = tmp_path_factory.mktemp("done")
    write(top, _01_a=BODY, _02_b=BODY.replace("thm-a", "thm-b"))
    execute.run(chapters.find(top), top / "_build" / "executed", jobs=2, say=lambda _: None)
    return top


def command(*words, cwd):
    code = "import sys; from qbc.cli import main; sys.exit(main())"
    return [sys.executable, "-c", code, *map(str, words)], dict(cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# --- what is executed when


def test_nothing_changed_executes_nothing_and_a_change_executes_that_chapter(done):
    out = done / "_build" / "executed"
    before = {p.name: p.stat().st_mtime_ns for p in out.glob("*.ipynb")}
    assert [o.status for o in execute.run(chapters.find(done), out, jobs=2, say=lambda _: None)] == ["unchanged"] * 2
    assert {p.name: p.stat().st_mtime_ns for p in out.glob("*.ipynb")} == before
    text = done / "book" / "02-b.md"
    text.write_text(text.read_text().replace("int(100", "int(101"))
    assert [o.status for o in execute.run(chapters.find(done), out, jobs=2, say=lambda _: None)] == ["unchanged", "executed"]


def test_the_key_depends_on_cells_parameters_and_the_module(done, tmp_path):
    nb = chapters.derive(chapters.find(done)[0])
    (tmp_path / "a.py").write_text("x = 1")
    base = execute.key(nb, {}, tmp_path)
    assert execute.key(nb, {}, tmp_path) == base
    assert execute.key(nb, {"seed": 1}, tmp_path) != base
    (tmp_path / "a.py").write_text("x = 2")
    assert execute.key(nb, {}, tmp_path) != base
    (tmp_path / "a.py").write_text("x = 1")
    nb.cells[-1].source += "\n# more"
    assert execute.key(nb, {}, tmp_path) != base


def test_same_seed_same_numbers_with_one_worker_or_two(done, tmp_path):
    execute.run(chapters.find(done), tmp_path, jobs=1, say=lambda _: None)
    for stem, path in record.executed(done / "_build" / "executed").items():
        assert record.numbers(path) == record.numbers(tmp_path / f"{stem}.ipynb")


def test_parameters_reach_the_chapter(done, tmp_path):
    execute.run(chapters.find(done, ["01"]), tmp_path, [("seed", "7"), ("scale", "2")], jobs=1, say=lambda _: None)
    assert record.numbers(tmp_path / "01-a.ipynb")["x"] != record.numbers(done / "_build" / "executed" / "01-a.ipynb")["x"]


# --- failures


def test_a_false_claim_fails_the_build_by_name_and_the_good_output_stays(project, capsys):
    out = project / "_build" / "executed"
    assert cli.main(["run"]) == 0
    good = (out / "01-a.ipynb").read_bytes()
    text = project / "book" / "01-a.md"
    text.write_text(text.read_text().replace('x, "<=", 3', 'x, ">=", 3'))
    assert cli.main(["book"]) == 1
    said = capsys.readouterr().err
    assert "01-a: cell 2 failed with ClaimError" in said
    assert "'thm-a' is not as the book states" in said
    assert "previous one is untouched" in said
    assert (out / "01-a.ipynb").read_bytes() == good
    assert cli.main(["claims"]) == 1  # the ledger shows the failed run
    assert "the book states holds" in capsys.readouterr().out
    text.write_text(text.read_text().replace('x, ">=", 3, source', 'x, "<=", 3, source'))
    assert cli.main(["run"]) == 0
    assert not list(out.glob("*.failed.ipynb"))


def test_a_full_disk_is_one_line(project, monkeypatch, capsys):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(execute.papermill, "execute_notebook", full)
    assert cli.main(["run", "--out", str(project / "there")]) == 1
    assert capsys.readouterr().err.strip() == f"qbc: 01-a: cannot write {project / 'there'}: No space left on device"
    assert not list((project / "there").iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_kernels_and_leaves_nothing_half_written(tmp_path, number):
    write(tmp_path, _01_a=BODY, _02_b="\n```{code-cell} ipython3\nimport time\ntime.sleep(300)\n```\n")
    words, how = command("run", "--jobs", 2, "--out", tmp_path / "out", cwd=tmp_path)
    heed = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so would its children
    with subprocess.Popen(words, **how, start_new_session=True) as p:
        signal.signal(signal.SIGINT, heed)
        deadline = time.monotonic() + 120
        while not (tmp_path / "out" / "01-a.ipynb").exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(1)
        children = psutil.Process(p.pid).children(recursive=True)
        assert children
        p.send_signal(number)
        said = p.communicate(timeout=60)[1]
    assert p.returncode == 130
    assert said.strip().splitlines()[-1] == "qbc: interrupted; finished chapters are kept, the next run resumes"
    assert "Traceback" not in said
    assert not psutil.wait_procs(children, timeout=10)[1]
    assert [f.name for f in (tmp_path / "out").iterdir()] == ["01-a.ipynb"]


def test_a_kernel_that_dies_is_a_failed_run_that_names_its_cell(project, capsys):
    text = project / "book" / "01-a.md"
    text.write_text(text.read_text() + "\n```{code-cell} ipython3\nimport os; os._exit(3)\n```\n")
    assert cli.main(["run"]) == 1
    assert "01-a: cell 3 failed with DeadKernelError" in capsys.readouterr().err
    assert (project / "_build" / "executed" / "01-a.failed.ipynb").is_file()
    assert cli.main(["expected"]) == 2  # a failed run cannot become the reviewed one
    assert "the last run of 01-a failed" in capsys.readouterr().err
    assert not list((project / "tests" / "expected").iterdir())


def test_a_relative_out_serves_several_chapters_at_once(project):
    write(project, _02_b=BODY, _03_c=BODY)
    assert cli.main(["run", "--jobs", "2", "--out", "here"]) == 0
    assert sorted(p.name for p in (project / "here").iterdir()) == ["01-a.ipynb", "02-b.ipynb", "03-c.ipynb"]


def test_an_edit_of_the_notebook_can_be_taken_over_and_then_the_text_edited(project):
    chapter = chapters.find(project)[0]
    chapters.pair(chapter)
    chapter.notebook.write_text(chapter.notebook.read_text().replace("A small", "A tiny"))
    with pytest.raises(chapters.Problem, match="take it over"):
        chapters.pair(chapter)
    jupytext = str(Path(sys.executable).with_name("jupytext"))
    subprocess.run([jupytext, str(chapter.notebook), "--to", "md:myst", "-o", str(chapter.text)], check=True, capture_output=True)
    assert "{code-cell} ipython3" in chapter.text.read_text()
    chapters.pair(chapter)
    chapter.text.write_text(chapter.text.read_text().replace("A tiny", "A minute"))
    chapters.pair(chapter)
    assert "A minute" in chapter.notebook.read_text()


def test_slips_in_a_text_are_one_line(project, capsys):
    text = project / "book" / "01-a.md"
    good = text.read_text()
    for bad in ("seed = 1+", "seed = int(3)"):
        text.write_text(good.replace("seed = 0", bad))
        assert cli.main(["chapters"]) == 2
        assert "parameters cell must hold only lines like" in capsys.readouterr().err
    text.write_text(good.replace("seed = 0", "seed: int = 3"))
    assert chapters.defaults(chapters.find(project)[0], chapters.derive(chapters.find(project)[0]))["seed"] == 3
    text.write_text("# No front matter")
    assert cli.main(["chapters"]) == 2
    assert "has no kernelspec" in capsys.readouterr().err


# --- one clear line for bad input


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "99"], "no chapter '99'; there are 01-a"),
        (["run", "nonsense"], "no chapter 'nonsense'; there are 01-a"),
        (["run", "01", "-p", "sed", "1"], "chapter 01-a has no parameter 'sed'; it has seed, scale"),
        (["run", "01", "-p", "seed", "x"], "parameter 'seed' of 01-a takes a value of type int, not 'x'"),
        (["run", "01", "-p", "seed", "1.5"], "parameter 'seed' of 01-a takes a value of type int, not '1.5'"),
        (["run", "01", "-p", "seed", "-1"], "parameter 'seed' must be >= 0, not -1"),
        (["run", "01", "-p", "scale", "big"], "parameter 'scale' of 01-a takes a value of type float, not 'big'"),
        (["run", "01", "-p", "scale", "0"], "parameter 'scale' multiplies sample sizes and must be > 0, not 0"),
        (["run", "01", "-p", "scale", "nan"], "parameter 'scale' multiplies sample sizes and must be > 0, not nan"),
        (["run", "01", "--jobs", "0"], "--jobs must be >= 1, not 0"),
        (["run", "01", "--out", "/dev/null/there"], "cannot write to /dev/null/there: Not a directory"),
        (["claims"], "no executed chapters in {top}/_build/executed: run `make book`, or `qbc run --out {top}/_build/executed`"),
        (["claims", "--from", "nowhere"], "no executed chapters in nowhere: run `make book`, or `qbc run --out nowhere`"),
        (
            ["expected", "--check"],
            "no executed chapters in {top}/_build/executed: run `make book`, or `qbc run --out {top}/_build/executed`",
        ),
    ],
)
def test_bad_input_gets_one_line(project, capsys, words, said):
    assert cli.main(words) == 2
    captured = capsys.readouterr()
    assert captured.err == f"qbc: {said.format(top=project)}\n"
    assert captured.out == ""


def test_outside_a_clone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["chapters"]) == 2
    assert capsys.readouterr().err.startswith("qbc: no book here")


def test_a_damaged_executed_chapter_is_one_line(tmp_path, capsys):
    (tmp_path / "01-a.ipynb").write_text("{")
    assert cli.main(["claims", "--from", str(tmp_path)]) == 2
    assert "cannot read the executed chapter" in capsys.readouterr().err


def test_two_parameter_cells_are_refused(project, capsys):
    text = project / "book" / "01-a.md"
    text.write_text(text.read_text() + "\n```{code-cell} ipython3\n:tags: [parameters]\nz = 1\n```\n")
    assert cli.main(["run"]) == 2
    assert "exactly one cell tagged 'parameters', it has 2" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["run"], ["claims"], ["book"], ["chapters"], ["pair"], ["expected"]])
def test_help_answers(words, capsys):
    with pytest.raises(SystemExit) as e:
        cli.main([*words, "--help"])
    assert e.value.code == 0
    assert "usage: qbc" in capsys.readouterr().out


# --- the ledger and the numbers


def test_claims_prints_the_ledger_and_its_json(done, capsys):
    out = str(done / "_build" / "executed")
    assert cli.main(["claims", "--from", out]) == 0
    assert "2 stated results in 2 chapters: 2 hold; 2 of 2 controls" in capsys.readouterr().out
    assert cli.main(["claims", "--from", out, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [r["label"] for r in rows] == ["thm-a", "thm-a-control", "thm-b", "thm-b-control"]
    assert {"label", "chapter", "source", "relation", "value", "low", "high", "rhs", "tol", "expect", "status"} <= set(rows[0])
    assert (rows[0]["chapter"], rows[0]["source"], rows[0]["status"], rows[0]["rhs"]) == ("01-a", "Paper, Theorem 1", "holds", 3.0)
    assert (rows[1]["source"], rows[1]["status"], rows[1]["expect"]) == ("Paper, Theorem 1", "violated", "violated")


def test_numbers_are_read_back_with_their_intervals(done):
    n = record.numbers(done / "_build" / "executed" / "01-a.ipynb")
    assert n["two"] == 2.0
    value, low, high = n["x"]
    assert low < value < high


def test_expected_numbers_round_trip_and_a_change_is_named(done, tmp_path):
    out = done / "_build" / "executed"
    record.write_expected(out, tmp_path)
    assert record.regressions(out, tmp_path) == []
    file = tmp_path / "01-a.json"
    reviewed = json.loads(file.read_text())
    file.write_text(json.dumps(reviewed | {"two": 2.0001, "gone": 1.0, "x": [9.0, 8.0, 10.0]}))
    said = "\n".join(record.regressions(out, tmp_path))
    assert "01-a: two was 2.0001, is now 2 (relative change 5.0e-05)" in said
    assert "01-a: gone is not glued any more" in said
    assert "01-a: x was 9 in [8, 10], is now" in said


@pytest.mark.parametrize(
    ("new", "old", "same"),
    [
        (1.0, 1.0 + 5e-7, True),
        (1.0, 1.0 + 5e-6, False),
        ([1.2, 1.1, 1.3], [1.25, 1.15, 1.35], True),
        ([1.1, 1.0, 1.2], [1.25, 1.15, 1.35], False),
        ([-1.0000000002, -1.0000000003, -1.0], [-1.0, -1.0, -1.0], True),
        ("a", "a", True),
        ("a", "b", False),
        ([1.0, 0.0, 2.0], 1.0, False),
    ],
)
def test_exact_numbers_to_1e_6_sampled_ones_inside_the_recorded_interval(new, old, same):
    assert (record.differences("c", {"k": new}, {"k": old}) == []) is same


def test_statements_are_found_with_kind_label_and_title():
    text = "```{prf:theorem} A title\n:label: thm-a\n\nBody\n```\n\n```{prf:lemma}\n:nonumber:\n:label: lem-b\n```"
    assert record.statements(text) == [record.Statement("thm-a", "theorem", "A title"), record.Statement("lem-b", "lemma", "")]
    assert record.parent("thm-a-control-noise") == "thm-a"


def test_chapters_are_listed(project, capsys):
    assert cli.main(["chapters"]) == 0
    out = capsys.readouterr().out
    assert "01-a" in out
    assert "seed=0, scale=1.0; not executed yet" in out
    assert Path("notebooks").exists() is False  # listing changes nothing
