"""A signal that ends the daemon comes at any step of its main thread."""

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import LONG, is_served, make_repository, no_daemon_left, until
from support.systems import IS_WINDOWS

from fsmond.presence.notes import noted

pytestmark = pytest.mark.skipif(IS_WINDOWS, reason="no process can send itself such a signal")

SCRIPT = Path(__file__).with_name("signal_at_step.py")
NEVER = 1 << 60
TRIES = 12


def _run(step: int, root: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, str(SCRIPT), str(step), str(root)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, cwd=SCRIPT.parents[3])


def _is_noted(root: Path) -> bool:
    return any(place.root == os.fsencode(root) for place in noted())


def _steps_of_a_run(root: Path) -> int:
    """Return how many steps a whole run of the daemon has, with a few ticks."""
    with _run(NEVER, root) as process:
        until(lambda: is_served(root) and _is_noted(root))
        process.terminate()
        _, log = process.communicate(timeout=LONG)
    found = re.search(rb"steps: (\d+)", log)
    assert found, log
    return int(found[1])


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    """Make a repository; at the end no daemon of it is left."""
    root = tmp_path / "repository"
    make_repository(root)
    with no_daemon_left(root):
        yield root


@pytest.mark.parametrize(
    "tries", [TRIES, pytest.param(25 * TRIES, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_at_any_step_it_ends_cleanly(repository: Path, tries: int) -> None:
    """With nothing left, not even a moment later, and nothing that looks like a failure."""
    steps = _steps_of_a_run(repository)
    chosen = random.Random(f"{tries} {steps}")
    for step in sorted(chosen.sample(range(1, steps), tries)):
        with _run(step, repository) as process:
            _, log = process.communicate(timeout=LONG)
        text = log.decode()
        assert process.returncode == 0, (step, text)
        assert "ended by signal SIGTERM" in text, (step, text)
        assert not re.search("Traceback|ERROR|WARNING|ignored", text), (step, text)
        assert not _is_noted(repository), step
        assert not (repository / ".git" / "fsmonitor--daemon.ipc").exists(), step
