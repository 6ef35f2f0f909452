"""The packed site and the joined book: the same pages give the same archive, and links stay within the book."""

import hashlib
import tarfile

import pytest

from qbc.pipeline import pdf, render, site
from qbc.pipeline.chapters import Problem

PAGE = """<html><head><link rel="stylesheet" href="../_static/a.css?v=1" />
<script>window.MathJax = {"loader": {"load": ["core", "ui/lazy"]}, "options": {"lazyMargin": "9px"}}</script>
<script src="../_static/mathjax/startup.js"></script></head>
<body><article><h1>One &amp; two</h1><p id="here"><a href="#here">here</a> <a href="../book/two.html#there">there</a>
<a href="two.html">out</a> <a href="https://example.org/">web</a> <img src="../_images/x.svg" loading="lazy" /></p></article>
<!-- pdf --><!-- /pdf --></body></html>"""


@pytest.fixture
def built(tmp_path):
    """A site of two pages."""
    html = tmp_path / "_build" / "html"
    for name in ("index.html", "notebooks/one.html", "book/two.html"):
        (html / name).parent.mkdir(parents=True, exist_ok=True)
        (html / name).write_text(PAGE)
    (tmp_path / "_toc.yml").write_text("root: notebooks/one\nparts:\n  - chapters:\n      - file: book/two\n")
    return tmp_path


def test_the_same_pages_give_the_same_archive_and_its_checksum(built):
    first = site.pack(built).read_bytes()
    archive = site.pack(built)
    assert archive.read_bytes() == first
    said = (archive.parent / f"{archive.name}.sha256").read_text()
    assert said == f"{hashlib.sha256(first).hexdigest()}  {archive.name}\n"
    with tarfile.open(archive) as tar:
        assert tar.getnames() == [f"qbc-site/{n}" for n in ("book/two.html", "index.html", "notebooks/one.html", "versions.txt")]


def test_the_versions_name_the_commit_the_python_and_the_packages(built):
    lines = site.versions(built).splitlines()
    assert lines[0] == "commit unknown"
    assert lines[1].startswith("python 3.")
    assert any(line.startswith("numpy==") for line in lines)


@pytest.mark.parametrize("make", [site.pack, pdf.make])
def test_what_is_not_built_is_not_packed(tmp_path, make):
    with pytest.raises(Problem, match="run `make book`"):
        make(tmp_path)


@pytest.mark.parametrize(
    ("href", "to"),
    [
        ("#here", "#notebooks-one--here"),
        ("../book/two.html", "#book-two"),
        ("../book/two.html#x", "#book-two--x"),
        ("https://example.org/", "https://example.org/"),
        ("../_sources/one.md", None),
    ],
)
def test_a_link_leads_into_the_joined_book_or_out_of_it_or_is_none(href, to):
    assert pdf.moved(href, "notebooks/one", ["notebooks/one", "book/two"]) == to


def test_the_joined_book_has_every_page_in_order_with_names_of_its_own(built):
    text = pdf.joined(built, built / "_build" / "html")
    assert text.index('<section id="notebooks-one"') < text.index('<section id="book-two"')
    assert '<p id="notebooks-one--here"><a href="#notebooks-one--here">here</a> <a href="#book-two--there">' in text
    assert '<a href="#book-two">One &amp; two</a>' in text  # in the table of contents
    assert "ui/lazy" not in text
    assert 'src="_images/x.svg"' in text
    assert 'href="_static/a.css"' in text


def test_a_pdf_is_linked_while_it_is_there_and_no_longer(built):
    html = built / "_build" / "html"
    (html / render.PDF).write_bytes(b"%PDF-")
    render.linked(html, f'<a href="DEPTH{render.PDF}">all</a>')
    assert f'<!-- pdf --><a href="../{render.PDF}">all</a><!-- /pdf -->' in (html / "book" / "two.html").read_text()
    render.withdraw(html)
    assert not (html / render.PDF).exists()
    assert (html / "book" / "two.html").read_text() == PAGE


def test_a_browser_that_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("QBC_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="no Chromium on the path"):
        pdf.browser()
