"""A chapter's Markdown without MyST: numbers and references written out, blocks as plain Markdown, for readers outside the book."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qbc.pipeline.citations import Bibliography
from qbc.pipeline.written import written_out

ROLE = re.compile(r"(?<!`)\{([a-zA-Z][\w:.-]*)\}(`+)((?:(?!\2).)+)\2", re.S)
FENCE = re.compile(r"^([ ]*)(`{3,}|:{3,})\{([\w:.-]+)\} ?([^\n]*)\n(.*?)^\1\2[ ]*$", re.M | re.S)
_OPTION = re.compile(r"\A:([\w-]+):[ ]?(.*)\n?")
_TITLED = re.compile(r"\A(.*?)\s*<([^<>]+)>\Z", re.S)
_TARGET = re.compile(r"^\([\w:.-]+\)=\n", re.M)


@dataclass
class Names:
    """What the roles of a chapter stand for: glued numbers, the names of labels, titles of pages, entries; and which were cited."""

    stem: str
    numbers: Mapping[str, Any]
    labels: Mapping[str, str]
    titles: Mapping[str, str]
    bibliography: Bibliography
    cited: list[str] = field(default_factory=list)

    def role(self, name: str, content: str) -> str:
        titled = _TITLED.match(content)
        text, target = (titled[1], titled[2]) if titled else ("", content)
        if name.startswith("cite"):
            self.cited += [k.strip() for k in content.split(",")]
            return self.bibliography.parenthetical(content) if name == "cite:p" else self.bibliography.textual(content)
        if name == "math":
            return f"${content}$"
        if name == "doc":
            return text or self.titles.get(target.rpartition("/")[2], target)
        return text or self.labels.get(target, target)


def plain(text: str, names: Names) -> str:
    """The text of a cell. Of a role that is not known its words stay, of a block its title and its body."""
    text = written_out(_TARGET.sub("", text), names.numbers, names.stem)
    text = FENCE.sub(lambda m: _block(m[3], m[4].strip(), m[5], names), text)
    return ROLE.sub(lambda m: names.role(m[1], m[3]), text)


def _options(body: str) -> tuple[dict[str, str], str]:
    found = {}
    while option := _OPTION.match(body):
        found[option[1]] = option[2].strip()
        body = body[option.end() :]
    return found, body.strip("\n")


def quoted(title: str, body: str) -> str:
    """A block of its own: the title in bold, and a bar along it."""
    lines = [f"**{title}**", "", *body.splitlines()] if body else [f"**{title}**"]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _statement(kind: str, title: str, options: dict[str, str], body: str, names: Names) -> str:
    name = names.labels.get(options.get("label", ""), kind.capitalize())
    return quoted(f"{name} ({title})." if title else f"{name}.", body)


def _solution(kind: str, of: str, options: dict[str, str], body: str, names: Names) -> str:
    return f"<details><summary><b>Solution of {names.labels.get(of, of)}</b></summary>\n\n{body}\n\n</details>"


def _figure(kind: str, source: str, options: dict[str, str], body: str, names: Names) -> str:
    return "\n\n".join(filter(None, [f"*Figure: {options['alt']}*" if "alt" in options else "", body]))


def _aside(kind: str, title: str, options: dict[str, str], body: str, names: Names) -> str:
    return quoted(title or kind.capitalize(), body)


Writer = Callable[[str, str, dict[str, str], str, Names], str]
WRITERS: dict[str, Writer] = {
    "exercise": _statement,
    "solution": _solution,
    "figure": _figure,
    "image": _figure,
    "math": lambda kind, title, options, body, names: f"$$\n{body}\n$$",
    "qbc-live": lambda kind, title, options, body, names: quoted("On the page of the book stands a figure to set by hand.", body),
    "raw": lambda kind, title, options, body, names: body if title == "html" else "",
    "code-block": lambda kind, title, options, body, names: f"```{title}\n{body}\n```",
}


def _block(kind: str, title: str, body: str, names: Names) -> str:
    options, body = _options(body)
    if kind not in ("math", "raw", "code-block"):
        body = plain(body, names)  # blocks may stand in blocks
    write = _statement if kind.startswith("prf:") else WRITERS.get(kind, _aside)
    return write(kind.removeprefix("prf:"), title, options, body, names)
