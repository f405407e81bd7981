"""Run fsmond, and send this process SIGTERM before a given step of its main thread.

    python signal_at_step.py STEP ARGUMENT...

A step is a line of Python, counted from the first one after a signal is handled.  At the end the
number of all steps is written to standard error.
"""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from fsmond.cli import main

_handle = signal.signal
_steps = 0


def _step(_: FrameType, event: str, __: Any) -> Any:
    global _steps  # noqa: PLW0603 - a trace function has no other place
    if event == "line":
        _steps += 1
        if _steps == int(sys.argv[1]):
            signal.raise_signal(signal.SIGTERM)
    return _step


def _handle_and_count(number: int, handler: Callable[[int, FrameType | None], Any]) -> Any:
    """Stand in for signal.signal."""
    before = _handle(number, handler)
    if number == signal.SIGTERM and callable(handler):
        sys.settrace(lambda *_: _step)
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:  # those that run already
            frame.f_trace = _step
            frame = frame.f_back
    return before


if __name__ == "__main__":
    signal.signal = _handle_and_count  # type: ignore[assignment]
    _status = main.run(sys.argv[2:])
    sys.settrace(None)
    sys.stderr.write(f"steps: {_steps}\n")
    sys.exit(_status)
