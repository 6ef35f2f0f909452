"""Figures with sliders: what is published is what the function draws, at every setting, and nothing where nobody looks."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_paths import pieces, words

from qbc import live
from qbc.live import publish
from qbc.live.marks import BOTTOM, LEFT, RIGHT, TOP, path

LINEAR, LOG = live.axis("x", 0, 100), live.axis("y", 1e-3, 1e3, log=True)
GIVEN = live.inputs(a=live.slider("a", (1, 2, 3), at=2), b=live.select("b", {"low": 0.1, "high": 10}, at=10))
SAID = "{a} times {b} is {product}."


def drawn(picture, inputs=GIVEN, said=SAID, x=LINEAR, y=LOG):
    return publish.drawn("f", "How much?", said, x, y, inputs, picture)


def product(a, b):
    t = np.arange(101)
    return (
        live.line("rises", t, a * b * 1.02**t),
        live.dots("two", [10, 50], [a, a]),
        live.rule("b", y=b),
        dict(a=a, b=b, product=f"{a * b:g}"),
    )


def test_every_setting_of_the_data_is_what_the_function_draws():
    data = drawn(product)
    for (i, a), (j, b) in itertools.product(enumerate((1, 2, 3)), enumerate((0.1, 10))):
        (x, y), *rest = pieces(data, "rises", [i, j])
        assert not rest
        np.testing.assert_allclose(np.log10(y), np.log10(a * b * 1.02**x), atol=0.02)
        assert [round(float(v[0])) for v, _ in pieces(data, "two", [i, j])] == [10, 50]
        np.testing.assert_allclose([y[0] for _, y in pieces(data, "two", [i, j])], a, rtol=0.02)
        np.testing.assert_allclose(pieces(data, "b", [i, j])[0][1], b, rtol=0.02)
        assert words(data, [i, j]) == {"a": str(a), "b": f"{b:g}", "product": f"{a * b:g}"}


def test_a_mark_is_kept_once_for_inputs_on_which_it_does_not_depend():
    assert [m["by"] for m in drawn(product)["marks"]] == [[0, 1], [0], [1]]
    assert drawn(lambda a, b: (live.rule("r", x=5), {}), said="")["marks"][0] == {
        "label": "r", "kind": "rule", "colour": 0, "by": [], "of": [f"M{round(LEFT + (RIGHT - LEFT) / 20)} {TOP}V{BOTTOM}"]
    }  # fmt: skip


@given(st.lists(st.integers(0, 2), min_size=12, max_size=12))
def test_a_table_gives_back_every_cell(cells):
    sizes = (2, 3, 2)
    table = publish.tabulated([str(c) for c in cells], sizes)
    for k, setting in enumerate(itertools.product(*map(range, sizes))):
        place = 0
        for axis in table["by"]:
            place = place * sizes[axis] + setting[axis]
        assert table["of"][place] == str(cells[k])


def test_lines_are_clipped_to_the_frame_and_broken_at_gaps():
    y = np.array([1.0, 10, np.nan, 100, 1e9, 1e9])
    (x, _), (x2, v2) = pieces(drawn(lambda a, b: (live.line("g", [0, 20, 40, 60, 80, 100], y), {}), said=""), "g")
    np.testing.assert_allclose([x[0], x[-1], x2[0]], [0, 20, 60], atol=0.2)
    assert v2[-1] <= 1.1e3
    assert path(live.dots("", [50, 200], [1, 1]), LINEAR, LOG).count("M") == 1
    assert path(live.rule("", x=200), LINEAR, LOG) == ""
    assert path(live.line("", [0, 100], [-1, 0]), LINEAR, LOG) == ""  # a log axis has neither


@given(st.floats(0, 100), st.floats(1e-3, 1e3))
def test_a_point_inside_stands_inside(x, y):
    a, b = path(live.dots("", [x], [y]), LINEAR, LOG)[1:-2].split()
    assert LEFT <= int(a) <= RIGHT
    assert TOP <= int(b) <= BOTTOM


def test_many_lines_are_one_mark_and_a_band_is_closed():
    marks = live.line("m", [0, 100], [[1, 1], [10, 10]], kind="thin"), live.band("s", [0, 100], [1, 1], [10, 10])
    data = drawn(lambda a, b: (*marks, {}), said="")
    assert len(pieces(data, "m")) == 2
    x, y = pieces(data, "s")[0]
    assert (x[0], y[0]) == (x[-1], y[-1])


def test_ticks_are_round_and_have_a_proper_minus():
    assert list(LINEAR.ticks) == ["0", "20", "40", "60", "80", "100"]
    assert set(LOG.ticks) >= {"10⁻²", "10²"}
    assert list(live.axis("z", -1, 1).ticks) == ["−1", "−0.5", "0", "0.5", "1"]
    assert live.axis("z", 0, 1, ticks={"none": 0, "out": 2}).ticks == {"none": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: live.axis("x", 1, 1),
        lambda: live.axis("x", 0, 1, log=True),
        lambda: live.axis("x", 0, np.inf),
        lambda: live.slider("s", (1, 2), at=3),
        lambda: drawn(lambda a, b: (live.rule(str(a), x=1), {}), said=""),
        lambda: drawn(lambda a, b: (live.rule("", x=1), {"w": a} if a > 1 else {}), said=""),
        lambda: drawn(lambda a, b: (live.line("", range(100), np.random.default_rng(a).random((60, 100)) * b), {}), said=""),
        lambda: drawn(lambda a, b: (live.rule("", x=1), {"w": a}), said="{w:.2f}"),
        lambda: drawn(lambda a, b: (live.rule("", x=1), {}), said="{w}"),
        lambda: publish.tabled("t", "", {"a": "", "b": ".2f"}, [["x"]], ()),
        lambda: publish.tabled("t", "", {"a": ""}, [["x"]], ("c",)),
    ],
)
def test_what_cannot_be_shown_is_refused(wrong):
    with pytest.raises(ValueError, match=r"axis 'x'|input 's'|figure 'f'|table 't'"):
        wrong()


def test_a_table_keeps_words_and_formats_numbers():
    data = publish.tabled("t", "Which?", {"head": "", "success": ".0%"}, [["mean", 0.5], ["flow", np.nan], ["MMD", -1]], ("head",))
    assert data["rows"] == [["mean", "50%"], ["flow", "–"], ["MMD", "−100%"]]
    assert data["numbers"] == [False, True]
    assert data["pick"] == ["head"]


def test_where_figures_are_not_looked_at_nothing_is_called(monkeypatch):
    shown = []
    monkeypatch.setattr(publish, "_show", shown.append)
    for backend, n in (("agg", 0), ("module://matplotlib_inline.backend_inline", 2)):
        monkeypatch.setattr(publish.mpl, "get_backend", lambda b=backend: b)

        @live.figure("f", "How much?", SAID, LINEAR, LOG, GIVEN)
        def name(a, b):
            return product(a, b)

        @live.table("t", "Which?", {"a": ""})
        def rows():
            yield ["x"]

        assert (name, rows) == (None, None)
        assert len(shown) == n
    assert shown[0]["name"] == "f"
