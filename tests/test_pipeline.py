"""The pipeline on a made-up book: what is executed when and in which order, what survives a failure, what the command says."""

import errno
import os
import signal
import subprocess
import time
from copy import deepcopy
from pathlib import Path

import psutil
import pytest
from made_up import BODY, cell, command, edit, write

from qbc import cli
from qbc.pipeline import chapters, execute, jobs, keys, record


def run(top, out="_build/executed", given=(), names=()):
    return [o.status for o in jobs.run(chapters.find(top, names), top / out, given, jobs=2, say=lambda _: None)]


# --- what is executed when, and in which order


def test_nothing_changed_executes_nothing_and_a_change_executes_that_chapter(done):
    out = done / "_build" / "executed"
    before = {p.name: p.stat().st_mtime_ns for p in out.glob("*.ipynb")}
    assert run(done) == ["unchanged"] * 2
    assert {p.name: p.stat().st_mtime_ns for p in out.glob("*.ipynb")} == before
    edit(done / "book" / "02-b.md", "int(100", "int(101")
    assert run(done) == ["unchanged", "executed"]


def test_the_key_depends_on_all_contents_parameters_and_what_is_used_of_the_module(executed, tmp_path):
    nb = chapters.derive(chapters.find(executed)[0])
    nb.cells[-1].source += "\nimport qbc.a"
    (tmp_path / "a.py").write_text("x = 1")
    base = keys.key(nb, {}, tmp_path)
    assert keys.key(nb, {"seed": 1}, tmp_path) != base
    (tmp_path / "b.py").write_text("x = 2")
    assert keys.key(nb, {}, tmp_path) == base
    tagged, longer = deepcopy(nb), deepcopy(nb)
    tagged.cells[-1].metadata["tags"] = ["hide-input"]
    longer.cells[-1].source += "\n# more"
    assert len({base, keys.key(tagged, {}, tmp_path), keys.key(longer, {}, tmp_path)}) == 3


def test_the_key_depends_on_the_files_that_cells_name(project):
    chapter = chapters.find(project)[0]
    edit(chapter.text, "import numpy", '%config InlineBackend.figure_formats = ["svg"]\ntable = "book/table.json"\nimport numpy')
    found = [keys.read_by(chapter, chapters.derive(chapter))]
    assert found == [{}]
    for said in ("1", "2"):
        (project / "book" / "table.json").write_text(said)
        assert list(keys.read_by(chapter, chapters.derive(chapter))) == ["book/table.json"]
        assert run(project) == ["executed"]
        assert keys.stale([chapter], project / "_build" / "executed") == []
    (project / "book" / "table.json").write_text("3")
    assert keys.stale([chapter], project / "_build" / "executed")


def test_same_seed_same_numbers_and_parameters_reach_the_chapter(executed, done):
    run(done, "again")
    run(done, "other", [("seed", "7"), ("scale", "2")], ["01"])
    for stem, path in record.executed(executed / "_build" / "executed").items():
        assert record.numbers(path) == record.numbers(done / "again" / f"{stem}.ipynb")
    assert record.numbers(done / "other" / "01-a.ipynb")["x"] != record.numbers(done / "again" / "01-a.ipynb")["x"]


def test_the_longest_run_is_first_and_the_unknown_before_it(project, monkeypatch):
    order = []
    monkeypatch.setattr(jobs, "execute", lambda job, *_: order.append(job.name) or execute.Outcome(job.name, "executed", 0.0))
    write(project, _01_a=BODY, _02_b=BODY, _03_c=BODY, _04_d=BODY)
    times = {"01-a": 3.0, "02-b": 200.0, "04-d": 40.0}
    outcomes = jobs.run(chapters.find(project), project / "out", jobs=1, times=times, say=lambda _: None)
    assert order == ["03-c", "02-b", "04-d", "01-a"]
    assert [o.stem for o in outcomes] == sorted(order)


def test_a_relative_out_serves_several_chapters_at_once(project):
    write(project, _02_b=BODY, _03_c=BODY)
    assert cli.main(["run", "--jobs", "2", "--out", "here"]) == 0
    assert sorted(p.name for p in (project / "here").iterdir()) == ["01-a.ipynb", "02-b.ipynb", "03-c.ipynb"]


def test_two_commands_run_into_one_folder(project):
    write(project, _02_b=BODY + cell("import time; time.sleep(3)"))
    words, how = command("run", "--jobs", 2, "--out", "same", cwd=project)
    heed = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(words, **how) as first, subprocess.Popen(words, **how) as second:
        signal.signal(signal.SIGINT, heed)
        deadline = time.monotonic() + 120
        while len(list((project / "same").glob(".02-b.*"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        first.send_signal(signal.SIGINT)  # ends its own run only
        first.communicate(timeout=120)
        assert first.returncode == 130
        assert second.communicate(timeout=120)[1] == ""
    assert second.returncode == 0
    assert sorted(p.name for p in (project / "same").iterdir()) == ["01-a.ipynb", "02-b.ipynb"]


# --- failures


def test_a_false_claim_fails_the_build_by_name_and_the_good_output_stays(project, capsys):
    out = project / "_build" / "executed"
    assert cli.main(["run"]) == 0
    good = (out / "01-a.ipynb").read_bytes()
    edit(project / "book" / "01-a.md", 'x, "<=", 3', 'x, ">=", 3')
    assert cli.main(["book"]) == 1
    said = capsys.readouterr().err
    assert "01-a: cell 2 failed with ClaimError" in said
    assert "'thm-a' is not as the book states" in said
    assert "previous one is untouched" in said
    assert (out / "01-a.ipynb").read_bytes() == good
    assert cli.main(["claims"]) == 1  # the ledger shows the failed run
    assert "NOT holds" in capsys.readouterr().out
    edit(project / "book" / "01-a.md", '"thm-a", x, ">=", 3', '"thm-a", x, "<=", 3')
    assert cli.main(["run"]) == 0
    assert not list(out.glob("*.failed.ipynb"))


def test_a_full_disk_is_one_line(project, monkeypatch, capsys):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(execute.papermill, "execute_notebook", full)
    assert cli.main(["run", "--out", str(project / "there")]) == 1
    assert capsys.readouterr().err.strip() == f"qbc: 01-a: cannot write {project / 'there'}: No space left on device"
    assert not list((project / "there").iterdir())


def test_a_timeout_names_chapter_cell_and_seconds(project, capsys):
    write(project, _01_a=cell("import time") + cell("time.sleep(2)") * 3)
    assert cli.main(["run", "--timeout", "3"]) == 1  # of the chapter, not of each cell
    failed = project / "_build" / "executed" / "01-a.failed.ipynb"
    assert capsys.readouterr().err in [
        f"qbc: 01-a: cell {i} was still running after 3 s, the time allowed (see {failed})\n" for i in (2, 3, 4)
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_kernels_and_leaves_nothing_half_written(tmp_path, number):
    write(tmp_path, _01_a=BODY, _02_b=cell("import time\ntime.sleep(300)"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "02-b.failed.ipynb").write_text("of an earlier run")
    (tmp_path / "tmp").mkdir()
    words, how = command(
        "run", "--jobs", 2, "--out", tmp_path / "out", cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path / "tmp")}
    )
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
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["01-a.ipynb", "02-b.failed.ipynb"]
    assert (tmp_path / "out" / "02-b.failed.ipynb").read_text() == "of an earlier run"
    assert not list((tmp_path / "tmp").glob("qbc-*"))


# --- one clear line for bad input

NOTHING = "no executed chapters in {top}/_build/executed: run `make book`, or `qbc run --out {top}/_build/executed`"


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
        (["run", "01", "--out", "notebooks"], "--out notebooks lies in notebooks/, which holds sources: name another folder"),
        (["power", "01", "--out", "tests/expected"], "--out tests/expected lies in tests/, which holds sources: name another folder"),
        (["claims"], NOTHING),
        (["claims", "--from", "nowhere"], "no executed chapters in nowhere: run `make book`, or `qbc run --out nowhere`"),
        (["expected", "--check"], NOTHING),
    ],
)
def test_bad_input_gets_one_line(project, capsys, words, said):
    assert cli.main(words) == 2
    captured = capsys.readouterr()
    assert captured.err == f"qbc: {said.format(top=project)}\n"
    assert captured.out == ""


def test_outside_a_clone_and_in_one_without_chapters(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    assert cli.main(["expected"]) == 2
    assert capsys.readouterr().err == f"qbc: no chapters here: {tmp_path}/book holds no NN-name.md\n"
    (tmp_path / "_toc.yml").unlink()
    assert cli.main(["chapters"]) == 2
    assert capsys.readouterr().err.startswith("qbc: no book here")


@pytest.mark.parametrize("words", [[], ["run"], ["claims"], ["book"], ["chapters"], ["pair"], ["expected"], ["power"]])
def test_help_answers(words, capsys):
    with pytest.raises(SystemExit) as e:
        cli.main([*words, "--help"])
    assert e.value.code == 0
    assert "usage: qbc" in capsys.readouterr().out


def test_chapters_are_listed(project, capsys):
    assert cli.main(["chapters"]) == 0
    out = capsys.readouterr().out
    assert "01-a" in out
    assert "seed=0, scale=1.0; not executed" in out
    assert Path("notebooks").exists() is False  # listing changes nothing
