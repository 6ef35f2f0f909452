"""Publishing: a figure drawn for all that its inputs can be set to, or a table to sort, kept as an output of its cell."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np

from qbc.live.marks import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Mark, path
from qbc.live.scales import Axis, Input, shown

MIME = "application/vnd.qbc.live+json"
LIMIT = 50_000  # bytes of one figure
Picture = Callable[..., Sequence[Mark | Mapping[str, Any]]]  # marks and, last, what fills the braces of the sentence
Rows = Callable[[], Iterable[Sequence[Any]]]


def looked_at() -> bool:
    """Whether anybody sees figures here: not where matplotlib draws for nobody, as under an intervention."""
    return mpl.get_backend().lower() != "agg"


def tabulated(cells: Sequence[str], sizes: Sequence[int]) -> dict[str, Any]:
    """What a mark or word is for each combination of the inputs, without the inputs on which it does not depend.

    ``by`` holds the positions of the others, ``of`` the values over their grid, the last input fastest.
    """
    grid, by = np.array(cells, dtype=object).reshape(sizes), list(range(len(sizes)))
    for k in reversed(range(len(sizes))):
        first = grid.take([0], axis=k)
        if bool(np.all(grid == first)):
            grid = first.squeeze(axis=k)
            by.remove(k)
    return {"by": by, "of": np.ravel(grid).tolist()}


def drawn(name: str, question: str, said: str, x: Axis, y: Axis, inputs: Mapping[str, Input], picture: Picture) -> dict[str, Any]:
    """What a page needs of a figure. Raises ``ValueError`` naming it if its marks change with the inputs, or it is too large."""
    sizes = [len(i.values) for i in inputs.values()]
    settings = itertools.product(*(i.values.values() for i in inputs.values()))
    found = [picture(**dict(zip(inputs, setting, strict=True))) for setting in settings]
    marks = [[m for m in one if isinstance(m, Mark)] for one in found]
    heads = [[(m.label, m.kind, m.colour) for m in one] for one in marks]
    words = [{k: shown(v) for m in one if not isinstance(m, Mark) for k, v in m.items()} for one in found]
    if any(h != heads[0] for h in heads) or any(w.keys() != words[0].keys() for w in words):
        raise ValueError(f"figure {name!r}: its marks and words must be the same, in the same order, for every setting")
    if braces := set(re.findall(r"\{(.*?)\}", said)) - words[0].keys():
        raise ValueError(f"figure {name!r}: nothing fills {braces}")
    return _small(
        {
            "name": name,
            "question": question,
            "said": said,
            "size": [WIDTH, HEIGHT],
            "frame": [LEFT, TOP, RIGHT, BOTTOM],
            "x": _ticks(x, LEFT, RIGHT),
            "y": _ticks(y, BOTTOM, TOP),
            "inputs": [{"label": i.label, "kind": i.kind, "at": i.at, "values": list(i.values)} for i in inputs.values()],
            "marks": [
                {"label": label, "kind": kind, "colour": colour, **tabulated([path(one[k], x, y) for one in marks], sizes)}
                for k, (label, kind, colour) in enumerate(heads[0])
            ],
            "words": {k: tabulated([w[k] for w in words], sizes) for k in words[0]},
        }
    )


def _ticks(axis: Axis, first: float, last: float) -> dict[str, Any]:
    at = axis.place(list(axis.ticks.values()), first, last)
    return {"label": axis.label, "ticks": [[round(float(v)), name] for v, name in zip(at, axis.ticks, strict=True)]}


def _small(payload: dict[str, Any]) -> dict[str, Any]:
    size = len(json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())
    if size > LIMIT:
        raise ValueError(f"figure {payload['name']!r}: {size} bytes, at most {LIMIT}: take fewer settings or points")
    return payload


def _show(payload: dict[str, Any]) -> None:
    from IPython.display import display

    display({MIME: payload}, raw=True)  # type: ignore[no-untyped-call]


def figure(name: str, question: str, said: str, x: Axis, y: Axis, inputs: Mapping[str, Input]) -> Callable[[Picture], None]:
    """Publish the figure ``name``, which answers ``question``: the decorated function draws it for one setting of ``inputs``.

    It is called with a value for each input, and returns marks, the same in the same order for all settings, and last a mapping that
    fills the braces of the sentence ``said``. Raises ``ValueError`` if they change, or if the whole is larger than :data:`LIMIT`.
    """

    def publish(picture: Picture) -> None:
        if looked_at():
            _show(drawn(name, question, said, x, y, inputs, picture))

    return publish


def tabled(name: str, question: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]], pick: Sequence[str]) -> dict[str, Any]:
    """What a page needs of a table to sort. Raises ``ValueError`` naming it if a row does not fit its columns."""
    kept = [list(r) for r in rows]
    if any(len(r) != len(columns) for r in kept) or not set(pick) <= set(columns):
        raise ValueError(f"table {name!r}: every row needs {len(columns)} entries, and what is picked must be a column")
    written = [[_entry(v, kind) for v, kind in zip(r, columns.values(), strict=True)] for r in kept]
    numbers = [bool(kind) for kind in columns.values()]
    return _small(
        {"name": name, "question": question, "columns": list(columns), "numbers": numbers, "pick": list(pick), "rows": written}
    )


def _entry(value: Any, kind: str) -> str:
    return value if isinstance(value, str) else "–" if math.isnan(value) else format(value, kind).replace("-", "−")


def table(name: str, question: str, columns: Mapping[str, str], *, pick: Sequence[str] = ()) -> Callable[[Rows], None]:
    """Publish the table ``name``, which answers ``question``: the decorated function, which is given nothing, returns its rows.

    ``columns`` maps a heading to the format of its numbers (empty: words), ``pick`` are the columns that a reader may fix to one of
    their entries. NaN is written as a dash. Raises ``ValueError`` if a row does not fit.
    """

    def publish(rows: Rows) -> None:
        if looked_at():
            _show(tabled(name, question, columns, rows(), pick))

    return publish
