"""A signal that ends a program comes at any step of its main thread."""

import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import (
    LONG,
    fsmond,
    is_noted,
    is_served,
    make_repository,
    no_daemon_left,
    until,
)
from support.systems import IS_WINDOWS

pytestmark = pytest.mark.skipif(IS_WINDOWS, reason="no process can send itself such a signal")

SCRIPT = Path(__file__).with_name("signal_at_step.py")
NEVER = 1 << 60
FEW = 12
TRIES = pytest.mark.parametrize(
    "tries", [FEW, pytest.param(25 * FEW, marks=pytest.mark.slow)], ids=["few", "many"]
)
FAILURE = re.compile("Traceback|ERROR|WARNING|ignored")


def run(step: int, *arguments: object) -> "subprocess.Popen[bytes]":
    """Run fsmond; send it the signal at a step."""
    command = [sys.executable, str(SCRIPT), str(step), *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, cwd=SCRIPT.parents[3])


def steps_of(process: "subprocess.Popen[bytes]") -> int:
    """End a process that got no signal yet; return how many steps it had."""
    process.terminate()
    _, log = process.communicate(timeout=LONG)
    found = re.search(rb"steps: (\d+)", log)
    assert found, log
    return int(found[1])


def chosen(tries: int, steps: int) -> list[int]:
    """Return some of the steps, all over a run."""
    return sorted(random.Random(f"{tries} {steps}").sample(range(1, steps), tries))


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    """Make a repository; at the end no daemon of it is left."""
    root = tmp_path / "repository"
    make_repository(root)
    with no_daemon_left(root):
        yield root


@TRIES
def test_a_daemon_ends_cleanly(repository: Path, tries: int) -> None:
    """With nothing left, not even a moment later, and nothing that looks like a failure."""
    with run(NEVER, "run", repository) as process:
        until(lambda: is_served(repository) and is_noted(repository))
        steps = steps_of(process)
    for step in chosen(tries, steps):
        with run(step, "run", repository) as process:
            _, log = process.communicate(timeout=LONG)
        text = log.decode()
        assert process.returncode == 0, (step, text)
        assert "ended by signal SIGTERM" in text, (step, text)
        assert not FAILURE.search(text), (step, text)
        assert not is_noted(repository), step
        assert not (repository / ".git" / "fsmonitor--daemon.ipc").exists(), step


@pytest.fixture
def busy(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Change a watched repository all the time; let temporary files have a folder of their own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    assert fsmond("start", repository).returncode == 0
    is_over = threading.Event()

    def change() -> None:
        while not is_over.wait(0.02):
            (repository / "file").write_text("changed")

    thread = threading.Thread(target=change)
    thread.start()
    yield repository
    is_over.set()
    thread.join()


@TRIES
@pytest.mark.parametrize("options", [["--initial"], ["--initial", "--restart"]], ids=" ".join)
def test_exec_ends_cleanly(busy: Path, tmp_path: Path, options: list[str], tries: int) -> None:
    """Also its command, and the file with the changes."""
    done, temporary = tmp_path / "done", tmp_path / "temporary"
    script = f'echo $$ >"{done}"; exec sleep 0.02'
    arguments = ["exec", busy, "--settle=0", *options, "--", "sh", "-c", script]
    with run(NEVER, *arguments) as process:
        until(done.exists)
        done.unlink()
        until(done.exists)
        steps = steps_of(process)
    for step in chosen(tries, steps):
        with run(step, *arguments) as process:
            _, log = process.communicate(timeout=LONG)
        text = log.decode()
        assert process.returncode == 128 + signal.SIGTERM, (step, text)
        assert not FAILURE.search(text), (step, text)
        assert not list(temporary.iterdir()), step
        if (command := done.read_text().strip()) and Path("/proc/self").exists():
            assert not Path(f"/proc/{command}").exists(), step
