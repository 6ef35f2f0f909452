"""What the page of a chapter makes of its cells and of the boxes of its verdicts."""

import json
import sys
from types import SimpleNamespace

from qbc.claims.checks import Verdict, _box
from qbc.pipeline.chapters import root

sys.path.insert(0, str(root() / "book" / "_ext"))
from qbc_chapter import key_lines, read, told


def box(**given):
    row = dict(label="thm-a", relation="<=", value=1.0, low=1.0, high=1.0, rhs=2.0, tol=0.0, expect="holds", status="holds")
    return _box(Verdict(**(row | dict(cases=1, violated=0, why="") | given)))


def test_a_verdict_names_its_statement_and_calls_a_prediction_one():
    said = told(box(), {"thm-a"}, {"thm-a": "Theorem 1.1"})
    assert '<strong>Holds</strong> <a class="reference internal" href="#thm-a" title="thm-a">Theorem 1.1</a>' in said
    assert "measured 1; predicted at most 2" in said
    assert 'class="qbc-verdict qbc-holds qbc-main" id="verdict-thm-a"' in said
    assert "predicted at least 2" in told(box(relation=">="), (), {})
    assert "; predicted 2" in told(box(relation="=="), (), {})
    assert "predicted at most 2 × 10⁶, tolerance 1 × 10⁻⁹" in told(box(rhs=2e6, tol=1e-9), (), {})


def test_a_control_names_its_statement_and_is_no_key_verdict():
    said = told(box(label="thm-a-control-b", expect="violated", status="violated", drops="noise"), {"thm-a"}, {"thm-a": "Theorem 1.1"})
    assert "<strong>Fails, as it should, without noise</strong>" in said
    assert 'href="#thm-a" title="thm-a-control-b">Theorem 1.1</a>' in said
    assert "qbc-main" not in said


def test_a_statement_without_a_number_keeps_its_label():
    assert 'title="thm-a">thm-a</a>' in told(box(), (), {})


def test_a_key_result_says_what_it_states_and_what_came_out(done):
    path = done / "_build" / "executed" / "01-a.ipynb"
    nb = json.loads(path.read_text("utf8"))
    nb["metadata"]["key_results"] = ["thm-a"]
    path.write_text(json.dumps(nb), "utf8")
    (line,) = key_lines(path).values()
    assert line.startswith("* {prf:ref}`thm-a` A mean. **Holds**: measured ")
    assert "predicted at most 3; its control, with one assumption dropped, fails as it should." in line


def test_only_chapters_are_changed_when_they_are_read(done):
    text = (done / "_build" / "executed" / "01-a.ipynb").read_text("utf8")
    nb = json.loads(text)
    nb["metadata"]["key_results"] = ["thm-a"]
    nb["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "## One"})
    app = SimpleNamespace(env=SimpleNamespace(metadata={"notebooks/01-a": {}}))
    source = [json.dumps(nb)]
    read(app, "notebooks/01-a", source)
    cells = json.loads(source[0])["cells"]
    assert cells[-1]["source"] == "```{qbc-key}\n```\n\n## One"
    assert all("hide-input" in c["metadata"]["tags"] for c in cells if c["cell_type"] == "code")
    assert app.env.metadata["notebooks/01-a"]["qbc_page"] == {"key": ["thm-a"], "names": {"thm-a": "Theorem 1.1"}}
    other = ["# A page"]
    read(app, "book/notation", other)
    assert other == ["# A page"]
