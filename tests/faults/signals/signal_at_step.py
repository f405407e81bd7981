"""Run `fsmond run ROOT`, and send this process a signal before a given step of its main thread.

    python signal_at_step.py STEP ROOT

A step is a line of Python, counted from the first one after the signals are handled.  At the end
the number of all steps is written to standard error.
"""

import signal
import sys
from types import FrameType
from typing import Any

from fsmond.cli import main
from fsmond.daemon import end_signals

_steps = 0


def _step(_: FrameType, event: str, __: Any) -> Any:
    global _steps  # noqa: PLW0603 - a trace function has no other place
    if event == "line":
        _steps += 1
        if _steps == int(sys.argv[1]):
            signal.raise_signal(signal.SIGTERM)
    return _step


class _Traced(end_signals.EndSignals):
    """Begins to count when the signals are handled."""

    def __init__(self, *, ignored_too: bool) -> None:
        super().__init__(ignored_too=ignored_too)
        sys.settrace(lambda *_: _step)
        sys._getframe(1).f_trace = _step


if __name__ == "__main__":
    end_signals.EndSignals = _Traced  # type: ignore[misc]
    _status = main.run(["run", sys.argv[2]])
    sys.settrace(None)
    sys.stderr.write(f"steps: {_steps}\n")
    sys.exit(_status)
