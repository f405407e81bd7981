"""A folder for a history, and its file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.stored import IDENTITY

from fsmond.storage.file import (
    HistoryFile,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where the history is to be; there is nothing yet."""
    return tmp_path / "history-folder"


@pytest.fixture
def file(folder: Path) -> Iterator[HistoryFile]:
    """Return an open file, without content."""
    file = HistoryFile(str(folder), IDENTITY)
    file.open()
    yield file
    file.close()
