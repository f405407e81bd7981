import errno
import logging
from typing import Any

import pytest

import ipc
from ipc import errors
from ipc._server.rate_limited_log import RateLimitedLog
from ipc.client import Backoff
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
def test_errors_are_builtin_errors_too(name: str, builtin: type[Exception]) -> None:
    """Code that does not know this package handles its errors as well."""
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
def test_system_errors_are_translated(error: OSError, meaning: type[ipc.Error]) -> None:
    """A caller decides by class, not by errno."""
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
    """The table of modules and the list of names are maintained by hand."""
    assert getattr(ipc, name) is not None
    assert name in dir(ipc)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As with any other module."""
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = ipc.nonsense


def test_options_have_a_readable_repr() -> None:
    """It appears in logs."""
    shown = repr(ipc.ConnectOptions(wait_if_busy=True))

    assert "wait_if_busy=True" in shown
    assert "timeout=1.0" in shown
    assert repr(ipc.QUIT) == "ipc.QUIT"


@pytest.mark.parametrize("wrong", [{"nr_threads": 0}, {"max_request": -1}, {"max_waiting": 0}])
def test_impossible_limits_are_refused(wrong: dict[str, Any]) -> None:
    """A server that cannot serve would only appear to hang."""
    with pytest.raises(ValueError, match="at least"):
        ipc.ServerOptions(**wrong)


def test_only_the_states_of_the_options_are_retried() -> None:
    """A caller that does not start a server need not wait for one."""
    error = ipc.NoServerError("no server")

    with pytest.raises(ipc.NoServerError):
        Backoff(ipc.ConnectOptions(wait_if_not_found=True)).delay_after(error)
    assert Backoff(ipc.ConnectOptions(wait_if_busy=True)).delay_after(error) > 0


def test_the_timeout_ends_the_retries() -> None:
    """It is one limit for all attempts together."""
    error = ipc.NoServerError("gone")

    with pytest.raises(ipc.NoServerError):
        Backoff(ipc.ConnectOptions(wait_if_busy=True, timeout=0)).delay_after(error)


@pytest.mark.parametrize("count", range(10))
def test_unsent_is_the_rest_of_the_buffers(count: int) -> None:
    """Sendmsg may stop in any buffer."""
    left = unsent([b"abc", b"", b"defg", b"hi"], count)

    assert b"".join(left) == b"abcdefghi"[count:]


def test_a_repeated_problem_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A client that misbehaves in a loop must not fill the disk."""
    limited = RateLimitedLog()
    with caplog.at_level(logging.WARNING, "ipc"):
        for _ in range(100):
            limited.warn("peer", "a bad request")
        limited.warn("accept", "something else")

    assert [record.message for record in caplog.records] == ["a bad request", "something else"]


def test_suppressed_problems_are_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log shows how many there were."""
    limited = RateLimitedLog()
    for _ in range(5):
        limited.warn("peer", "a bad request")
    monkeypatch.setattr("ipc._server.rate_limited_log.INTERVAL", 0.0)

    limited.warn("peer", "another")

    assert caplog.records[-1].message == "another (4 more of this kind were not logged)"
