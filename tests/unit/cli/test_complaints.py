"""What the hook says, once in a while."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fsmond.cli import complaints
from fsmond.errors import OtherUserError

if sys.platform == "win32":
    pytest.skip("folders are named otherwise there", allow_module_level=True)


@pytest.fixture
def file() -> Path:
    """Return where what was said is kept."""
    complaints._is_new("nothing")
    return next(Path(os.environ["XDG_STATE_HOME"]).rglob("hook-said"))


def said(capfd: pytest.CaptureFixture[str], say: Callable[[], None]) -> str:
    """Return what is said."""
    say()
    return capfd.readouterr().err


def test_what_nobody_can_mend_at_once_is_not_said_at_each_command(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """But other things are, and the same again after a while."""

    def say(text: str) -> str:
        return said(capfd, lambda: complaints.complain_of(OtherUserError(text)))

    assert say("it is alice's") == "fsmond: it is alice's\n"
    assert say("it is alice's") == ""
    assert say("it is bob's") == "fsmond: it is bob's\n"
    assert say("it is alice's") == "fsmond: it is alice's\n"
    kept = next(Path(os.environ["XDG_STATE_HOME"]).rglob("hook-said"))
    os.utime(kept, (0, 0))
    assert say("it is alice's") == "fsmond: it is alice's\n"


def test_what_fails_is_said_each_time(capfd: pytest.CaptureFixture[str]) -> None:
    """Somebody has to mend it."""
    for _ in range(2):
        assert said(capfd, lambda: complaints.complain_of(OSError("disk\x1b on fire"))) == (
            "fsmond: disk\\x1b on fire\n"
        )


@pytest.mark.parametrize("make", ["symlink", "link", "fifo", "directory"])
def test_nothing_is_written_where_a_name_leads(file: Path, tmp_path: Path, make: str) -> None:
    """The folder may be one in which others have written."""
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

    assert complaints._is_new("said")

    assert victim.read_text() == "precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nothing_is_written_in_another_users_folder(file: Path) -> None:
    """As root has it that keeps that user's HOME."""
    before = file.read_text()
    os.chown(file.parent, 54321, 54321)

    assert complaints._is_new("said")

    assert file.read_text() == before
