"""Sandboxes show a tree otherwise than it is outside: a token belongs to a mount namespace."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import FSMOND, LONG, fsmond, git, lack, no_daemon_left, status, until
from ways_of_asking import WAYS, configure, program_of

from fsmond.client import Client
from fsmond.daemon.alive import lives

if sys.platform != "linux":
    pytest.skip("of mount namespaces", allow_module_level=True)
if os.geteuid() != 0:
    pytest.skip("needs root, to mount in namespaces", allow_module_level=True)

MASK = ["unshare", "--mount", "sh", "-c"]
HIDDEN = "mount -t tmpfs none dir/priv && exec"


def _can_unshare() -> bool:
    done = subprocess.run([*MASK, "mount -t tmpfs none /mnt"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Provide a repository with a directory that sandboxes mask."""
    if not _can_unshare():
        lack("needs mount namespaces of its own")
    root = tmp_path / "root"
    (root / "dir" / "priv").mkdir(parents=True)
    (root / "file").write_text("first")
    (root / "dir" / "tracked").write_text("first")
    (root / "dir" / "priv" / "secret").write_text("first")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=first")
    with no_daemon_left(root):
        yield root


def inside(root: Path, *command: str, before: str = HIDDEN) -> str:
    """Run a command where a directory is masked; return what it printed."""
    line = f"{before} {' '.join(command)}"
    done = subprocess.run(
        [*MASK, line], cwd=root, capture_output=True, text=True, timeout=LONG, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def asked(root: Path, token: str, *, before: str = HIDDEN) -> dict[str, object]:
    """Return what a query is told where a directory is masked."""
    told = json.loads(inside(root, *FSMOND, "query", "--json", "--since", token, before=before))
    assert isinstance(told, dict)
    return told


def test_who_asks_from_another_mount_namespace_is_told_everything_each_time(root: Path) -> None:
    """Under a token that is good in that one alone; the one from outside stays good."""
    assert fsmond("start", root).returncode == 0
    token = Client(root).query().token
    for _ in range(2):
        told = asked(root, token)
        assert (told["everything"], told["reason"]) == (True, "other-view")
    theirs = str(told["token"])
    assert asked(root, theirs)["reason"] == "other-view"
    (root / "file").write_text("second")

    assert Client(root).query(token).paths == [b"file"]
    answer = Client(root).query(theirs)
    assert (answer.everything, answer.reason) == (True, "other-view")
    assert Client(root).query(answer.token).paths == []
    assert status(root)["mount_namespace"] == os.stat("/proc/self/ns/mnt").st_ino


def test_a_daemon_in_a_sandbox_is_not_believed_outside(root: Path) -> None:
    """It may outlive the sandbox, and goes on seeing the tree as it was there."""
    inside(root, *FSMOND, "start", ".")
    token = Client(root).query().token

    answer = Client(root).query(token)

    assert (answer.everything, answer.reason) == (True, "other-view")


@pytest.mark.parametrize(
    "before",
    ["umount -l /proc && exec", "mount -t tmpfs none /proc && exec"],
    ids=["no proc", "other proc"],
)
@pytest.mark.parametrize("where", ["daemon", "client"])
def test_views_are_told_apart_without_proc(root: Path, before: str, where: str) -> None:
    """The kernel tells it by a descriptor of who asks, since 6.11; before, all are strangers."""
    if where == "client":
        assert fsmond("start", root).returncode == 0
        assert asked(root, Client(root).query().token, before=before)["reason"] == "other-view"
        return
    script = (
        f'{before} sh -c \'cd "$0" && $1 -m fsmond start . >&2 && '
        "T=$($1 -m fsmond query | head -n 1) && $1 -m fsmond query --json --since $T && "
        "unshare --mount $1 -m fsmond query --json --since $T; $1 -m fsmond stop' "
        f"{root} {sys.executable}"
    )
    lines = inside(root, before=script).splitlines()
    same, other = map(json.loads, lines)
    assert other["reason"] == "other-view"
    if _kernel() >= (6, 11):
        assert (same["everything"], same["paths"]) == (False, [])


def _kernel() -> tuple[int, ...]:
    return tuple(int(each) for each in os.uname().release.split(".")[:2])


def test_a_namespace_of_processes_is_not_one_of_mounts(root: Path) -> None:
    """Who asks from one sees the same tree; numbers of processes are the daemon's own."""
    assert fsmond("start", root).returncode == 0
    token = Client(root).query().token
    done = subprocess.run(
        ["unshare", "--pid", "--fork", *FSMOND, "query", "--json", "--since", token],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )

    assert json.loads(done.stdout)["everything"] is False


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cache", ["true", "false"])
def test_git_is_right_inside_and_outside(root: Path, way: str, cache: str) -> None:
    """However often it asks in turn: neither what is masked nor what is there goes missing."""
    program = program_of(way)
    assert fsmond("start", root).returncode == 0
    until(lambda: status(root)["state"] == "ready")
    git(root, "config", "core.untrackedCache", cache, program=program)
    configure(way, root, program)
    short = ("status", "--short")
    (root / "dir" / "priv" / "new").write_text("untracked")

    for round_ in range(3):
        masked = inside(root, program, *short)
        assert masked.splitlines() == [" D dir/priv/secret"], round_
        shown = git(root, *short, program=program)
        assert shown.splitlines() == ["?? dir/priv/new"], round_
        assert git(root, *short, program=program) == shown

    inside(root, before=f"{HIDDEN} sh -c 'touch dir/priv/phantom; {program} status --short'")
    assert git(root, *short, program=program).splitlines() == ["?? dir/priv/new"]


def _apart(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command where the daemon is out of sight: in a process namespace of its own."""
    return subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", *FSMOND, *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def test_a_daemon_that_is_out_of_sight_is_waited_for(root: Path) -> None:
    """Its number means another process there, or none; its socket tells when it is gone."""
    assert fsmond("start", root).returncode == 0
    pid = status(root)["pid"]

    done = _apart(root, "stop")

    assert (done.returncode, done.stderr) == (0, "")
    until(lambda: not lives(pid))


def test_a_stopped_daemon_that_is_out_of_sight_is_named_by_no_number(root: Path) -> None:
    """Whoever types what is advised must not end something else."""
    assert fsmond("start", root).returncode == 0
    pid = status(root)["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        for command in ("stop", "status"):
            done = _apart(root, command)

            assert done.returncode == 1
            assert "process namespace" in done.stderr
            assert str(pid) not in done.stderr
            assert len(done.stderr.splitlines()) == 1
        assert lives(pid)
    finally:
        os.kill(pid, signal.SIGCONT)
