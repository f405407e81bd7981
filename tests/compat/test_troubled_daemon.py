"""`git status` is right whatever happens to the daemon between two commands."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from fuzz.losing import overflow
from support.running import LONG, REFERENCE, fsmond, is_served, status, until
from support.work.repositories import Repository, write
from support.work.same_status import Observer, compare
from support.work.ways_of_asking import HOOK, configure, relies

import fsmond as package
from fsmond.process.alive import is_running

if sys.platform != "linux":
    pytest.skip("needs inotify", allow_module_level=True)

HOOKS = ["system-hook-1", "system-hook-2", "modern-hook-2"]
BUILTIN = ["modern-builtin"]
PACKAGE = Path(package.__file__).parent
STATUS = ("status", "--porcelain=v2")

hooks = pytest.mark.parametrize("way", HOOKS)
builtin = pytest.mark.parametrize("way", BUILTIN)
both = pytest.mark.parametrize("way", [*HOOKS, *BUILTIN])


def _change(repository: Repository, name: str) -> None:
    """Change tracked and untracked files, and rename directories."""
    root = repository.root
    write(root / "src/0/0.txt", name)
    write(root / name / "deep" / "untracked", name)
    (root / "lib/0").rename(root / "lib/1" / name)
    (root / "lib/1" / name).rename(root / "lib/0")
    shutil.rmtree(root / "doc/0", ignore_errors=True)
    write(root / "doc/0/deep" / name, name)


def _age(repository: Repository) -> None:
    """Make all directories old and let git record them: it compares times to the second."""
    for folder, names, _ in os.walk(repository.root):
        if ".git" in names:
            names.remove(".git")
        os.utime(folder, (0, 0))
    until(lambda: relies(repository, repository.root))
    repository.git("status")


def _kill(repository: Repository) -> None:
    pid = status(repository.root)["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_running(pid))


@contextmanager
def _suspended(repository: Repository) -> Iterator[int]:
    pid = status(repository.root)["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGCONT)


def _recovers(repository: Repository) -> None:
    """Compare until git relies on the answers, and then once more."""
    _change(repository, "later")
    compare(repository, "later")
    until(lambda: is_served(repository.root) and status(repository.root)["state"] == "ready")
    until(lambda: relies(repository, repository.root))
    _change(repository, "last")
    assert Observer(repository).compare("last")


@hooks
def test_a_killed_daemon_is_replaced_by_the_hook(repository: Repository) -> None:
    """It leaves its socket behind; no user has to act."""
    _change(repository, "before")
    _kill(repository)
    _change(repository, "after")

    compare(repository, "after it was killed")

    _recovers(repository)


@builtin
def test_a_killed_daemon_is_replaced_by_gits_own(repository: Repository) -> None:
    """Git starts no other; fsmond is back when the user starts it."""
    _change(repository, "before")
    _kill(repository)
    _change(repository, "after")
    try:
        compare(repository, "after it was killed")
        _change(repository, "more")
        compare(repository, "with git's own daemon")
    finally:
        repository.git("fsmonitor--daemon", "stop")
    assert fsmond("start", repository.root).returncode == 0

    _recovers(repository)


@both
def test_a_restarted_daemon_does_not_know_old_tokens(repository: Repository) -> None:
    """Changes while no daemon was running are not missed."""
    _change(repository, "before")
    fsmond("stop", repository.root)
    _change(repository, "between")
    assert fsmond("start", repository.root).returncode == 0
    _change(repository, "after")

    compare(repository, "after a restart")

    _recovers(repository)


@both
def test_untracked_files_are_found_whatever_git_does_first(repository: Repository) -> None:
    """Git would keep the new token and its old cache of untracked files, and trust both.

    After "everything", `status` compares the times of directories; other commands only write the
    index.  With its own daemon git misses files then.
    """
    _age(repository)
    fsmond("stop", repository.root)
    write(repository.root / "src/0/untracked", "new")
    assert fsmond("start", repository.root).returncode == 0
    write(repository.root / "README", "changed")
    repository.git("add", "README")

    compare(repository, "after `git add`")


@hooks
def test_untracked_files_are_found_though_the_hook_gave_up(repository: Repository) -> None:
    """Git then keeps a time or nothing instead of a token, and its old cache as well."""
    _age(repository)
    with _suspended(repository):
        write(repository.root / "src/0/untracked", "new")
        write(repository.root / "README", "changed")
        repository.git("add", "README")
    write(repository.root / "README", "changed again")
    repository.git("add", "README")

    compare(repository, "after both")


@both
def test_events_that_the_kernel_dropped_are_not_missed(repository: Repository) -> None:
    """Some changes are before the overflow, some after; tokens stay valid."""
    with _suspended(repository):
        _change(repository, "before")
        overflow(repository.root)
        _change(repository, "after")

    compare(repository, "after an overflow")

    assert status(repository.root)["resynced"] > 0
    _recovers(repository)


@hooks
def test_git_works_with_a_suspended_daemon(repository: Repository) -> None:
    """The hook waits for some seconds, then git scans everything."""
    with _suspended(repository):
        _change(repository, "meanwhile")
        said = repository.git(*STATUS)

        assert said == repository.git(*REFERENCE, *STATUS)

    _recovers(repository)


@builtin
def test_a_resumed_daemon_still_answers(repository: Repository) -> None:
    """Git itself waits without a limit."""
    with _suspended(repository):
        _change(repository, "meanwhile")
        arguments = [repository.program, *STATUS]
        asking = subprocess.Popen(arguments, cwd=repository.root, stdout=subprocess.PIPE)
        until(lambda: _has_a_socket(asking.pid))
        assert asking.poll() is None
    said, _ = asking.communicate(timeout=LONG)

    assert said.decode() == repository.git(*STATUS)
    compare(repository, "after it was resumed")
    _recovers(repository)


def _has_a_socket(pid: int) -> bool:
    with suppress(OSError):  # a descriptor was closed meanwhile
        folder = Path(f"/proc/{pid}/fd")
        return any(os.readlink(each).startswith("socket:") for each in folder.iterdir())
    return False


@pytest.mark.parametrize("missing", ["interpreter", "package"])
@pytest.mark.parametrize("way", ["system-hook-2", "modern-hook-2"])
def test_without_a_hook_git_scans_everything(
    repository: Repository, way: str, missing: str, tmp_path: Path
) -> None:
    """It prints one line each time, and its status is right."""
    hook = HOOK.replace(sys.executable, str(tmp_path / "no-python"))
    if missing == "package":
        copied = tmp_path / "copied"
        for name in ("fsmond", "ipc"):
            shutil.copytree(PACKAGE.parent / name, copied / name)
        hook = HOOK.replace(str(PACKAGE), str(copied / "fsmond"))
        configure(way, repository.root, repository.program, hook=hook)
        assert Observer(repository).compare("with the copy")
        shutil.rmtree(copied)
    configure(way, repository.root, repository.program, hook=hook)
    _change(repository, "unseen")

    done = subprocess.run(
        [repository.program, *STATUS], cwd=repository.root, capture_output=True, check=True
    )

    assert done.stdout.decode() == repository.git(*REFERENCE, *STATUS)
    assert done.stderr.count(b"\n") <= 1, done.stderr
