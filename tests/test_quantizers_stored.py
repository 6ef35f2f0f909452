"""Equality, and JSON: what is loaded is what was saved, to the last bit, and what is wrong in a file is named."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantizer_fits import told

from qbc import families
from qbc import quantizers as qz

FIT = qz.fit(np.random.default_rng(0).normal(size=(90, 6)), qz.KINDS, 7, rng=np.random.default_rng(0))
ALL = {**qz.EXAMPLES, **qz.CIRCLES, **qz.VECTORS, "fitted": FIT}
over_all = pytest.mark.parametrize("name", ALL)


# --- equality


@over_all
def test_equal_to_itself_and_to_nothing_else(name):
    q = ALL[name]
    assert [other for other, p in ALL.items() if p == q] == [name]
    twin = pickle.loads(pickle.dumps(q))
    assert twin == q
    assert hash(twin) == hash(q)
    assert q != "q"
    assert len({q, twin}) == 1


def test_what_it_was_fitted_to_makes_no_difference_and_zeros_are_equal():
    u = np.linspace(-1, 1, 41)
    assert qz.fit_uniform(u, 8) == qz.uniform(8)
    assert qz.fit_uniform(u, 8).fitted != qz.uniform(8).fitted
    here, there = (qz.codebook([-1.0, zero, 1.0], -1.0, 1.0) for zero in (0.0, -0.0))
    assert (here, hash(here)) == (there, hash(there))


def test_every_field_counts():
    q = qz.uniform(4)
    moved = q.edges.copy()
    moved[1] = np.nextafter(moved[1], 1)
    assert q != replace(q, edges=moved)
    assert q != qz.Cells(q.values, q.edges, closed="right")
    assert qz.periodic(4, -1, 1) != qz.uniform(4)
    one, same, other = (families.Branched(q.values, qz.uniform(n), ((0.0, 0.1, 0.25),)) for n in (4, 4, 5))
    assert one == same != other


# --- JSON


def test_what_was_fitted_with_numpys_counts_is_saved(tmp_path):
    """Codes asked for are often an entry of an array."""
    q = qz.fit(np.random.default_rng(0).normal(size=(90, 2)), n=np.array([4, 8]))
    assert [type(c.fitted.n) for c in q.coordinates] == [int, int]
    qz.save(q, tmp_path / "q.json")
    assert qz.load(tmp_path / "q.json") == q
    record = qz.Fitted("uniform", np.int64(4), np.int32(90), np.float32(0), np.float32(1))
    assert {type(x) for x in (record.n, record.rows)} == {int}
    assert {type(x) for x in (record.low, record.high)} == {float}


@over_all
def test_what_is_loaded_is_what_was_saved(name, tmp_path):
    q, path = ALL[name], tmp_path / "q.json"
    qz.save(q, path)
    back = qz.load(path)
    assert back == q
    assert type(back) is type(q)
    parts = list(zip(getattr(q, "coordinates", [q]), getattr(back, "coordinates", [back]), strict=True))
    for mine, theirs in parts:
        assert mine.fitted == theirs.fitted
        assert mine.values.tobytes() == theirs.values.tobytes()
    assert path.read_text("utf8") == qz.to_json(back)
    u = np.random.default_rng(0).normal(size=(50, len(parts)))
    again = [p.encode(u if p is back and len(parts) > 1 else u[:, : len(parts)], np.random.default_rng(1)) for p in (q, back)]
    assert np.array_equal(*again)


@given(values=st.lists(st.floats(-8e307, 8e307), min_size=2, max_size=9, unique=True))
def test_floats_come_back_to_the_last_bit(values):
    q = qz.codebook(values, min(values), max(max(values), np.nextafter(max(values), np.inf)))
    back = qz.from_json(qz.to_json(q))
    assert (back.values.tobytes(), back.edges.tobytes()) == (q.values.tobytes(), q.edges.tobytes())


def test_the_file_is_readable():
    with told():
        q = qz.fit(np.linspace(0, 1, 5)[:, None] * [1, 2], ["uniform", "periodic"], 2)
    assert qz.to_json(q).splitlines()[:17] == [
        "{",
        '  "format": "qbc.quantizers",',
        '  "version": 1,',
        '  "quantizer": {',
        '    "type": "PerCoordinate",',
        '    "coordinates": [',
        "      {",
        '        "type": "Cells",',
        '        "fitted": {',
        '          "kind": "uniform",',
        '          "n": 2,',
        '          "rows": 5,',
        '          "low": 0.0,',
        '          "high": 1.0',
        "        },",
        '        "values": [0.25, 0.75],',
        '        "edges": [0.0, 0.5, 1.0],',
    ]


C = ("quantizer", "coordinates", 1)


def changed(*path, to=None):
    """The file of a fit with one thing in it changed, or taken out."""
    top = json.loads(qz.to_json(FIT))
    *outer, last = path
    inner = top
    for key in outer:
        inner = inner[key]
    if to is None:
        del inner[last]
    else:
        inner[last] = to
    return json.dumps(top)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no strict JSON: Expecting value"),
        ("[" * 100_000, "no strict JSON: maximum recursion"),
        (changed(*C, "edges", 3, to=float("nan")), "no strict JSON: NaN is no number"),
        ('{"format": 1, "format": 1}', "no strict JSON: a key stands twice"),
        ("[]", "top level: an object, not list"),
        (changed("version"), "top level: missing 'version'"),
        (changed("more", to=1), "top level: unknown 'more'"),
        (changed("format", to="qbc"), "format: 'qbc.quantizers', not 'qbc'"),
        (changed("version", to=2), "version: 1, not 2"),
        (changed("version", to=True), "version: 1, not True"),
        (changed("quantizer", to=[]), "quantizer.type: one of Cells, Dithered, Periodic or, at the top, PerCoordinate"),
        (changed("quantizer", "coordinates", to=[]), "quantizer.coordinates: one or more quantizers"),
        (changed("quantizer", "coordinates", to={}), "quantizer.coordinates: a list"),
        (changed(*C, "type", to="Code"), "quantizer.coordinates[1].type: one of"),
        (changed(*C, "type", to="PerCoordinate"), "quantizer.coordinates[1].type: one of"),
        (changed(*C, "type", to="Dithered"), "quantizer.coordinates[1]: unknown 'closed', 'edges'"),
        (changed(*C, "edges"), "quantizer.coordinates[1]: missing 'edges'"),
        (changed(*C, "edges", 3), "quantizer.coordinates[1].edges: one more than values, not 7 for 7"),
        (changed(*C, "edges", 3, to="0.1"), "quantizer.coordinates[1].edges: numbers"),
        (changed(*C, "edges", 3, to=True), "quantizer.coordinates[1].edges: numbers"),
        (changed(*C, "edges", 3, to=10**400), "quantizer.coordinates[1].edges: finite"),
        (changed(*C, "edges", to=0.5), "quantizer.coordinates[1].edges: numbers"),
        (changed(*C, "edges", 3, to=99.0), "quantizer.coordinates[1].edges: one-dimensional, non-empty, finite"),
        (changed(*C, "values", 0, to=-99.0), "quantizer.coordinates[1].values: each must lie in its own cell"),
        (changed(*C, "closed", to="up"), "quantizer.coordinates[1].closed: 'left' or 'right', not 'up'"),
        (changed(*C, "fitted", to=7), "quantizer.coordinates[1].fitted: an object, not int"),
        (changed(*C, "fitted", "rows"), "quantizer.coordinates[1].fitted: missing 'rows'"),
        (changed(*C, "fitted", "rows", to=1.5), "quantizer.coordinates[1].fitted.rows: a positive integer, not 1.5"),
        (changed(*C, "fitted", "n", to=0), "quantizer.coordinates[1].fitted.n: a positive integer, not 0"),
        (changed(*C, "fitted", "kind", to=3), "quantizer.coordinates[1].fitted.kind: a name, not 3"),
        (changed(*C, "fitted", "low", to=99), "quantizer.coordinates[1].fitted.low, high: low ≤ high, not 99.0"),
        (changed(*C, "fitted", "low", to="0"), "quantizer.coordinates[1].fitted.low: numbers"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text, words, tmp_path):
    path = tmp_path / "q.json"
    path.write_text(text, "utf8")
    with pytest.raises(ValueError, match=r"q\.json: ") as error:
        qz.load(path)
    assert str(error.value).startswith(f"{path}: {words}")
    assert "\n" not in str(error.value)


def test_other_files_are_named_too(tmp_path):
    path = tmp_path / "q.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"q\.json: no UTF-8$"):
        qz.load(path)
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        qz.load(tmp_path / "none.json")


def test_a_class_of_ones_own_cannot_be_saved(tmp_path):
    class Cells(qz.Quantizer):
        ends, radius, encode = np.array([0.0, 1.0]), 1.0, lambda self, u, rng=None: u

    for q, words in ((Cells([0.0, 1.0]), "Cells"), (qz.PerCoordinate((qz.uniform(2), Cells([0.0, 1.0]))), "Cells")):
        with pytest.raises(ValueError, match=f"^q: one of Cells, Dithered, Periodic or PerCoordinate, not .*{words}"):
            qz.save(q, tmp_path / "q.json")
    assert not (tmp_path / "q.json").exists()
