"""The rows are read in flat memory."""

import subprocess
import sys
from pathlib import Path

import pytest

READ = """
import sys
import numpy as np
from pathlib import Path
from qbc.datasets.recording import Piece, Recording, numbered
from qbc.diagnose.report import read

rows, d = int(sys.argv[1]), 32
base = np.random.default_rng(1).normal(size=(8192, d)).astype("f4").astype(float)

def pieces():
    for e in range(rows // 2000):
        yield Piece(e, 0, np.roll(base[:2000], e, axis=1) + e, base[:2000])

recording = Recording(Path("x"), "made", numbered("u", d), numbered("x", d), pieces)
counts, marginals, sample = read(recording, np.random.default_rng(0), False)
assert counts.rows == rows and len(sample.actions) <= 2**15
most = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))  # ru_maxrss is also that of who started it
print(int(most.split()[1]) // 1024, counts.rank_error)
"""


def peak(rows):
    """Resident memory [MB] and the error of ranks."""
    done = subprocess.run([sys.executable, "-c", READ, str(rows)], capture_output=True, text=True, check=True)
    most, error = done.stdout.split()
    return int(most), float(error)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the most memory of a process is read from /proc")
def test_memory_does_not_grow_with_the_rows():
    """400,000 rows with their states are 205 MB by themselves; with Python, numpy and the sketch, some 200 MB, that would be 400."""
    most, error = peak(400_000)
    assert most < 300
    assert 0 < error < 2e-4
