"""One truth for the environment: requirements.in, its lock, environment.yml and pyproject agree."""

import re
import tomllib

import yaml
from packaging.requirements import Requirement

from qbc.pipeline import chapters

TOP = chapters.root()


def pins(name):
    lines = (re.sub(r"\s+#.*|^#.*", "", x).strip() for x in (TOP / name).read_text("utf8").splitlines())
    return {r.name.lower().replace("_", "-"): str(r.specifier) for r in (Requirement(x) for x in lines if x)}


def test_every_requirement_is_pinned_and_locked_to_the_same_version():
    wanted, locked = pins("requirements.in"), pins("constraints.txt")
    assert all(spec.startswith("==") for spec in {**wanted, **locked}.values())
    assert {n: locked.get(n) for n in wanted} == wanted


def test_environment_yml_installs_this_lock_and_nothing_else():
    env = yaml.safe_load((TOP / "environment.yml").read_text("utf8"))
    conda = [d for d in env["dependencies"] if isinstance(d, str)]
    pip = next(d["pip"] for d in env["dependencies"] if isinstance(d, dict))
    python = tomllib.loads((TOP / "pyproject.toml").read_text("utf8"))["project"]["requires-python"]
    assert conda == [f"python{python}", "pip"]
    assert pip == ["-r requirements.in", "-c constraints.txt", "-e .[sim,data,tokens]"]


def test_the_build_backend_is_the_locked_one():
    backend = tomllib.loads((TOP / "pyproject.toml").read_text("utf8"))["build-system"]["requires"]
    assert backend == [f"setuptools{pins('constraints.txt')['setuptools']}"]


def test_the_clients_packages_are_there():
    assert {"jupyter-book", "jupytext", "numpy", "torch", "matplotlib", "seaborn", "papermill", "pytest"} <= set(
        pins("requirements.in")
    )


def test_jupyter_book_stays_below_2():
    assert pins("constraints.txt")["jupyter-book"].startswith("==1.")


def test_the_extras_are_locked_or_pinned_tools_that_nothing_else_needs():
    extras = tomllib.loads((TOP / "pyproject.toml").read_text("utf8"))["project"]["optional-dependencies"]
    assert extras.keys() == {"cluster", "bench", "mutants", "sim", "data", "tokens"}
    assert extras["cluster"] == [f"distributed{pins('constraints.txt')['distributed']}"]
    for tool in map(Requirement, extras["sim"] + extras["data"] + extras["tokens"]):
        assert pins("constraints.txt")[tool.name] == str(tool.specifier)
        assert tool.name not in pins("requirements.in")
    (peer,) = map(Requirement, extras["bench"])  # the simulators' gymnasium, which a clone without them may install alone
    assert str(peer.specifier) == pins("constraints.txt")[peer.name]
    (tool,) = map(Requirement, extras["mutants"])
    assert str(tool.specifier).startswith("==")
    assert tool.name not in pins("constraints.txt")
