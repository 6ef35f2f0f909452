"""Many runs at once, the longest first: on the cores of this machine, or on a cluster of others."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import psutil
from tqdm.auto import tqdm

from qbc.pipeline.chapters import Chapter, Problem, parameters
from qbc.pipeline.execute import OURS, Job, Outcome, done, execute
from qbc.pipeline.kernel import require_same_module
from qbc.pipeline.keys import key, read_by
from qbc.pipeline.pairs import pair

Say = Callable[[str], None]


def _writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as e:
        raise Problem(f"cannot write to {out}: {e.strerror}") from None


def fonts() -> None:
    """Give matplotlib a font cache that lives and dies with this environment, and build it before a kernel would complain of it."""
    folder = Path(sys.prefix) / "share" / "matplotlib-cache"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # an environment we may not write to: the user's own cache serves
    os.environ["MPLCONFIGDIR"] = str(folder)
    if not list(folder.glob("fontlist*.json")):
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], capture_output=True, check=False)


def perform(
    jobs: Sequence[Job], *, workers: int, times: dict[str, float], scheduler: str = "", say: Say = tqdm.write, desc: str = "chapters"
) -> list[Outcome]:
    """Carry out ``jobs``, ``workers`` at a time, by falling ``times`` (name -> seconds; the unknown first); what is done is left alone.

    ``scheduler`` is the address of a dask scheduler whose workers are to do it. On Ctrl-C the kernels end with this process,
    half-written files go, finished runs stay: the next call resumes.
    """
    if workers < 1:
        raise Problem(f"--jobs must be >= 1, not {workers}")
    for folder in {j.out.parent for j in jobs}:
        _writable(folder)
    fonts()
    outcomes, todo = [], []
    for j in jobs:
        if done(j):
            j.failed.unlink(missing_ok=True)
            outcomes.append(Outcome(j.name, "unchanged", 0.0))
            say(f"{j.name:<40} unchanged")
        else:
            todo.append(j)
    if todo:
        require_same_module()
    todo.sort(key=lambda j: -times.get(j.name, float("inf")))

    def told(results: Iterable[Outcome]) -> None:
        for o in tqdm(results, total=len(todo), desc=desc, unit="", disable=None, leave=False):
            outcomes.append(o)
            say(f"{o.stem:<40} {o.status:<9} {o.seconds:6.1f} s")

    if scheduler and todo:
        from qbc.pipeline.cluster import hand_out  # dask is imported only here

        hand_out(todo, scheduler, told)
    else:
        _locally(todo, workers, told)
    return sorted(outcomes, key=lambda o: o.stem)


def _locally(todo: Sequence[Job], workers: int, told: Callable[[Iterable[Outcome]], None]) -> None:
    slots, lock, stop = list(range(1, workers + 1)), threading.Lock(), threading.Event()

    def one(job: Job) -> Outcome:
        with lock:
            slot = slots.pop(0)
        try:
            return execute(job, _bar(job, slot), stop.is_set)
        finally:
            with lock:
                slots.insert(0, slot)

    pool = ThreadPoolExecutor(workers)
    try:
        told(f.result() for f in as_completed([pool.submit(one, j) for j in todo]))
    except BaseException:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        for child in psutil.Process().children(recursive=True):
            child.kill()
        pool.shutdown(wait=True)
        for j in todo:
            for part in j.out.parent.glob(f".{j.out.stem}.{OURS}-*.part.ipynb"):
                part.unlink()
        raise
    pool.shutdown()


def _bar(job: Job, slot: int) -> dict[str, Any]:
    return {"desc": f"  {job.name}", "unit": "cell", "position": slot, "leave": False, "disable": None}


def run(
    chapters: Sequence[Chapter],
    out: Path,
    given: Iterable[tuple[str, str]] = (),
    *,
    jobs: int,
    times: dict[str, float] | None = None,
    timeout: float | None = None,
    scheduler: str = "",
    say: Say = tqdm.write,
) -> list[Outcome]:
    """Execute ``chapters`` into the folder ``out``; a chapter whose key is stored there is left alone."""
    given, out, todo = list(given), out.resolve(), []
    for c in chapters:  # everything that can be wrong with the request is found before anything runs
        nb = pair(c)
        values = parameters(c, nb, given)
        nb.metadata["qbc"] = {"key": key(nb, values, files=read_by(c, nb))}
        todo.append(Job(c.stem, nb, values, out / f"{c.stem}.ipynb", c.text.parent.parent.resolve(), timeout=timeout))
    return perform(todo, workers=jobs, times=times or {}, scheduler=scheduler, say=say)
