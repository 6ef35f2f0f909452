"""Executing chapters with papermill: in parallel, only what changed, never losing a good output to a bad run."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
from papermill.exceptions import PapermillExecutionError
from tqdm.auto import tqdm

from qbc.pipeline.chapters import Chapter, Problem, contents, pair, parameters

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "matplotlib", "seaborn", "myst-nb", "ipykernel", "papermill")


QUIET = {"extra_arguments": ["--IPKernelApp.log_level=50"]}  # else kernels warn of local sockets and of their own end


@dataclass(frozen=True)
class Outcome:
    """What became of one chapter: ``executed``, ``unchanged`` or ``failed`` (then ``error`` names the cell and the error)."""

    stem: str
    status: str
    seconds: float
    error: str = ""


def key(nb: nbformat.NotebookNode, values: dict[str, Any], package: Path) -> str:
    """What an executed chapter depends on, as one hash: its cells, the parameters, the module qbc and the versions beneath it."""
    sources = {str(p.relative_to(package)): p.read_text("utf8") for p in sorted(package.rglob("*")) if p.suffix in (".py", ".mplstyle")}
    versions = {p: version(p) for p in PACKAGES} | {"python": sys.version.split()[0]}
    return hashlib.sha256(json.dumps([contents(nb), values, sources, versions], sort_keys=True).encode()).hexdigest()


def stored_key(executed: Path) -> str | None:
    """The key an executed notebook was made under; None if there is none or it cannot be read."""
    try:
        found = json.loads(executed.read_text("utf8"))["metadata"]["qbc"]["key"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def prune(chapters: Sequence[Chapter], out: Path) -> None:
    """Remove executed notebooks of chapters that the book no longer has."""
    stems = {c.stem for c in chapters}
    for p in out.glob("[0-9][0-9]-*.ipynb"):
        if p.stem.removesuffix(".failed") not in stems:
            p.unlink()


def _writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as e:
        raise Problem(f"cannot write to {out}: {e.strerror}") from None


def _fonts() -> None:
    """Give matplotlib a font cache that lives and dies with this environment, and build it before a kernel would complain of it."""
    folder = Path(sys.prefix) / "share" / "matplotlib-cache"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # an environment we may not write to: the user's own cache serves
    os.environ["MPLCONFIGDIR"] = str(folder)
    if not list(folder.glob("fontlist*.json")):
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], capture_output=True, check=False)


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


def _execute(stem: str, nb: nbformat.NotebookNode, values: dict[str, Any], out: Path, slot: int, stop: threading.Event) -> Outcome:
    """Execute into a hidden file; rename over the last good output on success, aside to ``.failed`` otherwise."""
    start, part, failed = time.perf_counter(), out / f".{stem}.part.ipynb", out / f"{stem}.failed.ipynb"
    bar = {"desc": f"  {stem}", "unit": "cell", "position": slot, "leave": False, "disable": None}
    try:
        papermill.execute_notebook(nb, str(part), parameters=values, kernel_name="python3", progress_bar=bar, **QUIET)
    except PapermillExecutionError as e:
        part.replace(failed)
        error = f"{stem}: cell {e.cell_index} failed with {e.ename}: {_line(e.evalue)} (see {failed})"
        return Outcome(stem, "failed", time.perf_counter() - start, error)
    except OSError as e:
        part.unlink(missing_ok=True)
        return Outcome(stem, "failed", time.perf_counter() - start, f"{stem}: cannot write {out}: {e.strerror or e}")
    except Exception as e:  # a kernel that died, say: the other chapters go on
        error = f"{stem}: cell {_running(part)} failed with {type(e).__name__}: {_line(str(e))} (see {failed})"
        if part.is_file() and not stop.is_set():
            part.replace(failed)
        return Outcome(stem, "failed", time.perf_counter() - start, error)
    part.replace(out / f"{stem}.ipynb")
    failed.unlink(missing_ok=True)
    return Outcome(stem, "executed", time.perf_counter() - start)


def run(
    chapters: Sequence[Chapter], out: Path, given: Iterable[tuple[str, str]] = (), *, jobs: int, say: Callable[[str], None] = tqdm.write
) -> list[Outcome]:
    """Execute ``chapters`` into the folder ``out``, ``jobs`` at a time; a chapter whose key is stored there is left alone.

    On Ctrl-C the kernels end with this process, half-written files go, finished chapters stay: the next run resumes.
    """
    if jobs < 1:
        raise Problem(f"--jobs must be >= 1, not {jobs}")
    given, package, out = list(given), Path(__file__).parent.parent, out.resolve()
    todo, outcomes = [], []
    for c in chapters:  # everything that can be wrong with the request is found before anything runs
        nb = pair(c)
        values = parameters(c, nb, given)
        nb.metadata["qbc"] = {"key": key(nb, values, package)}
        todo.append((c.stem, nb, values))
    _writable(out)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the kernels inherit it: one thread each, the same sums everywhere
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    _fonts()
    fresh = [t for t in todo if stored_key(out / f"{t[0]}.ipynb") != t[1].metadata["qbc"]["key"]]
    for stem in sorted({t[0] for t in todo} - {t[0] for t in fresh}):
        (out / f"{stem}.failed.ipynb").unlink(missing_ok=True)
        outcomes.append(Outcome(stem, "unchanged", 0.0))
        say(f"{stem:<28} unchanged")
    slots: list[int] = list(range(1, jobs + 1))
    lock, stop = threading.Lock(), threading.Event()

    def one(task: tuple[str, nbformat.NotebookNode, dict[str, Any]]) -> Outcome:
        with lock:
            slot = slots.pop(0)
        try:
            return _execute(*task, out, slot, stop)
        finally:
            with lock:
                slots.insert(0, slot)

    pool = ThreadPoolExecutor(jobs)
    try:
        for done in tqdm(
            as_completed([pool.submit(one, t) for t in fresh]), total=len(fresh), desc="chapters", unit="", disable=None, leave=False
        ):
            o = done.result()
            outcomes.append(o)
            say(f"{o.stem:<28} {o.status:<9} {o.seconds:6.1f} s")
    except KeyboardInterrupt:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        for child in psutil.Process().children(recursive=True):
            child.kill()
        pool.shutdown(wait=True)
        for part in out.glob(".*.part.ipynb"):
            part.unlink()
        raise
    pool.shutdown()
    return sorted(outcomes, key=lambda o: o.stem)
