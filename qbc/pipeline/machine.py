"""What kind of machine this is, as far as times depend on it: its processor and its cores, and no name of it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def processor(file: Path = Path("/proc/cpuinfo")) -> str:
    lines = file.read_text("utf8").splitlines() if file.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def machine() -> dict[str, Any]:
    return {"processor": processor(), "cores": os.cpu_count() or 1}


def kinds(noted: Iterable[Mapping[str, Any] | None]) -> str:
    """The kinds of machines that runs were made on, each once, in words."""
    found = [f"{m['cores']} core{'s'[: m['cores'] != 1]} of {m['processor']}" if m else "a machine that was not noted" for m in noted]
    return " or ".join(dict.fromkeys(found))
