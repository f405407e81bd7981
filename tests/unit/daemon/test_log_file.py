"""A log's file, which others may remove or rename at any time."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from systems import of_windows

from fsmond.daemon.log_file import LogFile

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


def test_a_full_one_is_put_aside(log: LogFile, tmp_path: Path) -> None:
    """There are two at most."""
    for number in range(9):
        say(log, f"{number}" * 60)

    assert (tmp_path / "log").read_text() == "8" * 60 + "\n"
    assert (tmp_path / "log.1").read_text() == "7" * 60 + "\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_one_that_is_open_can_be_renamed_and_removed(log: LogFile, tmp_path: Path) -> None:
    """A person tidies up, or `fsmond uninstall` does; Windows allows it only to who is let."""
    say(log, "before")

    (tmp_path / "log").rename(tmp_path / "aside")
    say(log, "after")
    (tmp_path / "aside").unlink()
    say(log, "to nobody")

    log.close()  # until then Windows may go on to list it
    assert list(tmp_path.iterdir()) == []


@of_windows
def test_somebody_who_has_the_one_before_open_loses_us_nothing(
    log: LogFile, tmp_path: Path
) -> None:
    """Then there is no room to put a full one; it grows."""
    say(log, "a" * 60)
    say(log, "b" * 60)
    with (tmp_path / "log.1").open():
        say(log, "c" * 60)

        assert (tmp_path / "log").read_text().split() == ["b" * 60, "c" * 60]


def test_a_path_of_any_kind_can_be_told(log: LogFile, tmp_path: Path) -> None:
    """Whatever encoding people have, and if it is no text."""
    say(log, "caf\u00e9 \ud800")

    assert (tmp_path / "log").read_text(encoding="utf-8") == "caf\u00e9 ?\n"
