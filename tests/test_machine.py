"""What is noted of the machine that executed a chapter, and what a page says of it."""

import os
import socket

from qbc.pipeline.machine import kinds, machine, processor
from qbc.pipeline.notebooks import load


def test_the_processor_is_the_model_and_elsewhere_some_name(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Brand 7\nflags\t: a b\nmodel name\t: Brand 7\n")
    assert processor(file) == "Brand 7"
    assert processor(tmp_path / "none")


def test_an_executed_chapter_notes_the_kind_of_its_machine_and_no_name_of_it(executed):
    noted = load(executed / "_build" / "executed" / "01-a.ipynb")["metadata"]["qbc"]["machine"]
    assert noted == machine() == {"processor": processor(), "cores": os.cpu_count()}
    assert socket.gethostname() not in str(noted)


def test_kinds_are_named_once_and_a_run_that_noted_none_is_not_hidden():
    two, one = {"processor": "Brand 7", "cores": 2}, {"processor": "Brand 8", "cores": 1}
    assert kinds([two, two]) == "2 cores of Brand 7"
    assert kinds([two, one, None]) == "2 cores of Brand 7 or 1 core of Brand 8 or a machine that was not noted"
