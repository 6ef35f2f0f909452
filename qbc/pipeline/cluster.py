"""Handing runs to the workers of a dask scheduler; the outcomes come back into the caller's folders.

Scheduler and workers are started in the clone's environment: both unpickle what they are sent.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qbc.pipeline.chapters import Problem
from qbc.pipeline.execute import Job, Outcome, execute
from qbc.pipeline.jobs import fonts
from qbc.pipeline.keys import key
from qbc.pipeline.science import PACKAGE

Told = Callable[[Iterable[Outcome]], None]
PATIENCE = 10  # seconds in which a scheduler must answer


def remote(job: Job, whose: str) -> tuple[Outcome, bytes]:
    """On a worker: execute in a folder of its own; the outcome, and the executed notebook as bytes."""
    if key(job.nb, job.values) != whose:
        error = f"{job.name}: the worker's clone or environment is not the caller's: bring both to the same commit and lock"
        return Outcome(job.name, "failed", 0.0, error), b""
    fonts()
    with tempfile.TemporaryDirectory(prefix="qbc-") as folder:
        here = replace(job, out=Path(folder) / job.out.name, top=job.top if job.top.is_dir() else PACKAGE.parent)
        outcome = execute(here)
        made = next((p for p in (here.out, here.failed) if p.is_file()), None)
        return outcome, made.read_bytes() if made else b""


def _kept(job: Job, outcome: Outcome, made: bytes) -> Outcome:
    """On the caller's side: put the notebook where the job wants it."""
    good = outcome.status == "executed"
    target = job.out if good else job.failed
    part = job.out.with_name(f".{job.out.stem}.{uuid.uuid4().hex[:8]}.part.ipynb")
    try:
        if made:
            part.write_bytes(made)
            part.replace(target)
        if good:
            job.failed.unlink(missing_ok=True)
    except OSError as e:
        part.unlink(missing_ok=True)
        return replace(outcome, status="failed", error=f"{job.name}: cannot write {job.out.parent}: {e.strerror or e}")
    if good or not made:
        return outcome
    return replace(outcome, error=f"{outcome.error.rpartition(' (see ')[0]} (see {target})")


def hand_out(jobs: Sequence[Job], scheduler: str, told: Told) -> None:
    """Have the workers of the scheduler at this address do ``jobs``, in this order; a lost worker's job is done again by another.

    Raises ``Problem`` if dask is not installed, the scheduler does not answer or has no workers.
    """
    try:
        from distributed import CancelledError, Client, as_completed
    except ImportError:
        raise Problem("--scheduler needs dask.distributed: pip install -e '.[cluster]' -c constraints.txt") from None
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as e:
        raise Problem(f"no dask scheduler answers at {scheduler}: {' '.join(str(e).split())}") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise Problem(f"the scheduler at {scheduler} has no workers: start one with `dask worker {scheduler}`")
        waiting = {client.submit(remote, j, key(j.nb, j.values), pure=False): j for j in jobs}

        def results() -> Iterator[Outcome]:
            for future in as_completed(list(waiting), loop=client.loop):  # type: ignore[no-untyped-call]
                job = waiting.pop(future)
                try:
                    yield _kept(job, *future.result())
                except (Exception, CancelledError) as e:
                    yield Outcome(job.name, "failed", 0.0, f"{job.name}: lost on the cluster: {' '.join(str(e).split())}")
                future.release()  # else a worker that leaves later would have it done again

        told(results())
