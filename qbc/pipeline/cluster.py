"""Handing runs to the workers of a dask scheduler; the outcomes come back into the caller's folders."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qbc.pipeline.chapters import Problem
from qbc.pipeline.execute import Job, Outcome, execute
from qbc.pipeline.keys import PACKAGE, key

Told = Callable[[Iterable[Outcome]], None]


def remote(job: Job, whose: str) -> tuple[Outcome, bytes]:
    """On a worker: execute in a folder of its own; the outcome, and the executed notebook as bytes."""
    if key(job.nb, job.values) != whose:
        error = f"{job.name}: the worker's clone or environment is not the caller's: bring both to the same commit and lock"
        return Outcome(job.name, "failed", 0.0, error), b""
    with tempfile.TemporaryDirectory(prefix="qbc-") as folder:
        here = replace(job, out=Path(folder) / job.out.name, top=job.top if job.top.is_dir() else PACKAGE.parent)
        outcome = execute(here)
        made = next((p for p in (here.out, here.failed) if p.is_file()), None)
        return outcome, made.read_bytes() if made else b""


def _kept(job: Job, outcome: Outcome, made: bytes) -> Outcome:
    """On the caller's side: put the notebook where the job wants it."""
    good = outcome.status == "executed"
    target = job.out if good else job.failed
    if made:
        part = target.with_name(f".{target.name}.part")
        part.write_bytes(made)
        part.replace(target)
    if good:
        job.failed.unlink(missing_ok=True)
        return outcome
    return replace(outcome, error=outcome.error.partition(" (see ")[0] + (f" (see {target})" if made else ""))


def hand_out(jobs: Sequence[Job], scheduler: str, told: Told) -> None:
    """Have the workers of the scheduler at this address do ``jobs``, in this order; a lost worker's job is done again by another.

    Raises ``Problem`` if dask is not installed, the scheduler does not answer or has no workers.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise Problem("--scheduler needs dask.distributed: pip install -e '.[cluster]' -c constraints.txt") from None
    try:
        client = Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as e:
        raise Problem(f"no dask scheduler answers at {scheduler}: {e}") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise Problem(f"the scheduler at {scheduler} has no workers: start one with `dask worker {scheduler}`")
        futures = {client.submit(remote, j, key(j.nb, j.values), pure=False, retries=1): j for j in jobs}

        def results() -> Iterator[Outcome]:
            for future in as_completed(futures):
                job = futures[future]
                if future.status != "finished":
                    yield Outcome(job.name, "failed", 0.0, f"{job.name}: lost on the cluster: {future.exception()}")
                else:
                    yield _kept(job, *future.result())

        told(results())
