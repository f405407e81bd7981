"""What is special about named pipes."""
# ruff: noqa: E402  # there is nothing to import elsewhere

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from ipc_tools import HELLO, all_of, echo, raw_client
from wine import wine_fails

import ipc

if sys.platform != "win32":
    pytest.skip("there are named pipes on Windows only", allow_module_level=True)
assert sys.platform == "win32"  # tells the type checker

import win32api
import win32con
import win32file
import win32security
from raw_windows import connected

from ipc._address_windows import PIPES, pipe_name
from ipc._listen_windows import BACKLOG


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (r"C:\windows\s.ipc", r"C_\windows\s.ipc"),
        ("C:/windows/s.ipc", r"C_\windows\s.ipc"),
        (r"C:\windows\nobody\..\s", r"C_\windows\s"),
        (r"C:\no\such\folder", r"C_\no\such\folder"),
        (r"\\?\C:\windows\s", r"C_\windows\s"),
    ],
)
def test_a_pipe_is_named_as_git_names_it(path: str, name: str) -> None:
    """The real path, with the drive's colon replaced, and all slashes the other way round."""
    assert pipe_name(os.fsencode(path)) == PIPES + name


def test_a_relative_path_is_one_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a file."""
    monkeypatch.chdir(tmp_path)

    assert pipe_name(b"s") == pipe_name(os.fsencode(tmp_path / "s"))


def test_a_name_that_windows_does_not_take_is_told(tmp_path: Path) -> None:
    """With what would help."""
    with pytest.raises(ipc.InvalidPathError, match="more than 256 characters: use a shorter path"):
        ipc.Server(tmp_path / ("s" * 250), echo)


def test_the_pipe_lets_in_its_user_alone(server: Path) -> None:
    """Git's own lets in everybody."""
    token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32con.TOKEN_QUERY)
    user, _ = win32security.GetTokenInformation(token, win32security.TokenUser)
    with connected(server) as client:
        descriptor = win32security.GetSecurityInfo(
            client.fileno(),
            win32security.SE_KERNEL_OBJECT,
            win32security.DACL_SECURITY_INFORMATION,
        )
        access = descriptor.GetSecurityDescriptorDacl()

    entries = [access.GetAce(number) for number in range(access.GetAceCount())]
    assert [(kind, who) for (kind, _), _, who in entries] == [
        (win32security.ACCESS_ALLOWED_ACE_TYPE, user)
    ]


def test_nobody_comes_over_the_network(server: Path) -> None:
    """Not even from this machine."""
    name = pipe_name(os.fsencode(server)).replace(PIPES, "\\\\localhost\\pipe\\")

    with pytest.raises(win32file.error):
        win32file.CreateFile(
            name, win32con.GENERIC_READ, 0, None, win32con.OPEN_EXISTING, 0, None
        ).Close()


def test_no_handle_is_inherited(tmp_path: Path) -> None:
    """A program that the owner starts must not keep a client waiting."""
    server = ipc.Server(tmp_path / "s", echo)
    try:
        handles = list(server._keeper._listener._waiting)
        flags = [win32api.GetHandleInformation(handle) for handle in handles]
    finally:
        server.close()

    assert handles
    assert not any(flag & win32con.HANDLE_FLAG_INHERIT for flag in flags)


def test_an_allow_can_not_be_asked(tmp_path: Path) -> None:
    """It would be told numbers that mean nothing on Windows."""
    with pytest.raises(ValueError, match="allow cannot be given on Windows"):
        ipc.Server(tmp_path / "s", echo, ipc.ServerOptions(allow=lambda _: True))


def test_a_crowd_can_connect_before_the_server_starts(tmp_path: Path) -> None:
    """And is answered afterwards."""
    server = ipc.Server(tmp_path / "s", echo)
    try:
        with ExitStack() as stack:
            clients = [
                stack.enter_context(raw_client(tmp_path / "s", HELLO)) for _ in range(BACKLOG)
            ]
            with pytest.raises(ipc.TimedOutError, match="busy"):
                ipc.connect(tmp_path / "s")
            server.start()
            assert [all_of(client) for client in clients] == [HELLO] * BACKLOG
            assert ipc.send_command(tmp_path / "s", b"next") == b"next"
    finally:
        server.close()


@wine_fails("8.0 does not heed FILE_FLAG_FIRST_PIPE_INSTANCE")
def test_a_name_that_another_has_taken_is_in_use(tmp_path: Path) -> None:
    """Also if it came between the look and the claim, and whoever it is."""
    with ipc.Server(tmp_path / "s", echo) as server:
        listener = server._keeper._listener
        assert not listener._is_first()


def test_what_the_owner_did_not_close_is_gone_with_it(tmp_path: Path) -> None:
    """Whoever stopped can start again, at once, also when clients still hold on to it."""
    for _ in range(3):
        with ipc.Server(tmp_path / "s", echo):
            assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"
            silent = raw_client(tmp_path / "s", b"00")
        assert all_of(silent) == b""
        silent.close()
    assert ipc.get_active_state(tmp_path / "s") is ipc.ActiveState.PATH_NOT_FOUND
