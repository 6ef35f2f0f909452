"""Kernels of this interpreter, with nothing of the user's environment, and with an intervention in force if one is named."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

FOREIGN = ("PYTHON", "IPYTHON", "JUPYTER", "MPL", "MATPLOTLIB", "QBC")  # settings of the user's that could change what a chapter shows
OWN = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def environment(intervention: str, home: str) -> dict[str, str]:
    """What a kernel is started with: this process's environment without what belongs to the user's Python, one thread a kernel."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN) or k == "MPLCONFIGDIR"}
    backend = "agg" if intervention else "module://matplotlib_inline.backend_inline"  # figures are not looked at under interventions
    return {"OMP_NUM_THREADS": "1", **kept, **OWN, "IPYTHONDIR": home, "MPLBACKEND": backend}


class Kernel(AsyncKernelManager):
    """Starts ``sys.executable``, isolated, whatever kernelspecs there are; ``intervention`` names what is taken away."""

    intervention = ""

    @property
    def kernel_spec(self) -> KernelSpec:
        module = ["qbc.interventions", self.intervention] if self.intervention else ["ipykernel_launcher"]
        argv = [sys.executable, "-I", "-m", *module, "-f", "{connection_file}", "--HistoryManager.enabled=False"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")

    async def start_kernel(self, **kwargs: Any) -> None:  # type: ignore[override]
        self.home = tempfile.mkdtemp(prefix="qbc-")
        await super().start_kernel(**kwargs, env=environment(self.intervention, self.home))

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        await super().cleanup_resources(restart)
        shutil.rmtree(getattr(self, "home", ""), ignore_errors=True)


def kernel(intervention: str) -> type[Kernel]:
    """The class of kernels in which ``intervention`` is in force ("": none, and verdicts are raised)."""
    return type("Kernel", (Kernel,), {"intervention": intervention})
