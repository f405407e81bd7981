"""Hashes of contents are kept as long as they are certainly right."""

import hashlib
import os
from pathlib import Path

import pytest

from fsmond.watchman.query import hashes
from fsmond.watchman.query.hashes import Hashes
from fsmond.watchman.trees.entry import Entry, entry_of, gone


def entry(path: Path) -> Entry:
    """Return a file's entry as it is now."""
    return entry_of(bytes(path), os.lstat(path), 1, 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Make a file."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


def test_the_hash_is_that_of_the_content(file: Path) -> None:
    """As hexadecimal digits."""
    assert Hashes().of(bytes(file), entry(file)) == hashlib.sha1(b"content").hexdigest()


def test_a_file_that_changed_just_now_is_read_again(file: Path) -> None:
    """Within the clock's granularity, its next change may leave all facts as they are."""
    known, before = Hashes(), entry(file)
    known.of(bytes(file), before)
    file.write_bytes(b"CONTENT")

    assert known.of(bytes(file), before) == hashlib.sha1(b"CONTENT").hexdigest()


def test_an_older_file_is_read_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its facts differ."""
    monkeypatch.setattr(hashes, "_RECENT", -1)
    known, before = Hashes(), entry(file)
    known.of(bytes(file), before)
    file.unlink()

    assert known.of(bytes(file), before) == hashlib.sha1(b"content").hexdigest()
    assert known.of(bytes(file), before._replace(size=8)) is None


def test_what_is_no_file_has_none(tmp_path: Path, file: Path) -> None:
    """Nor has one that is gone; one that cannot be read has an error."""
    known = Hashes()

    assert known.of(bytes(tmp_path), entry(tmp_path)) is None
    assert known.of(bytes(file), gone(entry(file), 2)) is None
    assert known.of(bytes(tmp_path / "gone"), entry(file)) is None


def test_memory_has_a_bound(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More files than that are hashed again."""
    monkeypatch.setattr(hashes, "_KEEP", 2)
    monkeypatch.setattr(hashes, "_RECENT", -1)
    known = Hashes()
    for number in range(5):
        path = tmp_path / str(number)
        path.write_bytes(b"content")
        known.of(bytes(path), entry(path))

    assert len(known._known) <= 2
    assert known.of(bytes(file), entry(file))
