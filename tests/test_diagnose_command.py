"""The command ``qbc diagnose``: what it prints, how it ends, and what it refuses in one line."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import diagnose_data
import numpy as np
import pytest
from dataset_files import WRITERS, episodes, npz
from diagnose_data import clean

import qbc.diagnose
from qbc import cli

SECTIONS = ["dimensions", "stored", "empty_ranges", "alignment", "motion", "drift", "neighbours", "horizon", "tokens"]
KEYS = [
    "schema",
    "qbc",
    "numpy",
    "path",
    "format",
    "fps",
    "seed",
    "chunk",
    "counts",
    "sections",
    "findings",
    "advice",
    "unseen",
    "notes",
    "faults",
]
COUNTS = ["rows", "unsound", "unsound_first", "episodes", "shortest", "mean", "longest", "sample", "whole", "rank_error"]
DIMENSION = [
    "name",
    "kind",
    "min",
    "max",
    "mean",
    "std",
    "q01",
    "q50",
    "q99",
    "at_min",
    "at_max",
    "zero",
    "repeats",
    "largest_step",
    "wraps",
    "period",
    "levels",
    "histogram",
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return npz(tmp_path_factory.mktemp("sound") / "d.npz", clean(np.random.default_rng(0)))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    return npz(tmp_path_factory.mktemp("faulty") / "d.npz", diagnose_data.dead(np.random.default_rng(0)))


def test_exit_0_and_no_fault_on_sound_data(sound, capsys):
    assert cli.main(["diagnose", str(sound)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "No fault found." in out
    assert "What this report cannot see" in out
    assert "opposite best lengths (chapter 13b)" in out
    assert max(map(len, out.splitlines())) <= 120


def test_exit_1_and_the_fault_with_its_reason_and_chapter(faulty, capsys):
    assert cli.main(["diagnose", str(faulty)]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "dead dimension in actions[3]. It never changes" in out
    assert "(value 0.3)" in out
    assert "send the constant." in out


def test_works_outside_a_clone_of_the_book(sound, tmp_path):
    code = "import sys; from qbc import cli; sys.exit(cli.main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "diagnose", str(sound)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_json_has_its_keys_and_is_what_the_call_gives(sound, capsys):
    assert cli.main(["diagnose", str(sound), "--json", "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    found = json.loads(printed, parse_constant=pytest.fail)
    assert list(found) == KEYS
    assert list(found["sections"]) == SECTIONS
    assert list(found["counts"]) == COUNTS
    assert list(found["sections"]["dimensions"][0]) == DIMENSION
    assert found["schema"] == 1
    assert printed == qbc.diagnose.as_json(qbc.diagnose(sound, seed=3)) + "\n"


def test_help_says_how_it_ends_and_what_it_needs(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["diagnose", "--help"])
    assert end.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "0 no fault found, 1 faults found, 2 the data set cannot be read" in said
    assert "extra `data`" in said
    assert "nothing leaves this machine" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["."], "no data set that is known here"),
        (["SOUND", "--chunk", "0"], "chunk: from 1 to 1000000, not 0"),
        (["SOUND", "--html", "."], "--html .: a folder; name a file"),
        (["SOUND", "--html", "SOUND"], "lies in the data set"),
        (["SOUND", "--html", "no/such/folder.html"], "no/such/folder.html: No such file or directory"),
        (["cut.npz"], "cut.npz: damaged or truncated"),
        (["pickle.npy"], "pickle.npy: holds pickled objects"),
    ],
)
def test_exit_2_and_one_line_for_what_cannot_be_done(words, said, sound, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cut.npz").write_bytes(sound.read_bytes()[:200])
    np.save(tmp_path / "pickle.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert cli.main(["diagnose", *(w.replace("SOUND", str(sound)) for w in words)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("qbc: ")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", [["--gain", "x"], ["--gain", "-1"], ["--gain", "nan"], ["--seed", "-1"], ["--steps", "1.5"]])
def test_options_that_are_no_numbers_are_refused(words, sound, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["diagnose", str(sound), *words])
    assert end.value.code == 2
    assert f"argument {words[0]}" in capsys.readouterr().err


def test_without_the_extra_data_one_line_says_what_to_install(tmp_path, monkeypatch, capsys):
    (tmp_path / "d.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n")
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert cli.main(["diagnose", str(tmp_path / "d.hdf5")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("qbc: no h5py: install the extra data with")
    assert err.count("\n") == 1


@pytest.mark.parametrize("form", WRITERS)
def test_every_format_gives_a_report(form, tmp_path, rng):
    if form not in ("npz", "csv"):
        pytest.importorskip("h5py", reason="the extra data is not installed")
    report = qbc.diagnose(WRITERS[form](tmp_path, episodes(rng, [9, 14, 6])), seed=0)
    assert report.counts.rows == 29
    assert report.format == form.removesuffix(", zipped")
    assert report.faults == ()


def test_statistics_without_rows_say_so(tmp_path, capsys):
    stats = {"mean": [0.0, 0.0], "std": [1.0, 0.0], "q01": [-1.0, 0.5], "q99": [1.0, 0.5]}
    (tmp_path / "norm_stats.json").write_text(json.dumps({"norm_stats": {"actions": stats}}), "utf8")
    assert cli.main(["diagnose", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "statistics without rows" in out
    assert "empty stored range in actions[1]. q01 = q99: dividing by it explodes." in out
    assert "the path holds statistics alone" in out


# --- the page


class Tags(HTMLParser):
    """What a page is made of; its text; that every tag is closed."""

    VOID = ("meta", "rect", "line", "br")

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text, self.attributes = [], [], "", []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_stands_alone_and_has_a_figure_for_each_dimension(sound, tmp_path, capsys):
    file = tmp_path / "report.html"
    assert cli.main(["diagnose", str(sound), "--html", str(file)]) == 0
    text = file.read_text("utf8")
    page = Tags(text)
    assert page.tags.count("svg") == 3
    assert page.tags.count("rect") > 50
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert not re.search(r"https?:|url\(|@import|src=|href=", text)
    assert all(label in page.text for label in ("No fault found.", "Recommended", "What this report cannot see", "actions[2]"))
    assert ("lang", "en") in page.attributes


def test_names_from_files_are_text_on_the_page_and_one_line_in_the_terminal(tmp_path, rng):
    evil = '"><script>alert(1)</script>\x1b[31m\n&amp;'
    (tmp_path / "d.csv").write_text(
        f'"action.{evil.replace(chr(34), chr(34) * 2)}",action.b\n' + "".join(f"{a},{a}\n" for a in rng.normal(size=99)), "utf8"
    )
    report = qbc.diagnose(tmp_path / "d.csv", seed=0)
    assert evil in report.sections.dimensions[0].name
    page = Tags(qbc.diagnose.page(report))
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text
    shown = qbc.diagnose.text(report)
    assert "\x1b" not in shown
    assert all(len(line) <= 120 for line in shown.splitlines())


# --- files that are damaged


@pytest.mark.parametrize("form", ["npz", "csv", "LeRobot v2.1", "Diffusion Policy zarr"])
def test_damaged_files_give_a_report_or_one_line(form, tmp_path, capsys):
    """Each file in turn: some of its bytes changed, or its end cut off."""
    pytest.importorskip("h5py", reason="the extra data is not installed")
    rng = np.random.default_rng(0)
    top = WRITERS[form](tmp_path, episodes(rng, [6, 9, 4]))
    files = sorted(p for p in top.rglob("*") if p.is_file()) if top.is_dir() else [top]
    ends = []
    for _ in range(60):
        path = files[rng.integers(len(files))]
        whole = path.read_bytes()
        some = bytearray(whole)
        for at in rng.integers(len(some), size=rng.choice([1, 3, 20])):
            some[at] = rng.integers(256)
        path.write_bytes(some if rng.random() < 0.7 else whole[: rng.integers(len(whole))])
        ends.append(cli.main(["diagnose", str(top), "--json"]))
        out, err = capsys.readouterr()
        if ends[-1] == 2:
            assert (out, err.count("\n")) == ("", 1)
        else:
            json.loads(out, parse_constant=pytest.fail)
        path.write_bytes(whole)
    assert 2 in ends
    assert {0, 1} & set(ends)
