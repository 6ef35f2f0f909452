"""The bench: both sides of every race compute the same, the record has a row for each, and what is worse is told."""

import importlib.util
import json
import time

import numpy as np
import pytest
from bench import measure, plants
from bench.__main__ import RECORD, main
from bench.races import RACES

from qbc.quantizers import arithmetic

NUMBERS = ("ratio", "low", "high", "own", "peer")
each = pytest.mark.parametrize("race", RACES, ids=lambda r: r.name)


@each
def test_both_sides_of_a_race_compute_the_same(race, monkeypatch):
    monkeypatch.setattr(plants, "SIGMA", 0.0)  # sides that draw in another order have other noise
    if "gymnasium" in race.name:
        pytest.importorskip("gymnasium")
    small = {"n": {"quantisers": 3 * arithmetic.FEW, "learners": 2}.get(race.group, 5), "steps": 300, "horizon": 7}
    ours, theirs = race.make(**{k: small.get(k, v) for k, v in race.sizes.items()})
    race.same(ours(), theirs())
    if race.group != "learners":
        race.same(ours(), theirs())  # a second time too


def test_sides_that_draw_in_one_order_have_the_same_noise():
    sizes = {"n": 5, "d": 2, "horizon": 7}
    for other in (plants.streamed, plants.stacked, plants.bare, plants.kept):
        np.testing.assert_allclose(other(**sizes), plants.stored(**sizes))


def test_sides_that_draw_in_another_order_have_noise_of_the_same_size(monkeypatch):
    """Noise that is large, and then none: what is left of the variance is the noise's."""
    sizes, sides = {"n": 400, "d": 2, "horizon": 7}, [plants.stored, plants.trajectories]
    if importlib.util.find_spec("gymnasium"):
        sides.append(lambda **sizes: plants.environments(**sizes)())
    for sigma, least in ((0.0, 0.0), (5.0, 1.0)):
        monkeypatch.setattr(plants, "SIGMA", sigma)
        ends = [side(**sizes).std() for side in sides]
        np.testing.assert_allclose(ends, ends[0], rtol=0.1)
        assert min(ends) > 5 * least


# --- the record


@pytest.fixture(scope="module")
def record():
    return json.loads(RECORD.read_text("utf8"))


def test_the_record_has_a_row_for_every_race_in_words_of_today(record):
    wanted = [(r.name, r.group, r.ours, r.theirs, r.kind) for r in RACES]
    assert [(r["name"], r["group"], r["ours"], r["theirs"], r["kind"]) for r in record["rows"]] == wanted


def test_every_row_of_the_record_was_measured_and_its_ratio_lies_between_its_quartiles(record):
    for r in record["rows"]:
        assert 0 < r["low"] <= r["ratio"] <= r["high"]
        assert min(r["own"], r["peer"]) > 0
        assert r["rounds"] >= measure.LEAST
    assert record["growth"] == measure.growth(record["rows"])


def test_the_record_names_its_processor_date_and_versions_and_no_path(record):
    assert record.keys() == {"date", "processor", "cores", "versions", "growth", "rows"}
    assert {"Python", *measure.PACKAGES} == record["versions"].keys()
    assert record["processor"]
    assert record["cores"] >= 1
    assert "/home" not in RECORD.read_text("utf8")


def test_the_page_shows_every_group(top):
    page = (top / "book" / "bench.md").read_text("utf8")
    for group in {r.group for r in RACES}:
        assert f"```{{qbc-bench}} {group}\n```" in page


# --- the measurement


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(measure, "SECONDS", 0.0)


def test_a_ratio_is_theirs_over_ours(quick, monkeypatch):
    (race,) = (r for r in RACES if r.name == "encode-floor")
    takes = iter([2.0, 6.0, 4.0, 2.0] * 3)  # theirs first, then ours first
    monkeypatch.setattr(measure, "seconds", lambda run: next(takes))
    row = measure.measured(race)
    assert (row["own"], row["peer"], row["rounds"]) == (6.0, 2.0, 5)
    assert row["low"] <= row["ratio"] <= row["high"]
    assert row["ratio"] == pytest.approx(1 / 3, rel=1e-3)


def test_a_time_is_the_processors_and_of_one_call():
    def busy():
        end = time.process_time() + 0.03
        while time.process_time() < end:
            time.sleep(1e-4)  # is not counted

    assert measure.seconds(busy) == pytest.approx(0.03, rel=0.2)


def test_memory_is_the_peak_of_what_numpy_allocates():
    assert measure.peak(lambda: np.ones(1_000_000)) == pytest.approx(8e6, rel=0.01)


def test_growth_is_the_exponent():
    rows = [{"name": f"tv-eps-{n}", "own": 3e-6 * n, "peer": 1e-9 * n**2.5} for n in (500, 1000, 4000)]
    assert measure.growth(rows) == {"own": 1.0, "peer": 2.5}


def test_worse_is_a_ratio_that_fell_by_more_than_half_again():
    assert measure.worse({"ratio": 1.0}, {"ratio": 1.51})
    assert not measure.worse({"ratio": 1.0}, {"ratio": 1.49})
    assert not measure.worse({"ratio": 9.0}, {"ratio": 1.0})
    assert not measure.worse({"missing": "gymnasium"}, {"ratio": 1.0})
    assert not measure.worse({"ratio": 1.0}, {"missing": "gymnasium"})


def test_a_package_that_is_not_there_leaves_its_row_empty(quick):
    race = next(r for r in RACES if r.name == "heads")

    def make(**sizes):
        raise ModuleNotFoundError("no", name="gymnasium")

    row = measure.measured(measure.Race(race.name, "learners", "a", "b", make, {}))
    assert row["missing"] == "gymnasium is not installed: pip install -e '.[bench]'"


@pytest.mark.parametrize(("now", "code"), [(1.0, 0), (0.6, 1), (1.6, 0)])
def test_the_command_compares_measures_twice_and_fails_where_a_ratio_fell(now, code, monkeypatch, tmp_path, capsys):
    file, asked = tmp_path / "bench.json", []
    names = ["tv-eps-500", "tv-eps-1000"]

    def row(race, ratio=now):
        asked.append(race.name)
        return {"name": race.name, "ratio": ratio, "low": ratio, "high": ratio, "own": 1.0, "peer": ratio}

    races = [r for r in RACES if r.name in names]
    for name, value in {"RECORD": file, "RACES": races, "measured": row}.items():
        monkeypatch.setattr(f"bench.__main__.{name}", value)
    file.write_text(json.dumps({"rows": [row(r, 1.0) for r in races], "growth": {"own": 1.0, "peer": 1.0}}))
    asked.clear()
    assert main([]) == code
    out, err = capsys.readouterr()
    assert len(asked) == 2 * (1 + code)
    assert err.splitlines() == [f"bench: {name}: the ratio fell by more than a factor of 1.5" for name in names * code]
    assert f"{names[0]:<20} {'1':>9}" in out
    assert ("tv-eps-500: the ratio rose by more than a factor of 1.5" in out) == (now > 1.5)
    assert main(["--record"]) == 0
    assert [r["ratio"] for r in json.loads(file.read_text("utf8"))["rows"]] == [now, now]
    assert main(["--what"]) == 2
