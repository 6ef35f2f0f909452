"""Reading a published figure back: its paths as points in the units of its axes, its words, at any setting."""

import re

import numpy as np


def at(table, inputs, setting=()):
    """What stands in a table of the data, with input number k at position setting[k]; by default as it starts."""
    setting = setting or [i["at"] for i in inputs]
    place = 0
    for k in table["by"]:
        place = place * len(inputs[k]["values"]) + setting[k]
    return table["of"][place]


def coordinates(d):
    """The pieces of a path, each (n, 2), in the units of the picture."""
    found = []
    for piece in filter(None, d.split("M")):
        if "h0" in piece or "V" in piece or "H" in piece:
            found.append(np.array([list(map(float, re.findall(r"-?\d+", piece)[:2]))]))
            continue
        start, _, steps = piece.partition("l")
        moves = np.array([float(v) for v in re.findall(r"-?\d+", steps)]).reshape(-1, 2)
        found.append(np.cumsum(np.concatenate([[list(map(float, start.split()))], moves]), axis=0))
    return found


def ends(axis, number):
    """Two ticks of an axis: where they stand and their values."""
    (a, low), (b, high) = axis["ticks"][0], axis["ticks"][-1]
    return np.array([a, b]), np.array([number(low), number(high)])


def value(text):
    """The number on a tick: 10⁻³ or −0.5."""
    text = text.replace("−", "-")
    if text.startswith("10") and len(text) > 2 and text[2] in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹":
        return 10.0 ** float(text[2:].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    return float(text)


def units(axis, places):
    """Coordinates along an axis in its units; log where its ticks are powers of ten."""
    where, v = ends(axis, value)
    log = "⁰" in str(axis["ticks"]) or "⁻" in str(axis["ticks"]) or "10¹" in str(axis["ticks"])
    v = np.log10(v) if log else v
    found = v[0] + (np.asarray(places) - where[0]) * (v[1] - v[0]) / (where[1] - where[0])
    return 10.0**found if log else found


def pieces(data, label, setting=()):
    """The pieces of the mark of a label, each (x, y) in the units of the axes."""
    mark = next(m for m in data["marks"] if m["label"] == label)
    return [(units(data["x"], p[:, 0]), units(data["y"], p[:, 1])) for p in coordinates(at(mark, data["inputs"], setting))]


def words(data, setting=()):
    return {k: at(table, data["inputs"], setting) for k, table in data["words"].items()}
