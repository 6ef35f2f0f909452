"""What the chapters say of their sources: read from the words after a statement's *Source* line, complete, and on the page."""

import json
import re

import nbformat
import pytest
from made_up import edit

from qbc.pipeline import chapters, record
from qbc.pipeline.chapters import Problem
from qbc.pipeline.findings import CORRECTIONS, KINDS, Finding, findings, of_chapter
from qbc.pipeline.written import written_out

TOP = chapters.root()
CHAPTERS = chapters.find(TOP)
each = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.stem)
CORRECTED = "*Source:* {cite:t}`paper`, Theorem 1 (reported; other constant). Free words. *It says:* four. *Found:* two, at $x$."
OURS = "*Source:* ours. *Against:* {cite:t}`paper`, Theorem 2 (stated; limit). *It says:* much. **Found:** less."


def block(line):
    return f"```{{prf:theorem}} A title\n:label: thm-a\n\nBody.\n\n{line}\n```\n"


def test_a_correction_and_a_statement_of_ours_about_a_source_are_read():
    assert findings(block(CORRECTED), "01-a") == [
        Finding("thm-a", record.Source("paper", "Theorem 1", "reported", "other constant"), "four.", "two, at $x$.", False)
    ]
    assert findings(block(OURS), "01-a") == [
        Finding("thm-a", record.Source("paper", "Theorem 2", "stated", "limit"), "much.", "less.", True)
    ]
    for line in ("*Source:* ours.", "*Source:* {cite:t}`paper`, Theorem 1 (reported; as stated). More."):
        assert findings(block(line), "01-a") == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (CORRECTED.partition(" *It says")[0], "thm-a: other constant, but no line"),
        (CORRECTED.replace("*Found:*", "Found:"), "thm-a: other constant, but no line"),
        (OURS.partition(" *It says")[0], "thm-a: limit, but no line"),
        (OURS.replace("limit", "surprise"), "must read .* counterexample"),
        (OURS.replace(" *Against:* {cite:t}`paper`, Theorem 2 (stated; limit).", ""), "belongs to a source that the statement changes"),
        (CORRECTED.replace("other constant", "as stated"), "belongs to a source that the statement changes"),
    ],
)
def test_half_a_finding_is_one_line_that_names_chapter_and_label(line, said):
    with pytest.raises(Problem, match=f"^01-a: thm-a: .*{said.removeprefix('thm-a: ')}"):
        findings(block(line), "01-a")


def test_numbers_in_a_finding_are_written_out(done):
    path = done / "_build" / "executed" / "01-a.ipynb"
    nb = nbformat.read(path, 4)
    nb.cells.append(nbformat.v4.new_markdown_cell(block(OURS.replace("less.", "{glue:text}`two:.2f`."))))
    nbformat.write(nb, path)
    assert of_chapter(path)[0].found == "2.00."
    edit(path, "two:.2f", "six:.2f")
    with pytest.raises(Problem, match=r"^01-a asks for the number 'six', which no cell glues$"):
        of_chapter(path)


# --- the chapters of the book


@each
def test_every_statement_that_changes_its_source_says_how(chapter):
    text = chapter.text.read_text("utf8")
    told = {f.label for f in findings(text, chapter.stem)}
    assert {s.label for s in record.statements(text) if s.source and s.source.claim in CORRECTIONS} <= told
    reviewed = json.loads((TOP / "tests" / "expected" / f"{chapter.stem}.json").read_text("utf8"))
    known = {k: v["value"] if isinstance(v, dict) else v for k, v in reviewed.items()}
    for f in findings(text, chapter.stem):
        assert "glue:text" not in written_out(f.says + f.found, known, chapter.stem)
        assert f.says.endswith("."), f.label
        assert f.found.endswith("."), f.label


def test_every_source_with_a_finding_has_its_table_and_three_findings_stand_in_front():
    found = [f for c in CHAPTERS for f in findings(c.text.read_text("utf8"), c.stem)]
    page = (TOP / "book" / "findings.md").read_text("utf8")
    assert {f.source.key for f in found} == set(re.findall(r"\{qbc-found\} ([\w-]+)", page))
    assert sum(f.front for f in found) == 3
    assert {f.source.claim for f in found} <= {*CORRECTIONS, *KINDS}
