"""Mutants: which there are, a record for each listed module, nine of ten killed, and a reason for each that survived."""

import json
import tomllib
from pathlib import Path

import pytest
from mutants import keys

HERE = Path(__file__).parent / "mutants"
MODULES = tomllib.loads((HERE / "modules.toml").read_text("utf8"))


def test_each_record_is_of_a_listed_module_and_each_listed_module_of_the_core_has_tests():
    assert {p.stem for p in (HERE / "records").glob("*.json")} <= {m.replace("/", "-") for m in MODULES}
    for module, tests in MODULES.items():
        assert (HERE.parent.parent / "qbc" / f"{module}.py").exists()
        assert tests
        assert all((HERE.parent / t.partition("::")[0]).exists() for t in tests)


@pytest.mark.parametrize("module", MODULES)
def test_nine_of_ten_mutants_are_killed_and_the_others_explained(module):
    """Skipped, after it was read, where the record is of another text: its mutants were not those of today."""
    record = HERE / "records" / f"{module.replace('/', '-')}.json"
    if not record.exists():
        pytest.skip(f"{module} has no record yet: run `make mutants`")
    found = json.loads(record.read_text("utf8"))
    assert found["mutants"] == found["killed"] + len(found["survivors"])
    assert found["killed"] >= 0.9 * found["mutants"] > 0
    for s in found["survivors"]:
        assert s["reason"].startswith(("equivalent: ", "accepted: ")), f"{s['in']}: {s['now']}"
    if found["key"] != keys.key(module, MODULES[module]):
        pytest.skip(f"the record of {module} is of another text or other tests: run `make mutants`")


def test_a_record_is_old_once_the_module_or_its_tests_are_others(tmp_path, monkeypatch):
    for folder, names in (("qbc", ["a.py"]), ("tests", ["conftest.py", "made_up.py", "test_a.py", "test_b.py"])):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text("x = 1")
    monkeypatch.setattr(keys, "TOP", tmp_path)
    was = keys.key("a", ["test_a.py"])
    assert was == keys.key("a", ["test_a.py"]) != keys.key("a", ["test_a.py", "test_b.py"])
    for changed in ("qbc/a.py", "tests/test_a.py", "tests/conftest.py"):
        (tmp_path / changed).write_text("x = 2")
        assert keys.key("a", ["test_a.py"]) != was
        (tmp_path / changed).write_text("x = 1")
    assert keys.key("a", ["test_a.py"]) == was
    (tmp_path / "tests" / "test_a.py").write_text("from laws import law\nimport numpy")
    (tmp_path / "tests" / "laws.py").write_text("import more_laws")
    kept = keys.key("a", ["test_a.py"])
    for helper in ("laws.py", "more_laws.py"):
        (tmp_path / "tests" / helper).write_text("x = 3\nimport more_laws")
        assert kept != (kept := keys.key("a", ["test_a.py"]))


TEXT = """
EXAMPLES: dict[str, int | float] = {"a": 1}

@final
class A:
    def f(self, x: int | None = None) -> int | float:
        return min(x * 2, 0)
"""


def test_the_mutants_of_a_small_module(monkeypatch):
    """Neither of annotations nor of examples nor of a decorator that does nothing."""
    pytest.importorskip("cosmic_ray", reason="an extra that only `make mutants` needs")
    monkeypatch.syspath_prepend(HERE)
    from mutate import mutants

    found = mutants(TEXT)
    assert {m.where for m in found} == {"A.f"}
    assert {m.was for m in found} == {"return min(x * 2, 0)"}
    said = [m.now.replace(" ", "").removeprefix("returnmin") for m in found]
    assert sorted(said) == ["(x*1,0)", "(x*2,-1)", "(x*2,1)", "(x*3,0)", "(x/2,0)", "returnmax(x*2,0)"]
    assert all(m.text.count("\n") == TEXT.count("\n") and m.text != TEXT for m in found)
