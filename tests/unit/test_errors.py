"""Errors: their messages, and that they can be pickled."""

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
    """An error that cannot be pickled ends a whole process pool."""
    error = kind("what went wrong")
    setattr(error, "more", 7)  # noqa: B010 - as a caller may

    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), again.args) == (kind, str(error), error.args)
    assert vars(again) == vars(error)


def test_the_attributes_of_an_error_are_pickled_as_well() -> None:
    """Callers decide by them."""
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
    """It has no `b'…'`, no error numbers, and no terminal control characters."""
    printed = message_of(error)

    assert message in printed
    assert "b'" not in printed
    assert "[Errno" not in printed
    assert printed.isprintable()


def test_printable_text_is_unchanged() -> None:
    """Names are in all languages."""
    assert printable("/café/日本") == "/café/日本"
    assert printable("a\udce9\u202eb\x9b") == r"a\xe9\u202eb\x9b"
