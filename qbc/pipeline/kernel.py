"""Kernels of this interpreter, with nothing of the user's environment, and with an intervention in force if one is named."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from qbc.pipeline.chapters import Problem
from qbc.pipeline.keys import PACKAGES
from qbc.pipeline.science import PACKAGE

FOREIGN = ("PYTHON", "IPYTHON", "JUPYTER", "MPL", "MATPLOTLIB", "QBC")  # settings of the user's that could change what a chapter shows
THREADS = "_NUM_THREADS"  # the order of a sum depends on them
OWN = {"PYDEVD_DISABLE_FILE_VALIDATION": "1", "OMP_NUM_THREADS": "1"}
QUIET = ["--HistoryManager.enabled=False", "--IPKernelApp.ignore_cwd=True"]  # no module is imported from the working directory


def environment(intervention: str, home: str) -> dict[str, str]:
    """What a kernel is started with: this process's environment without what belongs to the user's Python, one thread a kernel."""
    kept = {k: v for k, v in os.environ.items() if k == "MPLCONFIGDIR" or not (k.startswith(FOREIGN) or k.endswith(THREADS))}
    backend = "agg" if intervention else "module://matplotlib_inline.backend_inline"  # figures are not looked at under interventions
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    settings = Path(found.origin).parent / "mpl-data" / "matplotlibrc"
    return {**kept, **OWN, "IPYTHONDIR": home, "MPLBACKEND": backend, "MATPLOTLIBRC": str(settings)}


@cache
def require_same_module() -> None:
    """Raise ``Problem`` if kernels would import another qbc, or other packages, than those this process makes its keys from."""
    code = "import sys, qbc; from importlib.metadata import version; print(qbc.__file__, *map(version, sys.argv[1:]))"
    said = subprocess.run([sys.executable, "-I", "-c", code, *PACKAGES], capture_output=True, text=True, check=False).stdout.strip()
    here = " ".join([str(PACKAGE / "__init__.py"), *map(version, PACKAGES)])
    if said != here:
        where = said.split(" ")[0] or "nowhere"
        raise Problem(
            f"this command runs {PACKAGE}, its kernels import {where}, or other packages: unset PYTHONPATH and run `.venv/bin/qbc`"
        )


@cache
def _homes() -> str:
    """The folder of all kernels' own folders; it goes with this process, also if they were killed."""
    folder = tempfile.mkdtemp(prefix="qbc-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Kernel(AsyncKernelManager):
    """Starts ``sys.executable``, isolated, whatever kernelspecs there are; ``intervention`` names what is taken away.

    What the process itself writes to stderr, at a crash or while it ends, is no output of a chapter: ``last_words`` keeps a line of it.
    """

    intervention = ""
    home = ""  # the kernel's own folder
    last_words = ""

    @property
    def kernel_spec(self) -> KernelSpec:
        module = ["qbc.interventions", self.intervention] if self.intervention else ["ipykernel_launcher"]
        argv = [sys.executable, "-I", "-m", "qbc.pipeline.launch", *module, "-f", "{connection_file}", *QUIET]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")

    async def start_kernel(self, **kwargs: Any) -> None:  # type: ignore[override]
        self.home = tempfile.mkdtemp(dir=_homes())
        self.connection_file = str(Path(self.home) / "kernel.json")
        sockets = str(Path(self.home) / "s")
        if zmq.has("ipc") and len(f"{sockets}-9") < zmq.IPC_PATH_MAX_LEN:  # a free port may be taken before the kernel binds it
            self.transport, self.ip = "ipc", sockets
        with (Path(self.home) / "stderr").open("w") as stderr:
            await super().start_kernel(**kwargs, env=environment(self.intervention, self.home), stderr=stderr)

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        await super().cleanup_resources(restart)
        with suppress(OSError):
            said = (Path(self.home) / "stderr").read_text("utf8", "replace").split("\n")
            crash = [line for line in said if line.startswith("Fatal Python error")]  # its first line; of an exception the last
            type(self).last_words = (crash or [line for line in said if line.strip()] or [""])[-1].strip()
        if self.home:
            shutil.rmtree(self.home, ignore_errors=True)


def kernel(intervention: str) -> type[Kernel]:
    """The class of kernels in which ``intervention`` is in force ("": none, and verdicts are raised)."""
    return type("Kernel", (Kernel,), {"intervention": intervention})
