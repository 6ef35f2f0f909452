"""A record that cannot be fooled: runs that end early or withhold verdicts, and surroundings that are not the clone's."""

import json
import os
import shutil
import subprocess
import sys
import threading

import pytest
from made_up import FALSE, HOLDS, cell, command, write

from qbc import cli
from qbc.pipeline import chapters, complete, power, record, render
from qbc.pipeline.science import PACKAGE

# --- runs that end early, or whose verdicts are withheld

CHECK = "from qbc.claims import check\n"
ENDS = {
    "a-exit": (cell("import sys; sys.exit(0)") + cell(CHECK + FALSE), "cell 2 ended the run"),
    "b-raise": (cell(CHECK + HOLDS + "\nraise SystemExit"), "cell 2 ended the run"),
    "c-dies": (cell("import os; os._exit(0)") + cell(CHECK + FALSE), "cell 2 failed with DeadKernelError"),
    "c-crashes": (
        cell("import ctypes; ctypes.string_at(0)") + cell(CHECK + FALSE),
        "cell 2 failed with DeadKernelError: Kernel died, its last words: Fatal Python error: Segmentation fault",
    ),
    "c-noisy": (  # a thread of the kernel that speaks while it ends
        cell("import atexit, sys; atexit.register(print, 'noise', file=sys.__stderr__)") + cell(CHECK + FALSE),
        "cell 3 failed with ClaimError",
    ),
    "d-swallowed": (
        cell(CHECK + f"try:\n    {FALSE}\nexcept AssertionError:\n    pass"),
        "cell 2 shows that 'thm-a' is violated, the book states holds",
    ),
    "e-not-called": (cell(CHECK + f"def f():\n    {FALSE}"), "its text has a check 'thm-a' that shows no verdict"),
    "f-captured": (cell("%%capture\n" + CHECK + HOLDS), "its text has a check 'thm-a' that shows no verdict"),
    "g-skipped": (cell(":tags: [skip-execution]\n" + CHECK + HOLDS), "cell 2 was not executed"),
    "h-allowed": (cell(":tags: [raises-exception]\n" + CHECK + FALSE) + cell("1"), "cell 2 failed with ClaimError"),
    "k-expects": (
        cell(CHECK + f'low = True\n{FALSE[:-1]}, expect="violated" if low else "holds")'),
        "cell 2 states that 'thm-a' is violated: a result holds, and its control, <label>-control, does not",
    ),
    "i-no-python": (cell("this is no Python"), "cell 2 failed with SyntaxError: invalid syntax"),
    "j-slow": (cell("import time; time.sleep(300)"), "cell 2 was still running after 20 s, the time allowed"),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """All of them, run at once: the clone, the exit status and what was said."""
    top = tmp_path_factory.mktemp("ended")
    write(top, **{f"_{i:02}_{name.replace('-', '_')}": body for i, (name, (body, _)) in enumerate(ENDS.items())})
    words, how = command("run", "--jobs", "3", "--timeout", "20", cwd=top)
    result = subprocess.run(words, **how, check=False)
    return top, result.returncode, result.stderr.splitlines()


@pytest.mark.parametrize("name", ENDS)
def test_a_run_that_is_not_whole_has_failed(ended, name):
    top, code, said = ended
    assert code == 1
    assert len(said) == len(ENDS)
    (line,) = [x for x in said if f"-{name}: " in x]
    assert f"{name}: {ENDS[name][1]}" in line
    assert [p.name for p in (top / "_build" / "executed").glob(f"*-{name}*")] == [line.split(": ")[1] + ".failed.ipynb"]


def test_the_ledger_of_such_runs_is_not_green(ended, monkeypatch, capsys):
    top = ended[0]
    monkeypatch.chdir(top)
    assert cli.main(["claims"]) == 1
    assert "00-a-exit: its last run failed" in capsys.readouterr().err
    whole = top / "elsewhere"
    whole.mkdir()
    shutil.copy(top / "_build" / "executed" / "00-a-exit.failed.ipynb", whole / "00-a-exit.ipynb")  # as if it had not
    assert cli.main(["claims", "--from", str(whole)]) == 1
    assert "00-a-exit: cell 2 ended the run" in capsys.readouterr().err
    assert cli.main(["expected", "--check", "--from", str(whole)]) == 1
    assert "00-a-exit: cell 2 ended the run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "shown", "missing"),
    [
        ('check("a", 1)\ncheck("a-control", 1)', ["a"], "a-control"),
        ('for i in x:\n    check("a", 1)\ncheck("b", 1)', ["a", "a"], "b"),
        ('check("a", 1)\ncheck("a", 1)', ["a"], "a"),
        ('for k in x:\n    check(f"a-control-{k}", 1)', ["a-control-1", "a-control-2"], ""),
        ('check("a", 1)\ncheck(f"a-control-{k}", 1)', ["a"], "a-control-{}"),
        ('check("a", 1)\ncheck(name, 1)', ["a"], "{}"),
        ('claims.check(label="a")', [], "a"),
        ("from qbc.claims import check as c\nc('a')", [], "a"),
        ("import qbc.claims as c\nc.check('a')", [], "a"),
        ("import qbc\nqbc.claims.check('a')", [], "a"),
        ("from qbc import claims as c\nc.check('a')", [], "a"),
        ("ok = check\nif x:\n    ok('a')", [], "{}"),
        ("ok = partial(check, tol=1)\nok('a')", ["a"], ""),
        ('%time check("a", 1)\nx = 1', [], "a"),
        ('x = !ls\ncheck("a", 1)', [], "a"),
        ('# check("a")\n"check(1)"\nother.check(1)', [], ""),
    ],
)
def test_every_check_of_the_text_has_its_verdict(code, shown, missing):
    nb = {"cells": [{"cell_type": "markdown", "source": "check('b')"}, {"cell_type": "code", "source": code}]}
    assert complete.unanswered(complete.checks_written(nb), shown) == missing


# --- another environment

FACTS = """import os, sys
import matplotlib as mpl
from qbc.claims import glue
glue("python", sys.executable)
glue("folder", os.getcwd())
glue("dpi", float(mpl.rcParams["figure.dpi"]))
glue("font", float(mpl.rcParams["font.size"]))
glue("threads", ",".join(sorted(v for k, v in os.environ.items() if k.endswith("_NUM_THREADS"))))
glue("started", str("started" in globals() or hasattr(sys, "started")))
try:
    import lurking
except ImportError:
    lurking = None
glue("lurking", str(lurking))"""


@pytest.fixture
def hostile(project):
    """A user's settings that would change what a chapter shows, in every place they are looked for."""
    write(project, _01_a=cell(FACTS))
    home, below = project / "home", project / "below"
    spec = home / "jupyter" / "kernels" / "python3"
    for folder in (spec, below, home / ".ipython" / "profile_default" / "startup", home / ".config" / "matplotlib", home / "lib"):
        folder.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}))
    start = home / ".ipython" / "profile_default" / "startup" / "00.py"
    start.write_text("import sys; sys.started = started = True")
    for folder in (project, below, home / ".config" / "matplotlib", home):
        (folder / "matplotlibrc").write_text("figure.dpi: 33\nfont.size: 33\n")
    for folder in (project, below, home / "lib"):
        (folder / "lurking.py").write_text("")
    settings = {
        "HOME": home,
        "JUPYTER_PATH": home / "jupyter",
        "JUPYTER_DATA_DIR": home / "jupyter",
        "IPYTHONDIR": home / ".ipython",
        "PYTHONSTARTUP": start,
        "PYTHONPATH": home / "lib",
        "MATPLOTLIBRC": home / "matplotlibrc",
        "MPLCONFIGDIR": home / ".config" / "matplotlib",
        "MPLBACKEND": "pdf",
        "OMP_NUM_THREADS": 2,
        "OPENBLAS_NUM_THREADS": 2,
    }
    return project, below, os.environ | {k: str(v) for k, v in settings.items()}


def test_kernels_start_from_this_interpreter_and_nothing_of_the_users(hostile):
    project, below, env = hostile
    words, how = command("run", cwd=below, env=env)
    result = subprocess.run(words, **how, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert record.numbers(project / "_build" / "executed" / "01-a.ipynb") == {
        "python": sys.executable,
        "folder": str(project),  # the clone's, wherever the command was called
        "dpi": 100.0,
        "font": 10.0,
        "threads": "1",
        "started": "False",
        "lurking": "None",
    }


def test_a_kernel_under_an_intervention_is_as_bare(hostile, monkeypatch):
    project, _, env = hostile
    for k, v in env.items():
        monkeypatch.setenv(k, v)
    runs = power.Power(chapters.find(project), project / "out", workers=1, times={}, say=lambda _: None)
    runs.run([])
    assert runs.errors == []
    found = record.numbers(project / "out" / "01-a" / "none.ipynb")
    assert (found["dpi"], found["font"], found["started"], found["lurking"]) == (100.0, 10.0, "False", "None")


def test_another_qbc_on_the_path_is_refused(project):
    shutil.copytree(PACKAGE, project / "lib" / "qbc", ignore=shutil.ignore_patterns("__pycache__"))
    words, how = command("run", cwd=project, env=os.environ | {"PYTHONPATH": str(project / "lib")})
    result = subprocess.run(words, **how, check=False)
    assert result.returncode == 2
    assert f"qbc: this command runs {project}/lib/qbc, its kernels import {PACKAGE}" in result.stderr
    assert not list((project / "_build" / "executed").iterdir())


# --- two at a time


def test_two_builds_of_one_clone_take_turns(tmp_path):
    ended = []

    def other():
        with render.alone(tmp_path):
            ended.append("other")

    thread = threading.Thread(target=other)
    with render.alone(tmp_path):
        thread.start()
        thread.join(0.2)
        ended.append("one")
    thread.join()
    assert ended == ["one", "other"]
