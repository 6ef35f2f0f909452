"""The record of longer training: what the two lane chapters say when every network is trained ten times as long."""

import json
import re

import pytest

from qbc.pipeline.chapters import Problem, find, root
from qbc.pipeline.longer import longer, record

KEPT = root() / "book" / "_static" / "recorded" / "training.json"


def test_the_record_is_of_the_chapters_that_can_be_trained_longer():
    able = {c.stem for c in find(root()) if re.search(r"^training = 1\b", c.text.read_text("utf8"), re.M)}
    assert set(json.loads(KEPT.read_text("utf8"))) == able


@pytest.mark.parametrize("stem", ["08-replica-noising", "08b-noise-in-training"])
def test_longer_training_turns_no_verdict(stem):
    kept = json.loads(KEPT.read_text("utf8"))[stem]
    text = (root() / "book" / f"{stem}.md").read_text("utf8")
    assert kept["training"] == 10
    assert kept["turned"] == []
    assert kept["checks"] >= len(re.findall(r'^check\("', text, re.M))


def test_a_run_of_the_stated_length_is_refused(tmp_path):
    run = tmp_path / "08-replica-noising.ipynb"
    run.write_text(json.dumps(dict(nbformat=4, nbformat_minor=5, metadata={}, cells=[])), "utf8")
    with pytest.raises(Problem, match="training = 1"):
        longer(run)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(Problem, match="no executed chapter"):
        record(tmp_path, tmp_path / "training.json")
