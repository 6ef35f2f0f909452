"""A newcomer adds a chapter and does what CONTRIBUTING.md says, word for word."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qbc.pipeline import chapters

TOP, STEM = chapters.root(), "99-vote"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "_build", "runs", "*cache*")
RECORDED = "run `make expected`|run `make power`|expected/99-vote.json"  # what the step after these asks for


def steps():
    """The numbered steps of the section, with the names of the new chapter in them."""
    (section,) = re.findall(r"^## Add a chapter\n(.*?)^## ", (TOP / "CONTRIBUTING.md").read_text("utf8"), re.M | re.S)
    found = re.findall(r"^\d\. (.*?)(?=^\d\. |^$)", section, re.M | re.S)
    return [s.replace("NN-name", STEM).replace("NN", STEM[:2]) for s in found]


def said(step):
    """What stands between backquotes in a step."""
    return re.findall(r"`([^`]+)`", step)


def do(clone, command):
    """A command as it is printed, in the clone, with the programs of this environment."""
    program, *rest = shlex.split(command)
    here = Path(sys.executable).with_name(Path(program).name)
    words = [str(here) if here.is_file() else program, *rest, *(["-n", "0"] if program.endswith("pytest") else [])]
    return subprocess.run(words, cwd=clone, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"})


@pytest.fixture
def clone(tmp_path):
    return shutil.copytree(TOP, tmp_path / "clone", ignore=LEFT_OUT)


def test_the_steps_lead_to_a_chapter_that_runs_and_keeps_the_rules(clone):
    copy, register, run, _ = steps()
    assert not do(clone, said(copy)[0]).returncode
    title = re.search(r"^# (.+)$", (clone / "book" / f"{STEM}.md").read_text("utf8"), re.M)[1]
    file, titled = (line.replace("Its title", title) for line in said(register)[:2])
    toc = (clone / "_toc.yml").read_text("utf8")
    last = list(re.finditer(r"^( +)- file: notebooks/.*\n( +)title: .*\n", toc, re.M))[-1]
    (clone / "_toc.yml").write_text(f"{toc[: last.end()]}{last[1]}{file}\n{last[2]}{titled}\n{toc[last.end() :]}", "utf8")
    pair, execute, test = said(run)[:3]
    for command in (pair, execute):
        done = do(clone, command)
        assert not done.returncode, done.stderr
    assert not do(clone, f"qbc claims --from runs/{STEM[:2]}").returncode
    tested = do(clone, test).stdout
    failed = re.findall(r"^FAILED .*", tested, re.M)
    assert re.search(r"\b[1-9]\d+ passed", tested), tested
    assert len(failed) == len(re.findall(rf"^E  .*(?:{RECORDED})", tested, re.M)), tested
