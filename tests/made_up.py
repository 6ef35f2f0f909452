"""A made-up book for the tests of the pipeline: chapters that execute in a second; and a made-up generator."""

import subprocess
import sys

import numpy as np

FRONT = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
# A small chapter
"""
STATED = """
```{prf:theorem} A mean
:label: thm-a

It is small.

*Source:* {cite:t}`paper`, Theorem 1 (stated; as stated).
```
"""
PARAMETERS = """
```{code-cell} ipython3
:tags: [parameters]
seed = 0
scale = 1.0
```
"""
HEAD = FRONT + STATED + PARAMETERS


def cell(code):
    return f"\n```{{code-cell}} ipython3\n{code}\n```\n"


IMPORTS = "import numpy as np\nfrom qbc.claims import check, glue, mean\n"
HOLDS, FALSE = 'check("thm-a", 1.0, "<=", 3)', 'check("thm-a", 1.0, ">=", 3)'
BODY = cell(
    IMPORTS
    + """x = mean(np.random.default_rng(seed).normal(size=int(100 * scale)))
glue("x", x)
glue("two", 2.0)
check("thm-a", x, "<=", 3)
check("thm-a-control", x, ">=", 3, drops="smallness", expect="violated")"""
)


def write(top, **texts):
    """A clone with these chapters: ``_01_a`` is book/01-a.md."""
    for name in ("book", "tests/expected"):
        (top / name).mkdir(parents=True, exist_ok=True)
    (top / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    (top / "README.md").write_text("<!-- ledger -->\n<!-- /ledger -->\n")
    for stem, body in texts.items():
        (top / "book" / f"{stem[1:].replace('_', '-')}.md").write_text(HEAD + body)


def edit(path, old, new):
    text = path.read_text("utf8")
    assert old in text
    path.write_text(text.replace(old, new), "utf8")


def command(*words, cwd, **how):
    """What ``subprocess`` needs to run ``qbc`` on its own."""
    code = "import sys; from qbc.cli import main; sys.exit(main())"
    return [sys.executable, "-c", code, *map(str, words)], dict(
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
    )


class Zeros:
    """A generator that draws only zeros, as any may."""

    def random(self, shape):
        return np.zeros(shape)
