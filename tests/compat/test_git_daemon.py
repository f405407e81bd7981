"""`fsmond git-daemon` prints and does the same as Git's own command, and can replace it."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import (
    FSMOND,
    git,
    is_served,
    make_repository,
    modern_git,
    no_daemon_left,
    status,
    until,
)

if sys.platform == "win32":
    pytest.skip("not ported to Windows yet", allow_module_level=True)

USAGE = 129
FATAL = 128

Said = tuple[int, str, str]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Provide a worktree."""
    root = tmp_path / "root"
    make_repository(root)
    with no_daemon_left(root):
        yield root


def ran(*command: str, cwd: Path, **environment: str) -> Said:
    """Run a command; return its exit status, output and errors."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def daemon(*arguments: str, cwd: Path, **environment: str) -> Said:
    """Run our command."""
    return ran(*FSMOND, "git-daemon", *arguments, cwd=cwd, **environment)


OPTIONS = ["--detach", "--ipc-threads=4", "--start-timeout=20"]
TYPED = [
    [],
    ["-h"],
    ["x"],
    ["status"],
    ["stop"],
    ["start", "stop"],
    ["status", "--nope"],
    ["status", "-x"],
    ["status", "-"],
    ["status", "--ipc-threads=0"],
    ["status", "--ipc-threads=-1"],
    ["x", "--ipc-threads=0"],
    ["status", "--ipc-threads=q"],
    ["status", "--ipc-threads="],
    ["status", "--ipc-threads"],
    ["status", "--ipc-threads", "3"],
    ["status", "--ipc-threads=1k"],
    ["status", "--ipc=3"],
    ["status", "--start-timeout=-1"],
    ["status", "--start-timeout=9999999999"],
    ["status", "--detach", "--no-detach"],
    ["status", "--detach=1"],
    ["status", "--no-ipc-threads"],
    ["status", "--no-start-timeout"],
    ["--detach", "status"],
    ["status", "--"],
    ["--", "status"],
    *([command, *OPTIONS] for command in ("status", "stop")),
]
ELSEWHERE = [[], ["status"], ["status", "--nope"], ["x", "--ipc-threads=0"], ["start", "stop"]]
CONFIGURED = ["ipcThreads=0", "ipcThreads=q", "startTimeout=-4", "announceStartup=maybe"]


@pytest.mark.parametrize("place", ["root", "root/sub", "bare.git", "nothing"])
def test_it_prints_what_gits_own_command_prints(root: Path, place: str) -> None:
    """Word for word, except the usage; in a worktree, a bare repository, and neither."""
    program = modern_git()
    git(root.parent, "init", "--quiet", "--bare", "bare.git")
    stand = root.parent / place
    stand.mkdir(exist_ok=True)
    for typed in TYPED if place == "root" else ELSEWHERE:
        expected = ran(program, "fsmonitor--daemon", *typed, cwd=stand)

        said = daemon(*typed, cwd=stand)

        assert said[0] == expected[0], typed
        if "usage:" not in expected[1] + expected[2]:
            assert said[1:] == expected[1:], typed
        elif expected[2].startswith("error:"):
            assert said[2] == expected[2].splitlines(keepends=True)[0]


@pytest.mark.parametrize("setting", CONFIGURED)
def test_invalid_settings_are_fatal(root: Path, setting: str) -> None:
    """As in Git, even if the command does not use them."""
    program = modern_git()
    git(root, "config", *f"fsmonitor.{setting}".split("="))

    said = daemon("status", cwd=root)

    assert said[0] == ran(program, "fsmonitor--daemon", "status", cwd=root)[0] == FATAL
    assert "fatal: " in said[2]


@pytest.mark.parametrize("options", [[], OPTIONS])
def test_a_daemon_is_started_and_stopped_silently(root: Path, options: list[str]) -> None:
    """Scripts expect no output but the status."""
    watching = f"fsmonitor-daemon is watching '{root}'\n"
    running = f"fatal: fsmonitor--daemon is already running '{root}'\n"
    not_running = "fatal: fsmonitor--daemon is not running\n"

    assert daemon("start", *options, cwd=root) == (0, "", "")
    assert daemon("status", *options, cwd=root) == (0, watching, "")
    assert daemon("start", *options, cwd=root) == (FATAL, "", running)
    assert daemon("run", *options, cwd=root) == (FATAL, "", running)
    assert daemon("stop", *options, cwd=root) == (0, "", "")
    assert not is_served(root)
    assert daemon("stop", *options, cwd=root) == (FATAL, "", not_running)


def test_a_start_is_announced_if_that_is_configured(root: Path) -> None:
    """On standard error."""
    git(root, "config", "fsmonitor.announceStartup", "true")

    assert daemon("start", cwd=root) == (0, "", f"starting fsmonitor-daemon in '{root}'\n")


def test_a_start_that_fails_says_so(root: Path) -> None:
    """It prints the reason, which Git's own command does not."""
    status, _, said = daemon("start", cwd=root, FSMOND_WATCH="nonsense")

    assert (status, said.splitlines()[-1]) == (1, "error: daemon failed to start")
    assert "nonsense" in said


@pytest.mark.parametrize("detach", [True, False])
def test_run_becomes_the_daemon(root: Path, *, detach: bool) -> None:
    """Silently, outside of the tree, and with `--detach` in its own session."""
    command = [*FSMOND, "git-daemon", "run", *(["--detach"] if detach else [])]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: is_served(root))
            assert status(root)["pid"] == process.pid
            if sys.platform == "linux":
                assert os.readlink(f"/proc/{process.pid}/cwd") == os.environ["HOME"]
            assert (os.getsid(process.pid) == process.pid) == detach
            assert daemon("stop", cwd=root) == (0, "", "")
            assert process.communicate(timeout=20)[1] == ""
        finally:
            process.kill()
    assert process.returncode == 0


def test_an_administrator_can_replace_gits_own_command(root: Path, tmp_path: Path) -> None:
    """As docs/howto/git.md says: `core.fsmonitor=true` then makes Git start fsmond."""
    program = modern_git()
    core = Path(git(root, "--exec-path", program=program).strip())
    copy = tmp_path / "git-core"
    copy.mkdir()
    for each in core.iterdir():
        (copy / each.name).symlink_to(each)
    (copy / "git").unlink()
    (copy / "git").write_text(
        "#!/bin/sh\n"
        'if [ "$1" = fsmonitor--daemon ]; then\n'
        f'\tshift\n\texec {shlex.join(FSMOND)} git-daemon "$@"\nfi\n'
        f'exec {shlex.quote(str(core / "git"))} "$@"\n'
    )
    (copy / "git").chmod(0o755)
    git(root, "config", "core.fsmonitor", "true")
    environment = {"GIT_EXEC_PATH": str(copy)}
    (root / "file").touch()

    for _ in range(2):
        said = ran(str(core / "git"), "status", "--porcelain", cwd=root, **environment)

        assert said == (0, "?? file\n", "")
    assert status(root)["queries"] == 2
    assert ran(str(copy / "git"), "fsmonitor--daemon", "status", cwd=root, **environment)[0] == 0
