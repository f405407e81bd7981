"""Each trouble that the documents name is found, with what to do about it."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.living.suspending import KILL, suspend
from support.backends import skip_without_fanotify
from support.running import FSMOND, LONG, fsmond, git, has_git, make_repository, status, until
from support.systems import IS_WINDOWS
from support.wine import needs_events

import ipc
from fsmond import folders
from fsmond.errors import OtherUserError
from fsmond.manage import doctor, kernel_use
from fsmond.manage.findings import Finding
from fsmond.manage.kernel_use import FANOTIFY, INOTIFY, Facility, Use, User
from fsmond.watching import choice

unix_only = pytest.mark.skipif(IS_WINDOWS, reason="needs what only Unix has")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")
needs_git = pytest.mark.skipif(not has_git(), reason="needs git")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Return a repository without a daemon; stop one that the test starts."""
    root = tmp_path / "tree"
    root.mkdir()
    make_repository(root)
    yield root
    fsmond("stop", root)


def found(root: Path, check: str) -> Finding:
    """Return what was found for one check."""
    (finding,) = (each for each in doctor.examine(str(root)) if each.check == check)
    return finding


def problem(root: Path, check: str) -> Finding:
    """Return a problem that was found for one check, which comes with advice."""
    finding = found(root, check)
    assert finding.level == "problem", finding
    assert finding.advice
    return finding


@needs_events
def test_a_healthy_tree_has_no_problem(root: Path) -> None:
    """With a daemon, and before there is one."""
    assert [each for each in doctor.examine(str(root)) if each.level == "problem"] == []
    fsmond("start", root)
    until(lambda: status(root)["state"] == "ready")

    done = fsmond("doctor", root)

    assert done.returncode == 0, done.stdout
    assert f"process {status(root)['pid']} is ready, and answers" in done.stdout
    assert done.stdout.endswith("no problems\n")


def test_a_program_can_read_it(root: Path) -> None:
    """As one object; the exit status says whether anything needs doing."""
    healthy: dict[str, Any] = json.loads(fsmond("doctor", root, "--json").stdout)
    gone = fsmond("doctor", root / "gone", "--json")
    ill = json.loads(gone.stdout)

    assert healthy["problems"] == 0
    assert {"check", "level", "message", "advice"} == set(healthy["checks"][0])
    assert (gone.returncode, ill["problems"]) == (1, 1)
    assert "no such directory" in ill["checks"][0]["message"]


@unix_only
def test_a_stale_socket(root: Path) -> None:
    """Left by a daemon that was killed."""
    fsmond("start", root)
    os.kill(status(root)["pid"], KILL)
    until(lambda: found(root, "daemon").level == "problem")

    finding = problem(root, "daemon")

    assert "its socket is left" in finding.message
    assert finding.advice == f"fsmond start {root}"


@unix_only
def test_a_daemon_that_hangs(root: Path) -> None:
    """With its process, and how to end it."""
    fsmond("start", root)
    pid = status(root)["pid"]
    suspend(pid)

    finding = problem(root, "daemon")

    assert str(pid) in finding.message
    assert f"fsmond stop {root}" in (finding.advice or "")


def test_gits_own_daemon(root: Path) -> None:
    """It was there first."""
    with ipc.Server(root / ".git" / "fsmonitor--daemon.ipc", lambda *_: b"builtin:x:1\0/\0"):
        finding = problem(root, "daemon")

    assert "own daemon is watching" in finding.message
    assert finding.advice == f"fsmond start --replace {root}"


def test_another_users_daemon(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers nobody else."""

    def refuse(*_: object) -> None:
        raise OtherUserError("the daemon of x is run by user y, and answers no other user; do z")

    monkeypatch.setattr("fsmond.client.Client.status", refuse)

    assert problem(root, "daemon")[2:] == (
        "the daemon of x is run by user y, and answers no other user",
        "do z",
    )


@linux_only
@pytest.mark.parametrize(
    ("facility", "what", "who"),
    [
        (INOTIFY, "watches", "900 by editor (7)"),
        (INOTIFY, "instances", "95 by many (8)"),
        (FANOTIFY, "marks", "900 by editor (7)"),
        (FANOTIFY, "groups", "95 by many (8)"),
    ],
)
def test_a_limit_that_is_nearly_reached(
    root: Path, monkeypatch: pytest.MonkeyPatch, facility: Facility, what: str, who: str
) -> None:
    """With those who use most, as that may not be us."""
    users = [User(7, "editor", 1, 900), User(8, "many", 95, 95)]
    uses = {INOTIFY: Use(10_000, 1000, []), FANOTIFY: Use(10_000, 1000, [])}
    uses[facility] = Use(1000, 100, users)
    monkeypatch.setattr(kernel_use, "current_use", uses.__getitem__)

    finding = problem(root, what)

    assert who in finding.message
    assert (finding.advice or "").startswith(f"sudo sysctl fs.{facility.name}.max_user_{what}=")


@linux_only
def test_fanotify_is_left_out_where_nobody_uses_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most people need not know of it."""
    monkeypatch.setattr(kernel_use, "current_use", lambda _: Use(1000, 100, []))

    assert {"watches", "instances"} <= {each.check for each in doctor.examine(str(root))}
    assert not {"marks", "groups"} & {each.check for each in doctor.examine(str(root))}


def _watches_of_daemon(root: Path, use: Use) -> int:
    (user,) = (each for each in use.users if each.pid == status(root)["pid"])
    assert user.instances == 1
    assert use.watches >= user.watches
    return user.watches


@linux_only
def test_what_is_in_use_is_counted(root: Path) -> None:
    """By what the kernel says of each process."""
    for number in range(5):
        (root / str(number)).mkdir()
    fsmond("start", root)

    until(lambda: _watches_of_daemon(root, kernel_use.current_use(INOTIFY)) >= 6)
    assert kernel_use.current_use(INOTIFY).max_watches is not None


@linux_only
def test_what_fanotify_has_in_use_is_counted(root: Path) -> None:
    """A mark of a whole file system counts as one."""
    skip_without_fanotify()
    fsmond("start", root, "--watch=fanotify")

    until(lambda: _watches_of_daemon(root, kernel_use.current_use(FANOTIFY)) >= 1)
    assert "fanotify marks are in use" in found(root, "marks").message


@linux_only
def test_a_file_system_without_events(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a daemon runs; and what to do if only this machine changes it."""
    monkeypatch.setattr(
        choice, "why_no_events", lambda _: "nfs does not report changes; fsmond start --watch=x"
    )

    assert problem(root, "coverage")[2:] == (
        "nfs does not report changes",
        "fsmond start --watch=x",
    )


def test_a_tree_that_is_compared_at_each_query(root: Path) -> None:
    """That is slower; here it is what the user asked for."""
    fsmond("start", root, "--watch=scan")

    # Right after the start that is not known yet.
    until(lambda: "will be known" not in found(root, "coverage").message)
    assert "compared at each query" in found(root, "coverage").message
    assert found(root, "coverage").level == "note"


@unix_only
def test_a_folder_for_sockets_that_others_may_write_to(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no safe one, then."""
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    monkeypatch.setattr(folders, "_bases", lambda: [str(open_to_all), str(tmp_path / "missing")])

    finding = problem(root, "folder")

    assert "no private folder" in finding.message
    assert "XDG_RUNTIME_DIR" in (finding.advice or "")


def test_a_history_that_cannot_be_stored(root: Path) -> None:
    """Tokens end with the daemon, and why."""
    (root / ".git" / "fsmond").write_text("a file, where a folder is needed")
    fsmond("start", root)
    until(lambda: status(root)["history"]["reason"])

    assert "tokens end with the daemon" in problem(root, "history").message


def test_a_history_that_is_switched_off_is_no_problem(root: Path) -> None:
    """It is what the user asked for."""
    fsmond("start", root, "--no-history")

    assert found(root, "history").level == "note"


@unix_only
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read anything")
def test_a_directory_that_cannot_be_read(root: Path) -> None:
    """It is in each answer."""
    (root / "closed").mkdir()
    (root / "closed").chmod(0)
    try:
        fsmond("start", root)
        until(lambda: status(root)["unreadable"])

        assert "closed" in problem(root, "permissions").message
    finally:
        (root / "closed").chmod(stat.S_IRWXU)


@needs_git
def test_a_hook_whose_interpreter_is_gone(root: Path) -> None:
    """As after an update of Python."""
    git(root, "config", "core.fsmonitor", "/gone/python3 -I -S /gone/fsmond/__main__.py hook")

    finding = problem(root, "git hook")

    assert "/gone/python3 is gone" in finding.message
    assert finding.advice == "fsmond install --hook"


@needs_git
def test_a_setting_that_is_another_programs(root: Path) -> None:
    """It is left to the user which one is wanted."""
    git(root, "config", "core.fsmonitor", ".git/hooks/query-watchman")

    assert "another program" in found(root, "git setting").message


@needs_git
@unix_only
@pytest.mark.parametrize(("printed", "check"), [("2.10.1", "git"), ("2.30.0", "git setting")])
def test_a_git_that_is_too_old(root: Path, tmp_path: Path, printed: str, check: str) -> None:
    """For any monitor, or for what its settings say."""
    git(root, "config", "core.fsmonitor", "true")
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo git version {printed} && exit\n'
        f'case "$*" in *fsmonitor--daemon*) exit 1;; esac\nexec {_real_git()} "$@"\n'
    )
    old.chmod(0o755)

    done = subprocess.run(
        [*FSMOND, "doctor", root, "--json"],
        capture_output=True,
        timeout=LONG,
        env={**os.environ, "PATH": f"{old.parent}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    )

    checks = {each["check"]: each for each in json.loads(done.stdout)["checks"]}
    assert checks[check]["level"] == "problem", checks
    assert printed.rpartition(".")[0] in checks[check]["message"]


def _real_git() -> str:
    return shutil.which("git") or "git"


def test_a_clock_that_was_set_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files seem to be of the future."""
    now = time.time
    monkeypatch.setattr("fsmond.manage.clock.time.time", lambda: now() - 100)

    assert "clock is 100 s ahead" in problem(root, "clock").message


def test_a_check_that_fails_is_a_finding(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the others are made all the same."""

    def fail(*_: object) -> Iterator[Finding]:
        raise PermissionError(13, "Permission denied", "/proc/x")

    monkeypatch.setattr(doctor, "_CHECKS", (fail, *doctor._CHECKS))

    assert "Permission denied" in found(root, "fail").message
    assert found(root, "folder").level == "ok"
