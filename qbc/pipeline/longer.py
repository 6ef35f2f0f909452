"""The record of runs with longer training: ``python -m qbc.pipeline.longer FOLDER FILE``.

FOLDER holds chapters executed with their parameter ``training`` above 1, FILE gets what became of their results and numbers: for each
chapter ``training``, ``turned`` (the labels of checks that did not come out as stated), ``checks`` (how many there are) and
``numbers`` (what was glued, but for the chapter's own ``longer-…``, which it reads from FILE).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from qbc.pipeline.chapters import Problem
from qbc.pipeline.notebooks import executed, load, verdicts
from qbc.pipeline.record import numbers


def longer(run: Path) -> dict[str, Any]:
    """What an executed chapter says of longer training. Raises ``Problem`` if it was not trained longer."""
    training = load(run)["metadata"].get("papermill", {}).get("parameters", {}).get("training", 1)
    if training <= 1:
        raise Problem(f"{run}: was executed with training = {training}: give `-p training 10` to `qbc run`")
    rows, glued = verdicts(run), numbers(run)
    turned = [r["label"] for r in rows if r["status"] != r["expect"]]
    shown = {k: v[0] if isinstance(v, list) else v for k, v in glued.items() if not k.startswith("longer-")}
    return dict(training=training, checks=len(rows), turned=turned, numbers=shown)


def record(folder: Path, file: Path) -> None:
    """Keep what every executed chapter in the folder says."""
    found = {stem: longer(run) for stem, run in executed(folder).items()}
    if not found:
        raise Problem(f"{folder}: holds no executed chapter")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", "utf8")


if __name__ == "__main__":
    try:
        record(*map(Path, sys.argv[1:3]))
    except Problem as e:
        sys.exit(f"qbc: {e}")
