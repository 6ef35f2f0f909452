"""Figures with sliders and tables to sort: ``{qbc-live} name`` shows what a chapter has published under that name, on any page.

What stands in the page is the picture at the initial setting, whole without a script; ``qbc-live.js`` shows the inputs and looks the
other pictures up in the data beside it. The content of the directive is the caption.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from docutils import nodes
from qbc_book import Page
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from qbc.pipeline.notebooks import outputs

MIME = "application/vnd.qbc.live+json"
SWATCH = {"disc": "M22 10h0", "square": "M22 10h0", "band": "M4 4h36v12h-36z"}


def initial(table: dict[str, Any], inputs: list[dict[str, Any]]) -> str:
    """What stands in a table of the data where every input is as it starts."""
    place = 0
    for k in table["by"]:
        place = place * len(inputs[k]["values"]) + inputs[k]["at"]
    return str(table["of"][place])


def sentence(data: dict[str, Any]) -> str:
    return str(data["said"].format(**{k: initial(table, data["inputs"]) for k, table in data["words"].items()}))


def look(mark: dict[str, Any]) -> str:
    return f'class="qbc-m-{mark["kind"]} qbc-k{mark["colour"]}"'


def key(marks: list[dict[str, Any]]) -> str:
    """What is what, with a sample of each."""
    items = [
        f'<li><svg viewBox="0 0 44 20" aria-hidden="true"><path {look(m)} d="{SWATCH.get(m["kind"], "M2 10h40")}"/></svg>'
        f"{escape(m['label'])}</li>"
        for m in marks
        if m["label"]
    ]
    return f'<ul class="qbc-live-key">{"".join(items)}</ul>'


def picture(data: dict[str, Any], name: str) -> str:
    """The SVG at the initial setting."""
    (width, height), (left, top, right, bottom) = data["size"], data["frame"]
    lines = [f"M{at} {bottom}v8" for at, _ in data["x"]["ticks"]] + [f"M{left} {at}H{right}" for at, _ in data["y"]["ticks"]]
    words = [f'<text x="{at}" y="{bottom + 42}" class="qbc-mid">{escape(tick)}</text>' for at, tick in data["x"]["ticks"]]
    words += [f'<text x="{left - 12}" y="{at + 11}" class="qbc-end">{escape(tick)}</text>' for at, tick in data["y"]["ticks"]]
    words += [f'<text x="{right}" y="{height - 14}" class="qbc-end">{escape(data["x"]["label"])}</text>']
    words += [f'<text x="4" y="34">{escape(data["y"]["label"])}</text>']
    marks = "".join(f'<path {look(m)} d="{initial(m, data["inputs"])}"/>' for m in data["marks"])
    return (
        f'<svg class="qbc-live-picture" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title {name}-said">'
        f'<title id="{name}-title">{escape(data["question"])}</title><path class="qbc-grid" d="{"".join(lines)}"/>'
        f'<path class="qbc-frame" d="M{left} {top}V{bottom}H{right}"/>{"".join(words)}{marks}</svg>'
    )


def control(k: int, given: dict[str, Any]) -> str:
    """The input number k, with its label and what it is set to."""
    shown, label = given["values"][given["at"]], escape(given["label"])
    if given["kind"] == "select":
        options = "".join(
            f'<option value="{i}"{" selected" if i == given["at"] else ""}>{escape(v)}</option>' for i, v in enumerate(given["values"])
        )
        return f'<label>{label} <select data-input="{k}">{options}</select></label>'
    return (
        f'<label>{label} <b>{escape(shown)}</b> <input type="range" data-input="{k}" min="0" max="{len(given["values"]) - 1}"'
        f' value="{given["at"]}" aria-valuetext="{escape(shown)}" autocomplete="off"></label>'
    )


def figure(data: dict[str, Any], name: str) -> str:
    inputs = "".join(control(k, given) for k, given in enumerate(data["inputs"]))
    kept = json.dumps({k: data[k] for k in ("said", "inputs", "marks", "words")}, ensure_ascii=False, separators=(",", ":"))
    safe = kept.replace("</", "<\\/")  # else it could end the script that holds it
    return (
        f'<form hidden aria-label="{escape(data["question"])}">{inputs}</form>{picture(data, name)}{key(data["marks"])}'
        f'<p class="qbc-live-said"><output id="{name}-said" aria-live="polite">{escape(sentence(data))}</output></p>'
        f'<script type="application/json">{safe}</script>'
    )


def table(data: dict[str, Any]) -> str:
    css = [' class="qbc-number"' if number else "" for number in data["numbers"]]
    head = "".join(f'<th{c} scope="col">{escape(name)}</th>' for name, c in zip(data["columns"], css, strict=True))
    body = "".join(f"<tr>{''.join(f'<td{c}>{escape(v)}</td>' for v, c in zip(row, css, strict=True))}</tr>" for row in data["rows"])
    picked = " ".join(str(data["columns"].index(name)) for name in data["pick"])
    return (
        f'<form hidden data-pick="{picked}" aria-label="{escape(data["question"])}"></form><div class="qbc-live-scroll" tabindex="0">'
        f'<table class="qbc-live-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


class Live(Page):
    """The published figure or table of a name, with its question above it and the caption, its content, below."""

    required_arguments = 1
    has_content = True

    def published(self, name: str) -> dict[str, Any]:
        for path in self.notebooks():
            for out in outputs(path):
                data = out.get("data", {}).get(MIME)
                if data and data["name"] == name:
                    return dict(data)
        raise ExtensionError(f"{self.env.docname}: no executed chapter publishes a figure or table named {name!r}")

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        data = self.published(self.arguments[0])
        name = f"live-{data['name']}"
        inner = figure(data, name) if "marks" in data else table(data)
        start = f'<figure class="qbc-live" id="{name}"><p class="qbc-live-question">{escape(data["question"])}</p>{inner}<figcaption>'
        caption = self.parse_text_to_nodes("\n".join(self.content))
        return [nodes.raw("", start, format="html"), *caption, nodes.raw("", "</figcaption></figure>", format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("qbc-live", Live)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
