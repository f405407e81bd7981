"""Errors: what is said, and that they can be sent from one process to another."""

import inspect
import pickle

import pytest

import fsmond.errors
import ipc.errors
from fsmond.errors import OtherDaemonError, UnresponsiveError
from fsmond.git.program import GitError
from fsmond.git.repository import UnsuitableError
from fsmond.printable import message_of, printable
from fsmond.watching.limits import WatchError

CLASSES = [
    each
    for module in (fsmond.errors, ipc.errors)
    for _, each in inspect.getmembers(module, inspect.isclass)
    if issubclass(each, Exception)
]
CLASSES += [GitError, UnsuitableError, WatchError]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_can_be_sent_to_another_process(kind: type[Exception]) -> None:
    """One that can't ends a whole pool of processes, whatever they work on."""
    error = kind("what went wrong")
    setattr(error, "more", 7)  # noqa: B010 - as a caller may

    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), again.args) == (kind, str(error), error.args)
    assert vars(again) == vars(error)


def test_what_an_error_says_besides_is_sent_as_well() -> None:
    """Callers decide by it."""
    other = pickle.loads(pickle.dumps(OtherDaemonError("git's own daemon watches it", "git")))
    failed = pickle.loads(pickle.dumps(GitError("no such setting", 5)))
    stopped = UnresponsiveError("it does not answer")
    stopped.is_stopped = True

    assert (str(other), other.daemon) == ("git's own daemon watches it", "git")
    assert (str(failed), failed.status) == ("no such setting", 5)
    assert pickle.loads(pickle.dumps(stopped)).is_stopped


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FileNotFoundError(2, "No such file or directory", b"/caf\xe9"), r"/caf\xe9"),
        (FileNotFoundError(2, "No such file or directory", "/tmp/x"), "No such file or directory"),
        (OSError("plain"), "plain"),
        (ValueError("a\x1b[31mred\nline"), r"a\x1b[31mred\nline"),
    ],
)
def test_a_message_is_for_people(error: Exception, message: str) -> None:
    """No `b'…'`, no numbers of errors, and nothing that a terminal obeys."""
    said = message_of(error)

    assert message in said
    assert "b'" not in said
    assert "[Errno" not in said
    assert said.isprintable()


def test_what_can_be_printed_is_left_as_it_is() -> None:
    """Names are in all languages."""
    assert printable("/café/日本") == "/café/日本"
    assert printable("a\udce9\u202eb\x9b") == r"a\xe9\u202eb\x9b"
