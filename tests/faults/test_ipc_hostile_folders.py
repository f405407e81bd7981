"""Folders whose owner puts something else in the place of what a server makes there."""

import os
import socket
import stat
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from ipc_tools import ROOT, echo, leave_dead, script
from strangers import BECOME_STRANGER, needs_root, strangers_folder

import ipc

if sys.platform == "win32":
    pytest.skip("a named pipe is in no folder", allow_module_level=True)

# At the Nth of the calls by which a server claims its path, all that it has made so far is moved
# aside and replaced, as only the owner of the folder can do.
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
def test_what_is_swapped_while_a_path_is_claimed_stays_as_it_is(
    tmp_path: Path, what: str, mode: str
) -> None:
    """Any of root's files could be made its owner's only, by a link in the place of the socket."""
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
    assert int(done.stdout) > 5  # so many calls there are


@pytest.mark.parametrize("what", ["link", "hard link", "fifo", "folder", "dangling link"])
def test_what_is_no_lock_file_is_left_alone(tmp_path: Path, what: str) -> None:
    """Its name is known before, so anything may be there; and a FIFO must not be waited for."""
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

    with pytest.raises(ipc.InvalidPathError, match="no lock file: remove it"):
        ipc.Server(tmp_path / "s", echo)

    assert sorted(tmp_path.iterdir()) == before
    assert victim.read_text() == "precious"
    assert stat.S_IMODE(victim.stat().st_mode) != 0o600


def test_a_lock_that_somebody_removes_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path is ours by then."""
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
def test_a_name_that_is_taken_is_not_needed(tmp_path: Path, what: str) -> None:
    """Where a server makes its socket anybody may have made something; ours is cleaned up."""
    with ipc.Server(tmp_path / "s", echo):
        pass
    taken = tmp_path / f".ipc-{zlib.crc32(b's'):08x}"
    if what == "file":
        taken.write_text("precious")
    elif what == "link":
        taken.symlink_to(tmp_path)
    elif what == "socket":
        leave_dead(taken)
    else:
        taken.mkdir(mode=0o700)
        if what == "full folder":
            (taken / "precious").touch()

    with ipc.Server(tmp_path / "s", echo):
        assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"

    assert list(tmp_path.iterdir()) == ([] if what == "folder" else [taken])


@needs_root
def test_a_sticky_folder_full_of_anothers_names_is_no_obstacle() -> None:
    """As in `/tmp`: what another has put at a name cannot be removed there, even by its guest."""
    with strangers_folder() as folder:
        folder.chmod(0o1777)
        os.chown(folder, 0, 0)
        script(
            "import os, sys, zlib\n" + BECOME_STRANGER + "\n"
            "os.mkdir(f'{sys.argv[1]}/.ipc-{zlib.crc32(b\"s\"):08x}')\n"
            "print('up')",
            folder,
        ).communicate()
        with ipc.Server(folder / "s", echo):
            assert ipc.send_command(folder / "s", b"hello") == b"hello"
        assert len(list(folder.iterdir())) == 1


@needs_root
def test_a_lock_of_anothers_says_so() -> None:
    """Root was killed while it started a server: who owns the folder can remove what it left."""
    code = (
        "import sys, ipc, ipc.server\n"
        f"{BECOME_STRANGER}\n"
        "try: ipc.Server(sys.argv[1], lambda message, reply: message)\n"
        "except ipc.UnreachableError as error: print(error)\n"
    )
    with strangers_folder() as folder:
        (folder / "s.lock").touch(mode=0o600)
        said = script(code, folder / "s", said_first=False).communicate()[0]
    assert "belongs to another user" in said
    assert "remove it" in said


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o177, 0o277])
def test_any_umask_gives_the_same_socket(tmp_path: Path, umask: int) -> None:
    """It takes bits away, some of which the owner needs."""
    code = (
        "import os, sys, ipc, ipc.server\n"
        f"os.umask({umask})\n"
        "with ipc.Server(sys.argv[1], lambda message, reply: message): print('up', flush=True)\n"
    )
    process = script(code, tmp_path / "s")
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert not list(tmp_path.iterdir())


def test_the_socket_is_its_owners_only_without_the_sockets_own_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system takes it from the umask alone."""
    monkeypatch.setattr("os.fchmod", lambda _descriptor, _mode: None)
    before = os.umask(0)
    try:
        with ipc.Server(tmp_path / "s", echo):
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    finally:
        os.umask(before)


@needs_root
def test_a_server_of_anothers_says_whose_it_is() -> None:
    """It lets nobody else in, so whether it lives cannot be known."""
    code = (
        "import sys, ipc, ipc.server\n"
        f"{BECOME_STRANGER}\n"
        "try: ipc.Server(sys.argv[1], lambda message, reply: message)\n"
        "except ipc.UnreachableError as error: print(error)\n"
    )
    with strangers_folder() as folder, ipc.Server(folder / "s", echo):
        said = script(code, folder / "s", said_first=False).communicate()[0]
        assert ipc.send_command(folder / "s", b"hello") == b"hello"
    assert "belongs to user 0" in said
    assert "stop it" in said
