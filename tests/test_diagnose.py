"""`qbc diagnose`: each planted fault is named, alone, and nothing is said of sound data."""

import json

import diagnose_data
import numpy as np
import pytest
from dataset_files import episodes, lerobot, npz
from diagnose_data import PLANTED, clean, with_gripper
from hypothesis import given, settings
from hypothesis import strategies as st

import qbc.diagnose
from qbc.datasets import Unreadable
from qbc.diagnose.stored import OF_QUANTILES


def diagnosed(path, found, **options):
    return qbc.diagnose(npz(path / "d.npz", found), **{"seed": 0, **options})


def named(report):
    return [(f.name, f.severity) for f in report.findings]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda f: f.__name__)
def test_each_planted_fault_is_named_and_nothing_else_is(plant, tmp_path):
    report = diagnosed(tmp_path, plant(np.random.default_rng(1)))
    name, dimensions = PLANTED[plant]
    (found,) = report.findings
    assert (found.name, found.severity) == (name, "fault")
    assert found.dimensions == tuple(f"actions[{i}]" for i in dimensions)
    assert report.faults == report.findings


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("increments", [False, True])
def test_silent_on_sound_data(seed, increments, tmp_path):
    report = diagnosed(tmp_path, clean(np.random.default_rng(seed), increments=increments))
    assert report.findings == ()
    assert report.sections.alignment.kind == ("increments" if increments else "targets")
    assert report.sections.alignment.lag == (0 if increments else 1)  # x_{t+1} is what u_t asks for
    assert bool(report.sections.drift) == increments


def test_silent_on_noise_without_a_state(tmp_path, rng):
    np.save(tmp_path / "d.npy", rng.normal(size=(20, 50, 3)))
    report = qbc.diagnose(tmp_path / "d.npy", seed=0)
    assert report.findings == ()
    assert report.sections.alignment.kind == "unknown"
    assert any("no state was recorded" in u for u in report.unseen)


def test_a_gripper_is_information(tmp_path, rng):
    report = diagnosed(tmp_path, with_gripper(clean(rng)))
    assert named(report) == [("discrete dimension", "note")]
    assert report.faults == ()
    assert report.sections.dimensions[3].levels == (0.0, 1.0)


def lying(path, found, lie):
    """A LeRobot data set whose stored quantiles are, or are not, what they should be."""
    top = lerobot(path / "d", found, "v3.0")
    file = top / "meta" / "stats.json"
    stats = json.loads(file.read_text("utf8"))
    stats["action"] |= lie([u for u, _ in found])
    file.write_text(json.dumps(stats), "utf8")
    return qbc.diagnose(top, seed=0)


def test_quantiles_averaged_over_episodes_are_a_lie_and_others_are_not(tmp_path, rng):
    """The stored q01 of lerobot before its #3804: a mean of the episodes' own."""
    found = clean(rng)
    mean = {f"q{q:02d}": np.mean([np.quantile(u, q / 100, axis=0) for u, _ in found], axis=0).tolist() for q in (1, 99)}
    true = {f"q{q:02d}": np.quantile(np.concatenate([u for u, _ in found]), q / 100, axis=0).tolist() for q in (1, 99)}
    (tmp_path / "a").mkdir()
    assert lying(tmp_path / "a", found, lambda _: true).findings == ()
    (told,) = lying(tmp_path, found, lambda _: mean).findings
    assert (told.name, told.severity) == ("stored statistics", "fault")
    assert "q01, q99" in told.reason
    low, high = told.evidence["true, at least"], told.evidence["true, at most"]
    ranges = np.ptp(np.concatenate([u for u, _ in found]), axis=0)
    off = max(low - told.evidence["stored"], told.evidence["stored"] - high)
    assert off > OF_QUANTILES * ranges.min()
    assert told.evidence["off, share of the range"] in [pytest.approx(off / r) for r in ranges]


def test_the_numbers_by_hand(tmp_path):
    """Two episodes; x follows a target at once. Quantiles of 8 values: the 1st, 4th and 8th."""
    u = [np.array([[0.0], [1.0], [1.0], [4.0]]), np.array([[8.0], [2.0], [3.0], [8.0]])]
    report = diagnosed(tmp_path, [(a, a) for a in u])
    (d,) = report.sections.dimensions
    assert (d.min, d.max, d.q01.value, d.q50.value, d.q99.value) == (0, 8, 0, 2, 8)
    assert (d.at_min, d.at_max, d.zero) == (1 / 8, 2 / 8, 1 / 8)
    assert d.mean == 27 / 8
    assert d.std == pytest.approx(np.std([0, 1, 1, 4, 8, 2, 3, 8]))
    assert d.repeats == 1 / 6  # of the six steps within episodes
    assert d.largest_step == 6  # 8 to 2, and not the 4 to 8 between the episodes
    assert (report.counts.episodes, report.counts.rows, report.counts.shortest, report.counts.longest) == (2, 8, 4, 4)


def test_order_of_episodes_and_their_cut_into_pieces_change_no_number(tmp_path, rng):
    found = clean(rng, n=20, T=30)
    one, other = (diagnosed(tmp_path, e).sections for e in (found, found[::-1]))
    for a, b in zip(one.dimensions, other.dimensions, strict=True):
        assert (a.q01, a.q99, a.repeats, a.largest_step, a.histogram) == (b.q01, b.q99, b.repeats, b.largest_step, b.histogram)
    for a, b in zip(one.alignment.dimensions, other.alignment.dimensions, strict=True):
        assert (a.kind, a.lag, round(a.correlation, 9)) == (b.kind, b.lag, round(b.correlation, 9))


def test_units_of_the_data_change_no_finding(tmp_path):
    found = diagnose_data.pauses(np.random.default_rng(2))
    scaled = [(u * 1e-3, x * 1e-3) for u, x in found]
    assert named(diagnosed(tmp_path, scaled)) == [("pauses", "fault")]


def test_the_same_seed_gives_the_same_report(tmp_path, rng):
    found = clean(rng)
    assert diagnosed(tmp_path, found) == diagnosed(tmp_path, found)


@pytest.mark.parametrize(("option", "value"), [("chunk", 0), ("steps", 0), ("gain", -1.0), ("gain", np.inf), ("seed", -1)])
def test_refuses_options_that_mean_nothing(option, value, tmp_path, rng):
    with pytest.raises(ValueError, match=f"^{option}: "):
        diagnosed(tmp_path, clean(rng, n=2, T=4), **{option: value})


def test_refuses_what_is_no_data_set(tmp_path):
    (tmp_path / "d.npy").write_bytes(b"\x93NUMPY\x01")
    for path in (tmp_path, tmp_path / "none", tmp_path / "d.npy"):
        with pytest.raises(Unreadable):
            qbc.diagnose(path, seed=0)


def test_nothing_is_written_into_the_data_set(tmp_path, rng):
    top = lerobot(tmp_path / "d", clean(rng, n=3, T=9))
    before = {p: p.stat().st_mtime_ns for p in top.rglob("*")}
    qbc.diagnose(top, seed=0)
    assert {p: p.stat().st_mtime_ns for p in top.rglob("*")} == before


ODD = st.sampled_from([0.0, 1.0, -1.0, np.nan, np.inf, 1e300, 5e-324, 1e99, np.pi, 3.0])


@settings(max_examples=40)
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=8) | st.lists(st.integers(6, 12), min_size=20, max_size=24),
    da=st.integers(1, 3),
    dx=st.integers(0, 2),
    odd=st.lists(ODD, min_size=1, max_size=6),
    seed=st.integers(0, 99),
    share=st.sampled_from([0.0, 0.1, 1.0]),
)
def test_any_small_array_gives_a_report(lengths, da, dx, odd, seed, share, tmp_path_factory):
    rng = np.random.default_rng(seed)
    path = tmp_path_factory.getbasetemp() / "any.npz"
    found = episodes(rng, lengths, da, max(dx, 1))
    u, x = (np.concatenate([e[i] for e in found]).astype(float) for i in (0, 1))
    for a in (u, x):
        there = rng.random(a.shape) < share
        a[there] = rng.choice(odd, size=int(there.sum()))
    np.savez(path, actions=u, episode_ends=np.cumsum(lengths), **({"states": x} if dx else {}))
    report = qbc.diagnose(path, seed=seed, chunk=1 + seed % 5)
    json.loads(qbc.diagnose.as_json(report), parse_constant=pytest.fail)
    assert report.counts.rows + report.counts.unsound == sum(lengths)
    assert qbc.diagnose.text(report)
    assert qbc.diagnose.page(report).endswith("</html>\n")
