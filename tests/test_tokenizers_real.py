"""Tokenizers on data sets of others, where there are any (a folder named by QBC_DATA): by reconstruction, and by what a head makes."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from tokenizer_laws import LAWS

from qbc import tokenizers as tk
from qbc.datasets import recognise

DATA = Path(os.environ.get("QBC_DATA", "none"))
pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="QBC_DATA names no folder with data sets of others"),
    pytest.mark.filterwarnings("ignore::qbc.quantizers.FewerCodes"),
    pytest.mark.filterwarnings("ignore::qbc.quantizers.LargeError"),
]
SETS = {"unitree-g1": (16, 8), "bridge-rlds": (8, 2), "pusht-zarr/pusht.zarr": (16, 8)}  # steps of a chunk, and from one to the next
KINDS = ("uniform", "bins", "mu-law", "BEAST", "ordered PCA", "RVQ", "OmniSAT", "FAST")  # all but those that take long or hardly differ


@cache
def pairs(name):
    """Training pairs and held-out ones, of every fifth episode: the state, and the chunk that followed."""
    h, stride = SETS[name]
    found = [
        (i, e.states[t], e.actions[t : t + h])
        for i, e in enumerate(recognise(DATA / name).episodes())
        for t in range(0, len(e.actions) - h + 1, stride)
    ]
    episode, x, u = (np.array(part) for part in zip(*found, strict=True))
    held_out = episode % 5 == 4
    return [tk.Pairs(x[which], u[which], episode[which]) for which in (~held_out, held_out)]


@cache
def judged(name, kind):
    train, held_out = pairs(name)
    q = tk.fit(kind, train.chunks, np.random.default_rng(0))
    return q, tk.measure(q, held_out.chunks, np.random.default_rng(0)), tk.modelability(q, train, held_out, np.random.default_rng(0))


@pytest.mark.parametrize("kind", ["bins", "ordered PCA", "RVQ", "OmniSAT", "FAST", "BEAST", "BeT", "FSQ", "mu-law"])
@pytest.mark.parametrize("law", LAWS)
def test_law_on_bridge(kind, law):
    u = pairs("bridge-rlds")[0].chunks
    law(tk.fit(kind, u, np.random.default_rng(0)), u, np.random.default_rng(0))


@pytest.mark.parametrize("name", ["unitree-g1", "pusht-zarr/pusht.zarr"])
def test_reconstruction_ranks_kinds_the_other_way_round_than_a_head(name):
    """With each kind's own settings: what reconstructs best is not what a head that samples comes nearest with."""
    decodable = [k for k in KINDS if k != "FAST"]
    reconstruction = [judged(name, k)[1].relative for k in decodable]
    policy = [judged(name, k)[2].sampled for k in decodable]
    assert spearmanr(reconstruction, policy).statistic < -0.5
    assert decodable[int(np.argmin(reconstruction))] == "uniform"
    assert decodable[int(np.argmin(policy))] in ("RVQ", "OmniSAT")


@pytest.mark.parametrize("name", ["unitree-g1", "pusht-zarr/pusht.zarr"])
def test_one_wrong_token_of_fast_and_what_a_head_samples_of_it_hardly_ever_decode(name):
    _, m, head = judged(name, "FAST")
    assert m.undecodable > 0.75
    assert head.undecodable > 0.9
    assert m.relative < 0.1


def test_it_is_how_fine_the_codes_are_that_a_head_pays_for():
    """The same bins with 8 codes in place of 256 reconstruct twenty times worse, and the head that samples them errs less: as little as
    with residual codes."""
    train, held_out = pairs("pusht-zarr/pusht.zarr")
    q = tk.fit("uniform", train.chunks, np.random.default_rng(0), n=8)
    coarse = tk.modelability(q, train, held_out, np.random.default_rng(0))
    _, fine, head = judged("pusht-zarr/pusht.zarr", "uniform")
    assert tk.measure(q, held_out.chunks, np.random.default_rng(0)).relative > 20 * fine.relative
    assert coarse.sampled < 0.8 * head.sampled
    assert coarse.sampled < judged("pusht-zarr/pusht.zarr", "RVQ")[2].sampled + 0.05


def test_sizes():
    """The numbers of tokens and bits on Unitree's 26 joints, and the share of entries beyond the ranges of other episodes."""
    measured = {k: judged("unitree-g1", k)[1] for k in KINDS}
    assert {k: m.tokens_mean for k, m in measured.items() if k != "FAST"} == {
        **dict.fromkeys(("uniform", "bins", "mu-law"), 416),
        "BEAST": 260,
        "ordered PCA": 16,
        "RVQ": 4,
        "OmniSAT": 4,
    }
    assert 35 < measured["FAST"].tokens_mean < 45
    assert measured["bins"].outside == pytest.approx(0.045, abs=0.001)  # of [q01, q99]
    assert measured["uniform"].outside == pytest.approx(0.005, abs=0.001)  # of [min, max]
