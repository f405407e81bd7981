"""Folders whose owner replaces the files that a server creates there."""

import os
import socket
import stat
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from support.ipc_tools import ROOT, echo, leave_dead_socket, script
from support.other_user import BECOME_OTHER_USER, needs_root, other_users_folder

import ipc

if sys.platform == "win32":
    pytest.skip("a named pipe is not in a folder", allow_module_level=True)

# At the Nth system call of a claim, all files that the server has created so far are moved aside
# and replaced, as only the owner of the folder can do.
SWAPPED = """
import os, sys, ipc, ipc.server
folder, victim, refuse = map(os.fsencode, sys.argv[1:4])
CALLS = ("os.chmod", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "open", "socket.bind")
calls, swap_at, swapping = 0, None, False

def swap(event, arguments):
    global calls, swapping
    if event not in CALLS or swapping or swap_at is None: return
    calls += 1
    if calls != swap_at: return
    swapping = True
    for name in os.listdir(folder):
        os.rename(os.path.join(folder, name), os.path.join(folder, b"moved-" + name))
        os.symlink(victim, os.path.join(folder, name))
    swapping = False

def refusing(descriptor, mode): raise OSError(22, "Invalid argument")

if refuse == b"refuse": os.fchmod = refusing
sys.addaudithook(swap)
before = os.lstat(victim), sorted(os.listdir(victim)) if os.path.isdir(victim) else None
os.umask(0)
while swap_at is None or calls >= swap_at:
    swap_at, calls = (swap_at or 0) + 1, 0
    try:
        ipc.Server(os.path.join(folder, b"s"), lambda message, reply: message).close()
    except ipc.Error:
        pass
    done, swap_at_now, swap_at = calls, swap_at, None
    after = os.lstat(victim), sorted(os.listdir(victim)) if os.path.isdir(victim) else None
    assert after[1] == before[1], (swap_at_now, after[1])
    for what in ("st_mode", "st_uid", "st_nlink", "st_size"):
        assert getattr(after[0], what) == getattr(before[0], what), (swap_at_now, what)
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    calls, swap_at = done, swap_at_now
print(swap_at)
"""


@pytest.mark.parametrize("mode", ["of the socket", "refuse"])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_that_is_swapped_in_during_a_claim_is_not_changed(
    tmp_path: Path, what: str, mode: str
) -> None:
    """Otherwise a link in place of the socket could change the mode of any file of root."""
    victim = tmp_path / "victim"
    if what == "file":
        victim.write_text("precious")
    else:
        (victim / "precious").mkdir(parents=True)
    victim.chmod(0o755)
    folder = tmp_path / "folder"
    folder.mkdir()

    done = subprocess.run(
        [sys.executable, "-c", SWAPPED, folder, victim, mode],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 5  # there are more calls than that


@pytest.mark.parametrize("what", ["link", "hard link", "fifo", "folder", "dangling link"])
def test_a_file_that_is_not_a_lock_is_not_changed(tmp_path: Path, what: str) -> None:
    """Its name is predictable, so any file may be there.  A FIFO must not block the server."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    lock = tmp_path / "s.lock"
    if what == "fifo":
        os.mkfifo(lock)
    elif what == "folder":
        lock.mkdir()
    elif what == "hard link":
        lock.hardlink_to(victim)
    else:
        lock.symlink_to(victim if what == "link" else tmp_path / "missing")
    before = sorted(tmp_path.iterdir())

    with pytest.raises(ipc.InvalidPathError, match="not a lock file: remove it"):
        ipc.Server(tmp_path / "s", echo)

    assert sorted(tmp_path.iterdir()) == before
    assert victim.read_text() == "precious"
    assert stat.S_IMODE(victim.stat().st_mode) != 0o600


def test_a_lock_that_is_removed_by_another_process_has_no_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path is claimed by then."""
    listen = socket.socket.listen

    def and_remove_the_lock(self: socket.socket, backlog: int) -> None:
        listen(self, backlog)
        (tmp_path / "s.lock").unlink()

    monkeypatch.setattr(socket.socket, "listen", and_remove_the_lock)
    with ipc.Server(tmp_path / "s", echo):
        monkeypatch.undo()
        assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["folder", "full folder", "file", "link", "socket"])
def test_a_server_does_not_depend_on_the_name_of_its_private_directory(
    tmp_path: Path, what: str
) -> None:
    """Another user may have used the name; an empty directory of ours is removed."""
    with ipc.Server(tmp_path / "s", echo):
        pass
    taken = tmp_path / f".ipc-{zlib.crc32(b's'):08x}"
    if what == "file":
        taken.write_text("precious")
    elif what == "link":
        taken.symlink_to(tmp_path)
    elif what == "socket":
        leave_dead_socket(taken)
    else:
        taken.mkdir(mode=0o700)
        if what == "full folder":
            (taken / "precious").touch()

    with ipc.Server(tmp_path / "s", echo):
        assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"

    assert list(tmp_path.iterdir()) == ([] if what == "folder" else [taken])


@needs_root
def test_another_users_directory_in_a_sticky_folder_has_no_effect() -> None:
    """As in `/tmp`, where a server cannot remove files of another user."""
    with other_users_folder() as folder:
        folder.chmod(0o1777)
        os.chown(folder, 0, 0)
        script(
            "import os, sys, zlib\n" + BECOME_OTHER_USER + "\n"
            "os.mkdir(f'{sys.argv[1]}/.ipc-{zlib.crc32(b\"s\"):08x}')\n"
            "print('up')",
            folder,
        ).communicate()
        with ipc.Server(folder / "s", echo):
            assert ipc.send_command(folder / "s", b"hello") == b"hello"
        assert len(list(folder.iterdir())) == 1


@needs_root
def test_the_error_for_another_users_lock_names_the_remedy() -> None:
    """Root was killed while it started a server: the owner of the folder can remove the lock."""
    code = (
        "import sys, ipc, ipc.server\n"
        f"{BECOME_OTHER_USER}\n"
        "try: ipc.Server(sys.argv[1], lambda message, reply: message)\n"
        "except ipc.UnreachableError as error: print(error)\n"
    )
    with other_users_folder() as folder:
        (folder / "s.lock").touch(mode=0o600)
        said = script(code, folder / "s", wait_until_ready=False).communicate()[0]
    assert "belongs to another user" in said
    assert "remove it" in said


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o177, 0o277])
def test_any_umask_gives_the_same_socket(tmp_path: Path, umask: int) -> None:
    """It removes permissions, some of which the owner needs."""
    code = (
        "import os, sys, ipc, ipc.server\n"
        f"os.umask({umask})\n"
        "with ipc.Server(sys.argv[1], lambda message, reply: message): print('up', flush=True)\n"
    )
    process = script(code, tmp_path / "s")
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert not list(tmp_path.iterdir())


def test_only_the_owner_has_access_without_fchmod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a system on which only the umask sets the mode."""
    monkeypatch.setattr("os.fchmod", lambda _descriptor, _mode: None)
    before = os.umask(0)
    try:
        with ipc.Server(tmp_path / "s", echo):
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    finally:
        os.umask(before)


@needs_root
def test_the_error_for_another_users_server_names_the_user() -> None:
    """Its socket refuses other users, so they cannot check whether it runs."""
    code = (
        "import sys, ipc, ipc.server\n"
        f"{BECOME_OTHER_USER}\n"
        "try: ipc.Server(sys.argv[1], lambda message, reply: message)\n"
        "except ipc.UnreachableError as error: print(error)\n"
    )
    with other_users_folder() as folder, ipc.Server(folder / "s", echo):
        said = script(code, folder / "s", wait_until_ready=False).communicate()[0]
        assert ipc.send_command(folder / "s", b"hello") == b"hello"
    assert "belongs to user 0" in said
    assert "stop it" in said
