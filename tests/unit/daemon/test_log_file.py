"""A log file, which other processes may remove or rename at any time."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.systems import windows_only

from fsmond.daemon.log.file import LogFile

SIZE = 100  # bytes


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LogFile]:
    """Open a log that is soon full."""
    log = LogFile(str(tmp_path / "log"), SIZE)
    yield log
    log.close()


def say(log: LogFile, text: str) -> None:
    """Log a line."""
    log.emit(logging.LogRecord("name", logging.INFO, "", 0, text, None, None))


def test_a_full_file_is_rotated(log: LogFile, tmp_path: Path) -> None:
    """There are at most two files."""
    for number in range(9):
        say(log, f"{number}" * 60)

    assert (tmp_path / "log").read_text() == "8" * 60 + "\n"
    assert (tmp_path / "log.1").read_text() == "7" * 60 + "\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_an_open_file_can_be_renamed_and_removed(log: LogFile, tmp_path: Path) -> None:
    """By people, or by `fsmond uninstall`; Windows allows it only if the file is opened for it."""
    say(log, "before")

    (tmp_path / "log").rename(tmp_path / "aside")
    say(log, "after")
    (tmp_path / "aside").unlink()
    say(log, "to a removed file")

    log.close()  # until then Windows may still list it
    assert list(tmp_path.iterdir()) == []


@windows_only
def test_no_message_is_lost_while_the_older_file_is_open_elsewhere(
    log: LogFile, tmp_path: Path
) -> None:
    """Then the full file cannot be rotated, and grows."""
    say(log, "a" * 60)
    say(log, "b" * 60)
    with (tmp_path / "log.1").open():
        say(log, "c" * 60)

        assert (tmp_path / "log").read_text().split() == ["b" * 60, "c" * 60]


def test_a_path_of_any_kind_can_be_logged(log: LogFile, tmp_path: Path) -> None:
    """In any locale, and even if it is not valid text."""
    say(log, "caf\u00e9 \ud800")

    assert (tmp_path / "log").read_text(encoding="utf-8") == "caf\u00e9 ?\n"
