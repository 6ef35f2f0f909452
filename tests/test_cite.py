"""The address of the repository that the front page shows."""

import sys

import pytest

from qbc.pipeline.chapters import root

sys.path.insert(0, str(root() / "book" / "_ext"))
from qbc_cite import address, asked_of_git


@pytest.mark.parametrize(
    ("remote", "web"),
    [
        ("https://example.org/a/qbc.git", "https://example.org/a/qbc"),
        ("https://example.org/a/qbc/", "https://example.org/a/qbc"),
        ("https://name:secret@example.org/a/qbc", "https://example.org/a/qbc"),
        ("git@example.org:a/qbc.git", "https://example.org/a/qbc"),
        ("ssh://git@example.org/a/qbc.git", "https://example.org/a/qbc"),
        ("/somewhere/qbc", ""),
        ("file:///somewhere/qbc", ""),
        ("", ""),
    ],
)
def test_a_remote_on_the_web_has_an_address_without_secrets_and_a_folder_none(remote, web):
    assert address(remote) == web


def test_outside_a_repository_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert asked_of_git(tmp_path, "rev-parse", "HEAD") == ""
