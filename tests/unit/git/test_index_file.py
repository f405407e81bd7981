"""The size of Git's index, and its cache of untracked files."""

from pathlib import Path

import pytest

from fsmond.git.index_file import is_large, is_small, may_keep_untracked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"DIRC\0\0 many entries" * 1000, False),
        (b"DIRC\0\0 many entries" * 1000 + b"UNTR\0\0\0\1x" + b"sum", True),
        (b"x" * ((1 << 20) - 2) + b"UNTR" + b"x" * (1 << 20), True),
        (b"x" * (65 << 20), True),
        (b"", False),
    ],
    ids=["without", "with", "between-pieces", "too-long-to-read", "empty"],
)
def test_a_cache_of_untracked_files_is_an_extension(
    tmp_path: Path, text: bytes, expected: bool
) -> None:
    """An entry of that name counts too: to assume a cache does no harm."""
    (tmp_path / "index").write_bytes(text)

    assert may_keep_untracked(bytes(tmp_path / "index")) is expected


def test_without_an_index_there_is_no_cache(tmp_path: Path) -> None:
    """Before the first `git add`."""
    assert not may_keep_untracked(bytes(tmp_path / "index"))
    assert may_keep_untracked(bytes(tmp_path)), "an unreadable file may hold anything"


@pytest.mark.parametrize(("size", "expected"), [(1 << 20, False), (8 << 20, True)])
def test_its_size_shows_how_many_files_there_are(
    tmp_path: Path, size: int, *, expected: bool
) -> None:
    """An entry takes about a hundred bytes."""
    with open(tmp_path / "index", "wb") as file:
        file.truncate(size)

    assert is_large(bytes(tmp_path / "index")) is expected
    assert not is_large(bytes(tmp_path / "none"))
    assert not is_small(bytes(tmp_path / "index"))


def test_a_small_index_shows_that_there_are_few_files(tmp_path: Path) -> None:
    """No index shows nothing."""
    (tmp_path / "index").write_bytes(b"DIRC")

    assert is_small(bytes(tmp_path / "index"))
    assert not is_small(bytes(tmp_path / "none"))
