"""What a daemon is begun with, and what not."""

import subprocess
import sys
from pathlib import Path

from running import FSMOND, LONG


def test_a_daemon_takes_no_module_from_where_it_is_started(
    repository: Path, tmp_path: Path
) -> None:
    """There may be anything in a worktree."""
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


def test_what_a_daemon_says_of_itself_is_repeated_as_it_is(repository: Path) -> None:
    """It begins as all that we print does, as its program is the same one."""
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
import fsmond.daemon.spawn as spawning
from fsmond.door import run
child = spawning.Child.__init__
words = [sys.executable, "-c", "raise SystemExit('fsmond: no room')"]
spawning.Child.__init__ = lambda self, _, *rest: child(self, words, *rest)
sys.argv = ["fsmond", "query", sys.argv[1]]
run()
"""
