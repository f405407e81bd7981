import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.ipc_tools import echo

import ipc
from ipc.__main__ import main

ROOT = Path(ipc.__file__).parents[1]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    """Serve an echo."""
    with ipc.Server(tmp_path / "s", echo):
        yield tmp_path / "s"


def command(*arguments: str | Path, sent: bytes = b"") -> tuple[int, bytes, bytes]:
    """Run the command; return its status, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "ipc", *arguments],
        input=sent,
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_state_prints_the_state_of_the_path(
    server: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its number is the exit status."""
    assert main(["state", str(server)]) == 0
    assert main(["state", str(tmp_path / "none")]) == 3
    assert main(["state", "x" * 300]) == 2
    assert capsys.readouterr().out == "LISTENING\nPATH_NOT_FOUND\nINVALID_PATH\n"


def test_send_prints_the_answer_unchanged(server: Path) -> None:
    """The answer is bytes."""
    assert command("send", server, "hello") == (0, b"hello", b"")


def test_send_reads_standard_input(server: Path) -> None:
    """For messages that are too long for a command line."""
    message = bytes(range(256)) * 1000

    assert command("send", server, sent=message) == (0, message, b"")


def test_send_has_its_own_status_for_a_missing_server(tmp_path: Path) -> None:
    """Status 3 means that starting a server would help."""
    status, out, error = command("send", tmp_path / "none", "hello")
    assert (status, out) == (3, b"")
    assert b"start one" in error
    assert command("send", "x" * 300, "hello")[0] == 1


def test_the_status_of_invalid_usage_is_not_a_state(tmp_path: Path) -> None:
    """Status 2 would mean an invalid path."""
    assert command("nonsense", tmp_path)[0] == 64
    assert command()[0] == 64
