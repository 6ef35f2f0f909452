"""What a record was made from, in sixteen digits: another text or other tests, and it is an old one."""

from __future__ import annotations

import hashlib
from pathlib import Path

HERE = Path(__file__).parent
TOP = HERE.parent.parent


def key(module: str, tests: list[str]) -> str:
    """Of the module, its tests, and how mutants are made and tried."""
    files = [TOP / "qbc" / f"{module}.py", HERE / "mutate.py", HERE / "trial.py"]
    files += [TOP / "tests" / t.partition("::")[0] for t in ("conftest.py", "made_up.py", *tests)]
    return hashlib.sha256("".join([*tests, *(f.read_text("utf8") for f in files)]).encode()).hexdigest()[:16]
