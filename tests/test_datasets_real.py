"""Data sets of others, where there are any: a folder named by QBC_DATA with unitree-g1, bridge-rlds and pusht-zarr."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from qbc.datasets import recognise

DATA = Path(os.environ.get("QBC_DATA", "none"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="QBC_DATA names no folder with data sets of others")


def read(path):
    recording = recognise(DATA / path)
    found = list(recording.episodes())
    assert recording.notes == []  # they are sound
    return recording, found


def test_unitree_g1():
    """40 episodes; minima, maxima, means and deviations are those that LeRobot stored beside the rows."""
    recording, found = read("unitree-g1")
    assert (recording.format, recording.fps, len(found)) == ("LeRobot v2.1", 30.0, 40)
    assert (len(recording.actions), recording.actions[0], recording.actions[-1]) == (
        26,
        "kLeftShoulderPitch",
        "kRightHandThumbRotation",
    )
    stored = [json.loads(line) for line in (DATA / "unitree-g1" / "meta" / "episodes_stats.jsonl").open()]
    for e, s in zip(found, stored, strict=True):
        for rows, about in ((e.actions, s["stats"]["action"]), (e.states, s["stats"]["observation.state"])):
            assert [len(rows)] == about["count"]
            np.testing.assert_array_equal(rows.min(0), about["min"])
            np.testing.assert_array_equal(rows.max(0), about["max"])
            np.testing.assert_allclose(rows.mean(0), about["mean"], rtol=1e-5, atol=1e-5)  # single precision
            np.testing.assert_allclose(rows.std(0), about["std"], rtol=1e-3, atol=1e-5)
    whole = np.concatenate([e.actions for e in found])
    assert len(whole) == 14296
    np.testing.assert_allclose(recording.stored[0].values["std"], whole.std(0), rtol=1e-3, atol=1e-5)


def test_bridge():
    """25 episodes of seven dimensions; the gripper takes eleven values, 71 % of them ones."""
    recording, found = read("bridge-rlds")
    assert (recording.format, len(found), len(recording.actions), len(recording.states)) == ("RLDS TFRecord", 25, 7, 7)
    gripper = np.concatenate([e.actions for e in found])[:, 6]
    assert len(np.unique(gripper)) == 11
    assert round((gripper == 1).mean(), 2) == 0.71


def test_pusht():
    """206 episodes of 25,650 steps, read by Blosc alone as well."""
    blosc = pytest.importorskip("blosc", reason="the extra data is not installed")
    recording, found = read("pusht-zarr/pusht.zarr")
    assert (recording.format, len(found), recording.states) == ("Diffusion Policy zarr", 206, tuple(f"state[{i}]" for i in range(5)))
    at = DATA / "pusht-zarr" / "pusht.zarr"
    chunks = [np.frombuffer(blosc.decompress((at / "data" / "action" / f"{i}.0").read_bytes()), "<f4") for i in range(160)]
    whole = np.concatenate(chunks).reshape(-1, 2)[:25650]
    np.testing.assert_array_equal(np.concatenate([e.actions for e in found]), whole)
    ends = np.frombuffer(blosc.decompress((at / "meta" / "episode_ends" / "0").read_bytes()), "<i8")[:206]
    assert np.cumsum([len(e.actions) for e in found]).tolist() == ends.tolist()
