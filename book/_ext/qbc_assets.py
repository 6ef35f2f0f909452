"""What the theme ships, cut to what the pages use: icons, rules of style sheets, words on the console, digits of drawings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ICON = re.compile(r'"?([\w-]+)"?:\[\d+,\d+,\[[^\]]*\],"[0-9a-f]+",(?:"[^"]*"|\[(?:"[^"]*",?)*\])\],?')
CONSOLE = re.compile(r"\bconsole\.(?:log|debug|info)\(")
CLASS = re.compile(r"\.(-?[_a-zA-Z][\w-]*)")
COMMENT = re.compile(r"/\*(?!!).*?\*/", re.S)  # what begins with /*! is a licence
NUMBER = re.compile(r"-?\d+\.\d{3,}")
DRAWN = re.compile(r'(?<=[\s"])(?:d|x|y|points)="[^"]*"')
GLYPH = re.compile(r"\\(f[0-9a-f]{3})")
WOFF2 = re.compile(r'url\([^)]*\.woff2\) format\("woff2"\),')  # the fonts beside it are cut, and as small then
STYLES = ("styles/*-theme.css", "sphinx-design.min.css", "mystnb.*.css", "basic.css")


def icons(whole: str, pages: str) -> str:
    """Of the theme's 2,000 icons those that some page shows."""
    shown = set(re.findall(r"\bfa-([a-z][a-z-]*)", pages))
    return ICON.sub(lambda m: m[0] if m[1] in shown else "", whole)


def quiet(script: str) -> str:
    """A script that says nothing on the console unless something is wrong."""
    return CONSOLE.sub("void(", script)


def rules(sheet: str) -> list[tuple[str, str]]:
    """The rules of a style sheet: what stands before the braces, and what within."""
    found, start, i = [], 0, 0
    while (i := sheet.find("{", start)) >= 0:
        head, depth, j = sheet[start:i], 1, i + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(sheet[j], 0)
            j += 1
        found.append((head, sheet[i + 1 : j - 1]))
        start = j
    return found


def used(sheet: str, words: set[str]) -> str:
    """The style sheet without the rules for classes that stand in no page and no script."""
    kept = []
    for head, body in rules(sheet):
        if head.lstrip().startswith(("@media", "@supports")):
            inner = used(body, words)
            kept += [f"{head}{{{inner}}}"] if inner else []
        elif head.lstrip().startswith("@"):
            kept.append(f"{head}{{{body}}}")
        else:
            chosen = [s for s in re.split(r",(?![^(]*\))", head) if set(CLASS.findall(re.sub(r":not\([^)]*\)", "", s))) <= words]
            kept += [f"{','.join(chosen)}{{{body}}}"] if chosen else []
    return "".join(kept)


def shorter(drawing: str) -> str:
    """A drawing without digits below a hundredth of a point, and without the blanks between its elements."""
    told = DRAWN.sub(lambda m: NUMBER.sub(lambda n: f"{float(n[0]):.2f}".rstrip("0").rstrip("."), m[0]), drawing)
    return re.sub(r">\s+<", "><", re.sub(r"[ \n]*\n[ \n]*", " ", told))


def glyphs(font: Path, points: set[int]) -> None:
    """Keep of a font the characters that the style sheets show."""
    from fontTools import subset

    whole = subset.load_font(font, subset.Options())
    cutter = subset.Subsetter(subset.Options(layout_features=[], notdef_outline=True))
    cutter.populate(unicodes=points)
    cutter.subset(whole)
    whole.save(font)


def cut(app: Sphinx, error: Exception | None) -> None:
    out = Path(app.outdir)
    static = out / "_static"
    if error or not (static / "scripts" / "fontawesome.js").is_file():
        return
    pages = "".join(p.read_text("utf8") for p in out.rglob("*.html"))
    scripts = [p for p in (*static.glob("*.js"), *(static / "scripts").glob("*.js")) if not p.name.startswith("qbc")]
    code = [p.read_text("utf8") for p in (*scripts, *static.glob("qbc*.js"))]
    words = {w for text in [pages, *code] for w in re.findall(r"[\w-]+", text)}
    for path in scripts:
        text = path.read_text("utf8")
        path.write_text(quiet(icons(text, pages) if path.name == "fontawesome.js" else text), "utf8")
    for path in (p for name in STYLES for p in static.glob(name)):
        sheet = COMMENT.sub("", path.read_text("utf8"))
        path.write_text(WOFF2.sub("", used(sheet, words)), "utf8")
    points = {int(code, 16) for p in static.rglob("*.css") for code in GLYPH.findall(p.read_text("utf8"))}
    for font in (static / "vendor").rglob("*.ttf"):
        glyphs(font, points)
    for path in (out / "_images").glob("*.svg"):
        path.write_text(shorter(path.read_text("utf8")), "utf8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", cut)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
