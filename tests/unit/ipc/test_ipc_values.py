import errno
import logging
from typing import Any

import pytest

import ipc
from ipc import errors
from ipc._notes import Notes
from ipc.client import Patience
from ipc.message import unsent


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("NoServerError", ConnectionError),
        ("InvalidPathError", OSError),
        ("UnreachableError", OSError),
        ("TimedOutError", TimeoutError),
        ("HungUpError", ConnectionError),
        ("ProtocolError", ValueError),
        ("AddressInUseError", OSError),
        ("UnsafePathError", PermissionError),
    ],
)
def test_errors_are_what_people_already_catch(name: str, builtin: type[Exception]) -> None:
    """Who does not know this package still handles its errors."""
    kind = getattr(ipc, name)

    assert issubclass(kind, builtin)
    assert issubclass(kind, ipc.Error)
    assert str(kind("why")) == "why"


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (TimeoutError(), errors.TimedOutError),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), errors.HungUpError),
        (ConnectionResetError(errno.ECONNRESET, "reset"), errors.HungUpError),
        (OSError(errno.ENOMEM, "no memory"), errors.UnreachableError),
    ],
)
def test_the_systems_errors_get_a_meaning(error: OSError, meaning: type[ipc.Error]) -> None:
    """A caller decides by class, not by number."""
    assert type(errors.translated(error)) is meaning


def test_states_have_gits_numbers() -> None:
    """They are exit statuses of the command line too."""
    assert [state.name for state in sorted(ipc.ActiveState)] == [
        "LISTENING",
        "NOT_LISTENING",
        "INVALID_PATH",
        "PATH_NOT_FOUND",
        "OTHER_ERROR",
    ]
    assert list(ipc.ActiveState) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ipc.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """The table of modules and the list of names are written by hand."""
    assert getattr(ipc, name) is not None
    assert name in dir(ipc)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As with any other module."""
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = ipc.nonsense


def test_options_show_themselves() -> None:
    """They end up in logs."""
    shown = repr(ipc.ConnectOptions(wait_if_busy=True))

    assert "wait_if_busy=True" in shown
    assert "timeout=1.0" in shown
    assert repr(ipc.QUIT) == "ipc.QUIT"


@pytest.mark.parametrize("wrong", [{"nr_threads": 0}, {"max_request": -1}, {"max_waiting": 0}])
def test_impossible_limits_are_refused(wrong: dict[str, Any]) -> None:
    """A server that can do nothing would only look as if it hung."""
    with pytest.raises(ValueError, match="at least"):
        ipc.ServerOptions(**wrong)


def test_patience_is_for_what_was_asked_only() -> None:
    """Waiting for a server that nobody starts is waiting in vain."""
    error = ipc.NoServerError("nobody")

    with pytest.raises(ipc.NoServerError):
        Patience(ipc.ConnectOptions(wait_if_not_found=True)).nap(error)
    assert Patience(ipc.ConnectOptions(wait_if_busy=True)).nap(error) > 0


def test_patience_ends() -> None:
    """One limit for all attempts together."""
    with pytest.raises(ipc.NoServerError):
        Patience(ipc.ConnectOptions(wait_if_busy=True, timeout=0)).nap(ipc.NoServerError("gone"))


@pytest.mark.parametrize("count", range(10))
def test_unsent_is_all_but_what_was_sent(count: int) -> None:
    """A gathering system call may stop in any buffer."""
    left = unsent([b"abc", b"", b"defg", b"hi"], count)

    assert b"".join(left) == b"abcdefghi"[count:]


def test_a_repeated_trouble_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A client that misbehaves in a loop must not fill the disk."""
    notes = Notes()
    with caplog.at_level(logging.WARNING, "ipc"):
        for _ in range(100):
            notes.say("peer", "somebody is rude")
        notes.say("accept", "something else")

    assert [record.message for record in caplog.records] == ["somebody is rude", "something else"]


def test_what_was_passed_over_is_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log says how bad it is."""
    notes = Notes()
    for _ in range(5):
        notes.say("peer", "somebody is rude")
    monkeypatch.setattr("ipc._notes.SPELL", 0.0)

    notes.say("peer", "still rude")

    assert caplog.records[-1].message == "still rude (4 more of this kind were not logged)"
