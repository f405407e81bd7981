"""What both scripts do so that an interruption leaves nothing behind."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_ENDING = [signal.SIGTERM]
if sys.platform != "win32":
    _ENDING.append(signal.SIGHUP)


@contextmanager
def undisturbed_cleaning() -> Iterator[None]:
    """Turn signals into exceptions, and ignore them afterwards, so that what cleans up can end.

    To be entered after what cleans up, as that is left the other way round.
    """
    for each in _ENDING:
        signal.signal(each, _end)
    try:
        yield
    finally:
        ignore_signals()


def ignore_signals() -> None:
    """Let what follows come to its end; it takes a moment."""
    for each in (signal.SIGINT, *_ENDING):
        signal.signal(each, signal.SIG_IGN)


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)
