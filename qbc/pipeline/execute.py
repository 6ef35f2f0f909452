"""Executing one chapter with papermill: to its last cell or not at all, never losing a good output to a bad run."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill
from nbclient.exceptions import CellTimeoutError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from qbc.pipeline.complete import incomplete
from qbc.pipeline.kernel import kernel
from qbc.pipeline.machine import machine

OURS = uuid.uuid4().hex[:8]  # in the names of this process's half-written files: another one may run into the same folder
logging.getLogger("papermill").setLevel(logging.CRITICAL)  # an outcome says what went wrong, once
QUIET = {"extra_arguments": ["--IPKernelApp.log_level=50"]}  # else kernels warn of local sockets and of their own end


@dataclass(frozen=True)
class Job:
    """One run of one chapter: the notebook with its key in the metadata, the parameters, where the outcome goes."""

    name: str
    nb: NotebookNode
    values: dict[str, Any]
    out: Path  # of the executed notebook
    top: Path  # of the clone: where the kernel stands
    intervention: str = ""  # "": none, and a verdict that is not as stated is raised
    timeout: float | None = None  # seconds

    @property
    def failed(self) -> Path:
        return self.out.with_name(f"{self.out.stem}.failed.ipynb")


@dataclass(frozen=True)
class Outcome:
    """What became of one run: ``executed``, ``unchanged`` or ``failed`` (then ``error`` names the cell and the error)."""

    stem: str
    status: str
    seconds: float
    error: str = ""


def _line(text: str) -> str:
    return " ".join(text.split())[:1000]


def _running(part: Path) -> int | str:
    """The last cell that a half-executed notebook had begun."""
    try:
        cells = json.loads(part.read_text("utf8"))["cells"]
    except (OSError, ValueError, KeyError):
        return "?"
    begun = [i for i, c in enumerate(cells) if c["metadata"].get("papermill", {}).get("start_time")]
    return begun[-1] if begun else "?"


def _attempt(job: Job, part: Path, start: float, bar: dict[str, Any]) -> str:
    """Execute into the file ``part``; returns what went wrong, in one line."""

    def left(_: Any) -> float | None:
        return None if job.timeout is None else max(0.05, start + job.timeout - time.monotonic())

    manager = kernel(job.intervention)
    job.nb.metadata["qbc"] = {**job.nb.metadata["qbc"], "machine": machine()}
    options = dict(
        kernel_manager_class=manager,
        resources={"metadata": {"path": str(job.top)}},
        timeout_func=left,
        allow_errors=bool(job.intervention),
        iopub_timeout=60,  # a busy machine
        **QUIET,
    )
    try:
        papermill.execute_notebook(job.nb, str(part), parameters=job.values, kernel_name="python3", progress_bar=bar, **options)
    except PapermillExecutionError as e:
        if job.intervention:  # a cell that cannot run without what was taken away: the others did
            return ""
        return f"cell {e.cell_index} failed with {e.ename}: {_line(e.evalue)}"
    except CellTimeoutError as e:
        if job.timeout is None or time.monotonic() < start + job.timeout:  # the kernel answers, its outputs do not come
            return f"cell {_running(part)} failed with {type(e).__name__}: {_line(str(e))}"
        return f"cell {_running(part)} was still running after {job.timeout:g} s, the time allowed"
    except OSError as e:
        part.unlink(missing_ok=True)
        return f"cannot write {job.out.parent}: {e.strerror or e}"
    except Exception as e:  # a kernel that died, say: the other runs go on
        words = f", its last words: {_line(manager.last_words)}" if manager.last_words else ""
        return f"cell {_running(part)} failed with {type(e).__name__}: {_line(str(e))}{words}"
    return "" if job.intervention else incomplete(json.loads(part.read_text("utf8")))


def execute(job: Job, bar: dict[str, Any] | bool = False, interrupted: Callable[[], bool] = lambda: False) -> Outcome:
    """Execute into a hidden file; rename it over the last good output on success, aside to ``.failed`` otherwise."""
    start = time.monotonic()
    part = job.out.with_name(f".{job.out.stem}.{OURS}-{uuid.uuid4().hex[:8]}.part.ipynb")
    error = _attempt(job, part, start, bar)  # type: ignore[arg-type]
    seconds = time.monotonic() - start
    if not error:
        part.replace(job.out)
        job.failed.unlink(missing_ok=True)
        return Outcome(job.name, "executed", seconds)
    if part.is_file() and not interrupted():
        part.replace(job.failed)
        error += f" (see {job.failed})"
    return Outcome(job.name, "failed", seconds, f"{job.name}: {error}")


def done(job: Job) -> bool:
    """Whether the outcome of this very job is there already, whole."""
    try:
        nb = json.loads(job.out.read_text("utf8"))
        made = nb["metadata"]["qbc"]["key"] == job.nb.metadata["qbc"]["key"] and nb["metadata"]["papermill"]["end_time"]
        return bool(made and (job.intervention or not incomplete(nb)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
