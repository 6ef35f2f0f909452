"""Runs handed to a dask cluster: the same notebooks, in the caller's folder, whatever becomes of a worker."""

import json
import subprocess
import sys

import pytest
from made_up import FRONT, PARAMETERS

from qbc import cli
from qbc.pipeline import cluster, record

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.timeout(600)

HEAD = FRONT + PARAMETERS + "```{code-cell} ipython3\n"
JUDGED = """import numpy as np
from matplotlib import pyplot as plt
from qbc.claims import check, glue, mean
x = mean(np.random.default_rng(seed).normal(size=100))
glue("x", x)
check("thm-NAME", x, "<=", 3)
plt.plot([0, seed]);
```
"""
DEADLY = """import os, pathlib
once = pathlib.Path("once")
if not once.exists():
    once.touch()
    os.kill(os.getppid(), 9)
    os._exit(1)
```
"""
CLOCKS = {"start_time", "end_time", "duration", "output_path", "input_path"}


@pytest.fixture(scope="module")
def workers():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as both:
        both.wait_for_workers(2)
        yield both.scheduler_address


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "book").mkdir()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    monkeypatch.chdir(tmp_path)

    def write(**bodies):
        for name, body in bodies.items():
            (tmp_path / "book" / f"{name[1:].replace('_', '-')}.md").write_text(HEAD + body)
        return tmp_path

    return write


def without_clocks(path):
    nb = json.loads(path.read_text("utf8"))
    for part in (nb, *nb["cells"]):
        part["metadata"].get("papermill", {}).update(dict.fromkeys(CLOCKS))
        part["metadata"].pop("execution", None)
    return nb


def test_the_same_notebooks_as_here_in_the_callers_folder(workers, project):
    top = project(_01_a=JUDGED.replace("NAME", "a"), _02_b=JUDGED.replace("NAME", "b"))
    assert cli.main(["run", "--out", "there", "--scheduler", workers]) == 0
    assert cli.main(["run", "--out", "here"]) == 0
    for stem in ("01-a", "02-b"):
        there, here = (without_clocks(top / folder / f"{stem}.ipynb") for folder in ("there", "here"))
        assert there == here
    assert sorted(p.name for p in (top / "there").iterdir()) == ["01-a.ipynb", "02-b.ipynb"]
    before = (top / "there" / "01-a.ipynb").stat().st_mtime_ns
    assert cli.main(["run", "--out", "there", "--scheduler", "tcp://127.0.0.1:1"]) == 0  # nothing is left to do
    assert (top / "there" / "01-a.ipynb").stat().st_mtime_ns == before


def test_a_lost_workers_chapter_is_run_again(workers, project):
    top = project(_01_a=DEADLY, _02_b=JUDGED.replace("NAME", "b"))
    assert cli.main(["run", "--scheduler", workers]) == 0
    assert (top / "once").exists()
    assert sorted(record.executed(top / "_build" / "executed")) == ["01-a", "02-b"]


def test_a_failing_chapter_is_a_failed_outcome_with_its_notebook(workers, project, capsys):
    top = project(_01_a=JUDGED.replace("3)", "-3)"), _02_b=JUDGED.replace("NAME", "b"))
    assert cli.main(["run", "--scheduler", workers]) == 1
    said = capsys.readouterr().err.strip()
    failed = top / "_build" / "executed" / "01-a.failed.ipynb"
    assert said.startswith("qbc: 01-a: cell 2 failed with ClaimError")
    assert said.endswith(f"(see {failed})")
    assert [r["status"] for r in record.ledger(failed.parent)] == ["violated", "holds"]
    project(_01_a=JUDGED)
    assert cli.main(["run", "--scheduler", workers]) == 0
    assert not failed.exists()


def test_interventions_reach_the_workers(workers, project):
    top = project(_01_a=JUDGED)
    assert cli.main(["power", "--only", "data", "--scheduler", workers]) == 0
    assert sorted(p.name for p in (top / "_build" / "power" / "01-a").iterdir()) == ["data.ipynb", "none.ipynb"]


def test_workers_of_another_clone_are_refused_in_one_line(workers, project, capsys, monkeypatch):
    top = project(_01_a=JUDGED)
    monkeypatch.setattr(cluster, "key", lambda nb, values: "another")
    assert cli.main(["run", "--scheduler", workers]) == 1
    line = "qbc: 01-a: the worker's clone or environment is not the caller's: bring both to the same commit and lock\n"
    assert capsys.readouterr().err == line
    assert not list((top / "_build" / "executed").iterdir())


# --- no cluster there: one line


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tcp://127.0.0.1", "nowhere", "carrier-pigeon://here"])
def test_no_scheduler_there(project, capsys, monkeypatch, address):
    project(_01_a=JUDGED)
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    assert cli.main(["run", "--scheduler", address]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"qbc: no dask scheduler answers at {address}: ")
    assert said.count("\n") == 1


def test_a_scheduler_without_workers(project, capsys):
    project(_01_a=JUDGED)
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty:
        assert cli.main(["run", "--scheduler", empty.scheduler_address]) == 2
        address = empty.scheduler_address
    assert capsys.readouterr().err == f"qbc: the scheduler at {address} has no workers: start one with `dask worker {address}`\n"


def test_without_dask_the_extra_is_named(project, capsys, monkeypatch):
    project(_01_a=JUDGED)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert cli.main(["run", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err == "qbc: --scheduler needs dask.distributed: pip install -e '.[cluster]' -c constraints.txt\n"


def test_dask_is_imported_only_then(project):
    project(_01_a=JUDGED)
    code = "import sys; from qbc import cli; cli.main(['run']); cli.main(['claims']); sys.exit('distributed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
