"""Every option of every command says what it needs, in words, of whatever is no such thing."""

import argparse
from pathlib import Path

import pytest

from qbc.pipeline.arguments import parser

COMMANDS = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
NUMBERS = [
    (name, a.option_strings[-1])
    for name, command in COMMANDS.items()
    for a in command._actions
    if a.option_strings and a.type not in (None, Path) and a.metavar != "DIR"
]


@pytest.mark.parametrize(("name", "option"), NUMBERS)
@pytest.mark.parametrize("given", ["x", "", "1e", "½"])
def test_what_is_no_number_is_told_what_is_needed_in_words(name, option, given, capsys):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([name, *["data"] * (name == "diagnose"), option, given])
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"qbc {name}: error: argument {option}: needs ")
    assert "number" in said or "seconds" in said
