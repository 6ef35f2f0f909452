"""The line that says what is wrong with a data set, and small changes to its JSON files."""

import json

import pytest

from qbc.datasets import Unreadable, recognise

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
LFS = "a pointer of git-lfs, not the data: fetch them with `git lfs pull`"


def refusal(path):
    """The line for the data set at a path, whether it shows at once or in the rows; without the path itself."""
    with pytest.raises(Unreadable) as error:
        for _ in recognise(path).pieces():
            pass
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    return text.removeprefix(str(path)).removeprefix("/")


def changed(path, *keys, to):
    tree = json.loads(path.read_text("utf8"))
    at = tree
    for k in keys[:-1]:
        at = at[k]
    at[keys[-1]] = to
    path.write_text(json.dumps(tree), "utf8")
