"""`qbc diagnose` on data sets of others, where there are any: no fault is cried, and what is said of them is so."""

import os
from pathlib import Path

import pytest

import qbc.diagnose

DATA = Path(os.environ.get("QBC_DATA", "none"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="QBC_DATA names no folder with data sets of others")


def diagnosed(path):
    report = qbc.diagnose(DATA / path, seed=0)
    assert report.faults == ()
    assert report.notes == ()
    assert report.counts.rank_error == 0
    return report


def test_unitree_g1():
    """Targets: arms follow 3 or 4 steps later, hands 8 to 12. Two hand joints at their limits; stored statistics are right."""
    report = diagnosed("unitree-g1")
    assert [(f.name, f.dimensions) for f in report.findings] == [("saturation", ("kRightHandThumbBend", "kRightHandThumbRotation"))]
    aligned = report.sections.alignment
    assert aligned.kind == "targets"
    assert all(a.state in ("", a.name) for a in aligned.dimensions)
    for a in aligned.dimensions:
        assert not a.state or (8 <= a.lag <= 12 if "Hand" in a.name else 3 <= a.lag <= 4)
    assert {c.statistic for c in report.sections.stored} == {"min", "max", "mean", "std"}
    assert all(c.off < 1e-5 for c in report.sections.stored)


def test_bridge():
    """Increments of an end effector, and a gripper of eleven values."""
    report = diagnosed("bridge-rlds")
    assert [(f.name, f.severity) for f in report.findings] == [("discrete dimension", "note")]
    assert len(report.sections.dimensions[6].levels) == 11
    assert report.sections.alignment.kind == "increments"
    assert {a.kind for a in report.sections.alignment.dimensions[:6]} == {"increments"}
    assert report.sections.neighbours.why == "no state has 16 near neighbours in other episodes"


def test_pusht():
    """Positions, to which a spring pulls: with the gain .4 and the memory .6, whatever the demonstrator does."""
    report = diagnosed("pusht-zarr/pusht.zarr")
    assert report.findings == ()
    assert report.sections.alignment.kind == "targets"
    for loop in report.sections.horizon.loops:
        assert (round(loop.memory.value, 1), round(loop.effect.value, 1)) == (0.6, 0.4)
    assert 0.02 < report.sections.motion.pauses < 0.04
