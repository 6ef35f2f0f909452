"""Whether tests notice a change of a file: they run in a fork of a process that has imported what they need from other projects.

The changed file never lies on a disk.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.machinery
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).parent.parent.parent
MEMORY = 8 * 2**30  # bytes that a changed file may take
AT_MOST = 600.0  # CPU seconds for the tests of the unchanged file


class Tests:
    """Tests by file or node id in tests/, tried once on the unchanged files: they must pass. ``seconds`` says how long each took."""

    def __init__(self, names: list[str]) -> None:
        self.names, self.seconds, self.limit = names, dict[str, float](), AT_MOST
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "out")
            if status := self._forked(None, out):
                said = Path(folder, "said").read_text("utf8")[-2000:]
                sys.exit(f"the tests {' '.join(names)} fail on the unchanged module ({status}):\n{said}")
            seconds, imported = json.loads(out.read_text("utf8"))
        for name in imported:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        gc.freeze()  # a fork need not look through what it inherits
        self.seconds = seconds
        if self._forked(None, None):
            sys.exit(f"the tests {' '.join(names)} fail where what they import was imported before")
        self.limit = 3 * sum(self.seconds.values()) + 3

    def notice(self, file: Path, text: str) -> bool:
        """Whether one of the tests fails, or does not end, when ``file`` is imported as if it held ``text``."""
        return self._forked((file, text), None) != 0

    def _forked(self, change: tuple[Path, str] | None, out: Path | None) -> int:
        with tempfile.TemporaryDirectory() as folder:
            if pid := os.fork():
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            try:
                status = self._run(change, folder, out.with_name("said") if out else Path(os.devnull))
                if out:
                    out.write_text(json.dumps([self.seconds, _imported()]), "utf8")
            except BaseException:
                traceback.print_exc()
                status = 70
            os._exit(status)

    def _run(self, change: tuple[Path, str] | None, folder: str, said: Path) -> int:
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CPU, (int(self.limit) + 1, int(self.limit) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        os.chdir(TOP)
        for stream in (1, 2):
            os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        if change:
            _replace(*change)
        words = ["-x", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={folder}/t", "-o"]
        words += ["addopts=-q --strict-markers", "-o", f"timeout={10 * self.limit + 60}", *(f"tests/{t}" for t in self.names)]
        return int(pytest.main(words, plugins=[_Session(self.seconds)]))


class _Session:
    """The plugin of a run: the quickest test first, none that runs kernels, hypothesis without shrinking and without a clock."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        import hypothesis

        hypothesis.settings.register_profile(
            "mutants",
            hypothesis.settings.get_profile("qbc"),
            phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
            database=None,
        )
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [i for i in items if "executed" not in i.fixturenames]  # a kernel would read the unchanged file
        items.sort(key=lambda i: self.seconds.get(i.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration


def _replace(file: Path, text: str) -> None:
    given = importlib.machinery.SourceFileLoader.get_code

    def get_code(self: Any, name: str) -> Any:
        return compile(text, self.path, "exec") if Path(self.path) == file else given(self, name)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


def _imported() -> list[str]:
    """The modules of other projects."""
    ours = (str(TOP / "qbc") + os.sep, str(TOP / "tests") + os.sep)
    files = {n: getattr(m, "__file__", None) for n, m in sys.modules.items()}
    return [n for n, f in files.items() if f and not f.startswith(ours)]
