"""Cleanup after signals: a script that is interrupted leaves nothing behind."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_SIGNALS = [signal.SIGTERM]
if sys.platform != "win32":
    _SIGNALS.append(signal.SIGHUP)


@contextmanager
def cleanup_on_signals() -> Iterator[None]:
    """Exit on a signal, and ignore further signals, so that the cleanup is not interrupted.

    Enter it after the context managers that clean up, because they are left in reverse order.
    """
    for each in _SIGNALS:
        signal.signal(each, _exit)
    try:
        yield
    finally:
        ignore_signals()


def ignore_signals() -> None:
    """Ignore signals, so that the cleanup that follows is not interrupted; it takes a moment."""
    for each in (signal.SIGINT, *_SIGNALS):
        signal.signal(each, signal.SIG_IGN)


def _exit(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)
