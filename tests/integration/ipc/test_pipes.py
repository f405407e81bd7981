"""Behavior that only named pipes have."""
# ruff: noqa: E402  # these modules exist only on Windows

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.ipc_tools import HELLO, echo, raw_client, receive_all
from support.wine import fails_on_wine

import ipc

if sys.platform != "win32":
    pytest.skip("only Windows has named pipes", allow_module_level=True)
assert sys.platform == "win32"  # tells the type checker

import win32api
import win32con
import win32file
import win32security
from support.raw_windows import connected

from ipc._address_windows import PIPES, pipe_name
from ipc._server.windows.listen import BACKLOG


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
    """The real path, with the drive's colon replaced, and backslashes for slashes."""
    assert pipe_name(os.fsencode(path)) == PIPES + name


def test_a_relative_path_starts_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a file."""
    monkeypatch.chdir(tmp_path)

    assert pipe_name(b"s") == pipe_name(os.fsencode(tmp_path / "s"))


def test_a_name_that_is_too_long_is_an_invalid_path(tmp_path: Path) -> None:
    """The error names the remedy."""
    with pytest.raises(ipc.InvalidPathError, match="more than 256 characters: use a shorter path"):
        ipc.Server(tmp_path / ("s" * 250), echo)


def test_only_the_user_has_access_to_the_pipe(server: Path) -> None:
    """Git's own pipe gives access to every user."""
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


def test_clients_cannot_connect_over_the_network(server: Path) -> None:
    """Not even from the same machine."""
    name = pipe_name(os.fsencode(server)).replace(PIPES, "\\\\localhost\\pipe\\")

    with pytest.raises(win32file.error):
        win32file.CreateFile(
            name, win32con.GENERIC_READ, 0, None, win32con.OPEN_EXISTING, 0, None
        ).Close()


def test_no_handle_is_inherited(tmp_path: Path) -> None:
    """A child program must not keep a connection open."""
    server = ipc.Server(tmp_path / "s", echo)
    try:
        handles = list(server._loop._listener._waiting)
        flags = [win32api.GetHandleInformation(handle) for handle in handles]
    finally:
        server.close()

    assert handles
    assert not any(flag & win32con.HANDLE_FLAG_INHERIT for flag in flags)


def test_the_allow_option_is_refused(tmp_path: Path) -> None:
    """A Peer has numbers that Windows does not have."""
    with pytest.raises(ValueError, match="allow cannot be used on Windows"):
        ipc.Server(tmp_path / "s", echo, ipc.ServerOptions(allow=lambda _: True))


def test_many_clients_can_connect_before_the_server_starts(tmp_path: Path) -> None:
    """They are answered afterwards."""
    server = ipc.Server(tmp_path / "s", echo)
    try:
        with ExitStack() as stack:
            clients = [
                stack.enter_context(raw_client(tmp_path / "s", HELLO)) for _ in range(BACKLOG)
            ]
            with pytest.raises(ipc.TimedOutError, match="busy"):
                ipc.connect(tmp_path / "s")
            server.start()
            assert [receive_all(client) for client in clients] == [HELLO] * BACKLOG
            assert ipc.send_command(tmp_path / "s", b"next") == b"next"
    finally:
        server.close()


@fails_on_wine("8.0 ignores FILE_FLAG_FIRST_PIPE_INSTANCE")
def test_a_name_is_refused_in_a_race_with_another_server(tmp_path: Path) -> None:
    """The other server may claim it between our check and our claim."""
    with ipc.Server(tmp_path / "s", echo) as server:
        listener = server._loop._listener
        assert not listener._create_first()


def test_a_server_can_restart_at_once_after_a_stop(tmp_path: Path) -> None:
    """Even if clients still have the pipe open."""
    for _ in range(3):
        with ipc.Server(tmp_path / "s", echo):
            assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"
            silent = raw_client(tmp_path / "s", b"00")
        assert receive_all(silent) == b""
        silent.close()
    assert ipc.get_active_state(tmp_path / "s") is ipc.ActiveState.PATH_NOT_FOUND
