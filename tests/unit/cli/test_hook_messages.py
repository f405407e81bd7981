"""The hook's rate-limited messages."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fsmond.cli import hook_messages
from fsmond.errors import OtherUserError

if sys.platform == "win32":
    pytest.skip("Windows has other folders", allow_module_level=True)


@pytest.fixture
def file() -> Path:
    """Return the file that holds the last message."""
    hook_messages._is_new("nothing")
    return next(Path(os.environ["XDG_STATE_HOME"]).rglob("hook-said"))


def printed(capfd: pytest.CaptureFixture[str], report: Callable[[], None]) -> str:
    """Return the message that a call prints."""
    report()
    return capfd.readouterr().err


def test_an_error_that_cannot_be_fixed_at_once_is_not_printed_for_each_command(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Another message is, and the same one after some minutes."""

    def report(text: str) -> str:
        return printed(capfd, lambda: hook_messages.report_error(OtherUserError(text)))

    assert report("it is alice's") == "fsmond: it is alice's\n"
    assert report("it is alice's") == ""
    assert report("it is bob's") == "fsmond: it is bob's\n"
    assert report("it is alice's") == "fsmond: it is alice's\n"
    last = next(Path(os.environ["XDG_STATE_HOME"]).rglob("hook-said"))
    os.utime(last, (0, 0))
    assert report("it is alice's") == "fsmond: it is alice's\n"


def test_other_errors_are_printed_each_time(capfd: pytest.CaptureFixture[str]) -> None:
    """The user can fix them."""
    error = OSError("disk\x1b on fire")
    for _ in range(2):
        message = printed(capfd, lambda: hook_messages.report_error(error))
        assert message == "fsmond: disk\\x1b on fire\n"


@pytest.mark.parametrize("make", ["symlink", "link", "fifo", "directory"])
def test_nothing_is_written_through_a_link(file: Path, tmp_path: Path, make: str) -> None:
    """Other users may have written to the folder."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    file.unlink()
    if make == "symlink":
        file.symlink_to(victim)
    elif make == "link":
        os.link(victim, file)
    elif make == "fifo":
        os.mkfifo(file)
    else:
        file.mkdir()

    assert hook_messages._is_new("said")

    assert victim.read_text() == "precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nothing_is_written_in_another_users_folder(file: Path) -> None:
    """It is used if root keeps that user's HOME."""
    before = file.read_text()
    os.chown(file.parent, 54321, 54321)

    assert hook_messages._is_new("said")

    assert file.read_text() == before
