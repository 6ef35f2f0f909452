"""The report as JSON: the fields of its dataclasses, by name; what is no finite number is null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from qbc.diagnose.report import Report


def as_json(r: Report) -> str:
    """One object. Keys stay while ``schema`` does."""
    return json.dumps(_plain(asdict(r) | {"faults": len(r.faults)}), indent=1, allow_nan=False)


def _plain(x: Any) -> Any:
    if isinstance(x, Mapping):
        return {str(k): _plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [_plain(v) for v in x]
    return None if isinstance(x, float) and not math.isfinite(x) else x
