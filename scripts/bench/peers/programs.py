"""Run programs in a clean environment, and time them."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class MeasurementError(Exception):
    """The measurement failed; the message says why."""


def clean_environment(home: Path) -> dict[str, str]:
    """Return an environment without the user's configuration; programs keep files in `home`."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
    }


def run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program without a terminal, discard its output, and return its exit status."""
    actions = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    pid = os.posix_spawn(words[0], list(words), environment, file_actions=actions)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def call(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a program that must succeed, and return its output."""
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise MeasurementError(f"{' '.join(words)} failed: {ran.stderr.strip()}")
    return ran.stdout


def timed(
    words: Sequence[str], environment: Mapping[str, str], output: Path, given: str = os.devnull
) -> float:
    """Run a program with `given` as its input and `output` for all it prints; return the seconds.

    When interrupted, it also ends what the program started: a git left alone would start a daemon.
    """
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, given, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(output), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    started = time.perf_counter()
    pid = os.posix_spawn(words[0], list(words), environment, file_actions=actions, setpgroup=0)
    try:
        status = os.waitpid(pid, 0)[1]
    except BaseException:
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        raise
    taken = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        raise MeasurementError(f"{' '.join(words)} failed: {output.read_text(errors='replace')}")
    return taken
