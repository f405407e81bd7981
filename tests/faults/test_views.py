"""A tree can look different in a sandbox, so a token belongs to a mount namespace."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import FSMOND, LONG, fsmond, git, no_daemon_left, skip_missing, status, until
from support.work.ways_of_asking import WAYS, configure, program_of

from fsmond.client import Client
from fsmond.process.alive import is_running

if sys.platform != "linux":
    pytest.skip("about mount namespaces", allow_module_level=True)
if os.geteuid() != 0:
    pytest.skip("needs root, to mount in namespaces", allow_module_level=True)

IN_NAMESPACE = ["unshare", "--mount", "sh", "-c"]
MASK = "mount -t tmpfs none dir/priv && exec"


def _can_unshare() -> bool:
    done = subprocess.run(
        [*IN_NAMESPACE, "mount -t tmpfs none /mnt"], capture_output=True, check=False
    )
    return done.returncode == 0


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Make a repository with a directory that sandboxes mask."""
    if not _can_unshare():
        skip_missing("needs permission to create mount namespaces")
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


def inside(root: Path, *command: str, before: str = MASK) -> str:
    """Run a command in a sandbox that masks a directory; return its output."""
    line = f"{before} {' '.join(command)}"
    done = subprocess.run(
        [*IN_NAMESPACE, line], cwd=root, capture_output=True, text=True, timeout=LONG, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def query_inside(root: Path, token: str, *, before: str = MASK) -> dict[str, object]:
    """Return the answer to a query in a sandbox that masks a directory."""
    fields = json.loads(inside(root, *FSMOND, "query", "--json", "--since", token, before=before))
    assert isinstance(fields, dict)
    return fields


def test_a_client_in_another_mount_namespace_gets_everything_each_time(root: Path) -> None:
    """Its token is valid in no other namespace; a token from outside stays valid."""
    assert fsmond("start", root).returncode == 0
    token = Client(root).query().token
    for _ in range(2):
        fields = query_inside(root, token)
        assert (fields["everything"], fields["reason"]) == (True, "other-view")
    theirs = str(fields["token"])
    assert query_inside(root, theirs)["reason"] == "other-view"
    (root / "file").write_text("second")

    assert Client(root).query(token).paths == [b"file"]
    answer = Client(root).query(theirs)
    assert (answer.everything, answer.reason) == (True, "other-view")
    assert Client(root).query(answer.token).paths == []
    assert status(root)["mount_namespace"] == os.stat("/proc/self/ns/mnt").st_ino


def test_a_daemon_in_a_sandbox_gives_no_exact_answer_outside(root: Path) -> None:
    """It may outlive the sandbox, and still sees the tree as it was there."""
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
def test_views_are_distinguished_without_proc(root: Path, before: str, where: str) -> None:
    """By a descriptor of the process, since Linux 6.11; before, no view counts as the same."""
    if where == "client":
        assert fsmond("start", root).returncode == 0
        token = Client(root).query().token
        assert query_inside(root, token, before=before)["reason"] == "other-view"
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


def test_a_pid_namespace_is_no_other_view(root: Path) -> None:
    """A client in one sees the same tree; the kernel translates its process ID."""
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
    """In turn, again and again: each status has what its own view shows."""
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

    inside(root, before=f"{MASK} sh -c 'touch dir/priv/phantom; {program} status --short'")
    assert git(root, *short, program=program).splitlines() == ["?? dir/priv/new"]


def _run_in_pid_namespace(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a PID namespace of its own, where the daemon is not visible."""
    return subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", *FSMOND, *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def test_a_daemon_in_another_pid_namespace_is_waited_for(root: Path) -> None:
    """Its process ID means another process there, or none; its socket shows when it is gone."""
    assert fsmond("start", root).returncode == 0
    pid = status(root)["pid"]

    done = _run_in_pid_namespace(root, "stop")

    assert (done.returncode, done.stderr) == (0, "")
    until(lambda: not is_running(pid))


def test_the_error_names_no_process_id_of_another_pid_namespace(root: Path) -> None:
    """A person who follows the advice must not end another process."""
    assert fsmond("start", root).returncode == 0
    pid = status(root)["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        for command in ("stop", "status"):
            done = _run_in_pid_namespace(root, command)

            assert done.returncode == 1
            assert "process namespace" in done.stderr
            assert str(pid) not in done.stderr
            assert len(done.stderr.splitlines()) == 1
        assert is_running(pid)
    finally:
        os.kill(pid, signal.SIGCONT)
