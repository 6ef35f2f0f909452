"""Who may import whom: modules import downwards only, and torch stands behind one door."""

import ast
import subprocess
import sys

import pytest

from qbc.pipeline import chapters
from qbc.pipeline.science import DRAWS

QBC = chapters.root() / "qbc"
LEVEL = {
    "arrays": -1,
    "systems": 0,
    "quantizers": 0,
    "finite": 0,
    "divergences": 0,
    "claims": 0,
    "bounds": 0,
    "datasets": 0,
    "tasks": 1,
    "plots": 1,
    "live": 1,
    "joints": 1,
    "policies": 1,
    "couplings": 1,
    "noising": 1,
    "families": 1,
    "receding": 1,
    "primitives": 1,
    "representations": 1,
    "sequences": 2,
    "demonstrations": 2,
    "robots": 2,
    "diagnose": 3,
    "tokenizers": 2,
    "learn": 3,
    "benchmark": 4,
    "leaderboard": 5,
    "interventions": 4,
}
FILES = sorted(p for p in QBC.rglob("*.py"))


def room(path):
    """The module of qbc that a file belongs to: a package counts as one."""
    parts = path.relative_to(QBC).with_suffix("").parts
    return parts[0]


def imported(path):
    """Names of the modules a file imports, dotted."""
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{a.name}" for a in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(QBC)))
def test_modules_import_downwards(path):
    mine = room(path)
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("qbc.")} - {mine}
    if mine in ("pipeline", "cli"):
        asked = {"diagnose"} if mine == "cli" else set()  # a command of its own, imported where it is asked for
        assert ours <= {"pipeline"} | asked, f"{path}: the pipeline imports none of the science"
    elif mine != "__init__":
        assert mine in LEVEL, f"give {mine} a level here and a line in qbc/__init__.py"
        assert all(LEVEL[other] < LEVEL[mine] for other in ours), f"{mine} imports {ours}"
        assert f"``{mine}``" in (QBC / "__init__.py").read_text("utf8")


def test_only_learn_imports_torch():
    importers = {room(p) for p in FILES if any(n.split(".")[0] == "torch" for n in imported(p))}
    assert importers == {"learn"}


def test_the_rest_really_runs_without_torch():
    rest = ", ".join(m for m in LEVEL if m not in ("learn", "benchmark", "leaderboard", "interventions"))
    code = f"import sys; from qbc import {rest}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_robots_import_the_simulators():
    simulators = {"mujoco", "gymnasium", "gymnasium_robotics"}
    importers = {room(p) for p in FILES if simulators & {n.split(".")[0] for n in imported(p)}}
    assert importers == {"robots"}
    assert not [p for p in FILES if room(p) != "robots" for n in imported(p) if n.startswith("qbc.robots")]


BLOCKED = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
"""


def blocked(code, names=("mujoco", "gymnasium", "gymnasium_robotics")):
    """What a process without these packages, of the extra ``sim``, says of this code, and how it ends."""
    done = subprocess.run([sys.executable, "-c", BLOCKED.format(names=names) + code], check=False, capture_output=True, text=True)
    return done.returncode, done.stderr


def test_everything_else_runs_without_the_extra_sim():
    rest = ", ".join(m for m in LEVEL if m != "robots")
    assert blocked(f"from qbc import {rest}, cli\nfrom qbc.interventions import apply\napply('rollout')") == (0, "")


def test_without_the_extra_the_robots_say_in_one_line_what_to_install():
    code, said = blocked("from qbc import robots")
    assert code == 1
    last = said.strip().splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: no mujoco: install the extra sim with .venv/bin/python -m pip install")
    assert "During handling" not in said


DATA = ("h5py", "cramjam", "blosc")


def test_everything_runs_without_the_extra_data_until_a_file_asks_for_it(tmp_path):
    """Plain arrays need none of it; for HDF5 one line says what to install."""
    code = "import numpy as np\nfrom qbc.datasets import recognise\nnp.save('d.npy', np.ones((3, 2)))\n"
    code += "assert [p.actions.shape for p in recognise('d.npy').pieces()] == [(3, 2)]\n"
    assert blocked(f"import os; os.chdir({str(tmp_path)!r})\n{code}", DATA) == (0, "")
    (tmp_path / "d.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n")
    status, said = blocked(f"from qbc.datasets import recognise\nrecognise({str(tmp_path / 'd.hdf5')!r})", DATA)
    last = said.strip().splitlines()[-1]
    assert status == 1
    assert last.startswith("ModuleNotFoundError: no h5py: install the extra data with .venv/bin/python -m pip install")
    assert "During handling" not in said


def test_nothing_imports_the_extra_data_at_once():
    code = f"import sys, qbc, qbc.cli, qbc.datasets; sys.exit(bool(set({DATA}) & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_command_imports_the_science_only_where_it_is_asked_for():
    code = "import sys, qbc, qbc.cli; sys.exit('qbc.diagnose' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_the_extra_tokens_only_fast_says_what_to_install(tmp_path):
    """All other kinds need none of it; for FAST one line says what to install."""
    code = "import numpy as np\nfrom qbc import tokenizers as t\nrng = np.random.default_rng(0)\nu = rng.normal(size=(300, 8, 2))\n"
    everything = "assert all(t.fit(k, u, rng).h == 8 for k in t.KINDS if k != 'FAST')\n"
    assert blocked(code + everything, ("tokenizers",)) == (0, "")
    status, said = blocked(code + "t.fit('FAST', u, rng)", ("tokenizers",))
    assert status == 1
    last = said.strip().splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: no tokenizers: install the extra tokens with .venv/bin/python -m pip install")
    assert "During handling" not in said


def test_nothing_imports_the_extra_tokens_at_once():
    code = "import sys, qbc.tokenizers; sys.exit('tokenizers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nothing_imports_what_draws():
    drawing = {f"qbc.{name.removesuffix('.py')}" for name in DRAWS}
    assert not [p for p in FILES if drawing & set(imported(p))]


def test_nothing_imports_the_notebooks_or_the_tests():
    assert not [p for p in FILES for n in imported(p) if n.split(".")[0] in ("notebooks", "tests", "book")]
