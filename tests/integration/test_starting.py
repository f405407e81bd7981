"""The start of a daemon: its modules, and its error messages."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.running import FSMOND, LONG, fsmond


def test_a_daemon_imports_no_module_from_the_current_directory(
    repository: Path, tmp_path: Path
) -> None:
    """A worktree may contain any file."""
    for name in ("watchdog", "logging", "hashlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not this one')")

    done = subprocess.run(
        [*FSMOND, "start", repository],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_daemons_error_is_printed_unchanged(repository: Path) -> None:
    """Its prefix is not doubled: the daemon is the same program."""
    done = subprocess.run(
        [sys.executable, "-c", _FAILING, repository],
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "fsmond: no room\n")


_FAILING = """\
import sys
from fsmond.process import spawn
from fsmond.entry_point import run
child = spawn.Child.__init__
words = [sys.executable, "-c", "raise SystemExit('fsmond: no room')"]
spawn.Child.__init__ = lambda self, _, *rest: child(self, words, *rest)
sys.argv = ["fsmond", "query", sys.argv[1]]
run()
"""


def test_an_invalid_setting_is_an_error_even_if_a_daemon_runs(
    watched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The advice to restart with it would not help."""
    monkeypatch.setenv("FSMOND_WATCH", "foo")

    done = fsmond("start", watched)

    assert done.returncode == 1
    assert "FSMOND_WATCH is 'foo'; it must be one of auto, events, fanotify, scan" in done.stderr
