"""What the theme and MathJax ship, cut to what the pages use: icons, rules of style sheets, alphabets of formulas, digits of drawings;
and words on the console.
"""

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
ALPHABETS = {  # the commands of TeX that ask for one, its letters among the mathematical ones of Unicode, its names in MathJax
    "mathfrak|frak": ([(0x1D504, 0x1D537), (0x1D56C, 0x1D59F)], {"fraktur", "frakturBold"}),
    "mathtt|texttt|tt": ([(0x1D670, 0x1D6A3), (0x1D7F6, 0x1D7FF)], {"monospace"}),
    "mathsf|textsf|sf": (
        [(0x1D5A0, 0x1D66F), (0x1D756, 0x1D7C9), (0x1D7E2, 0x1D7F5)],
        {"sansSerif", "sansSerifBold", "sansSerifItalic"},
    ),
    "mathbf|textbf|bf|boldsymbol|bm": (
        [(0x1D400, 0x1D433), (0x1D468, 0x1D49B), (0x1D4D0, 0x1D503), (0x1D6A8, 0x1D6E1), (0x1D71C, 0x1D755), (0x1D7CA, 0x1D7D7)],
        {"bold", "boldItalic", "texCalligraphicBold", "texOldstyleBold"},
    ),
    "mathscr|scr": ([(0x1D49C, 0x1D4CF)], set()),
    "mathit|textit|it": ([], {"texMathit"}),
    "oldstyle": ([], {"texOldstyle"}),
}
LETTERS = re.compile(r'(\.AddPaths\)\(\w+\.(\w+),)(\{(?:\w+:"[^"]*",?)*\})')
STYLES = ("styles/*-theme.css", "sphinx-design.min.css", "mystnb.*.css", "basic.css")


def icons(whole: str, pages: str) -> str:
    """Of the theme's 2,000 icons those that some page shows."""
    shown = set(re.findall(r"\bfa-([a-z][a-z-]*)", pages))
    return ICON.sub(lambda m: m[0] if m[1] in shown else "", whole)


def alphabets(font: str, pages: str) -> str:
    """MathJax's letters without those of alphabets that no page asks for."""
    unused = [kept for words, kept in ALPHABETS.items() if not re.search(rf"\\(?:{words})(?![a-zA-Z])", pages)]
    names, ranges = {name for _, names in unused for name in names}, [r for ranges, _ in unused for r in ranges]

    def letter(m: re.Match[str]) -> str:
        return "" if any(low <= float(m[1]) <= high for low, high in ranges) else m[0]

    def table(m: re.Match[str]) -> str:
        return m[1] + ("{}" if m[2] in names else re.sub(r'(?<=[{,])(\d+(?:e\d+)?):"[^"]*",?', letter, m[3]))

    return LETTERS.sub(table, font)


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
    for path in (static / "mathjax" / "output" / "svg" / "fonts").glob("*.js"):
        path.write_text(alphabets(path.read_text("utf8"), pages), "utf8")
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
