"""Start processes under Wine: Python runs this first, where this folder is on its path.

Of some thousand processes that Wine 8.0 is to start, one fails with ERROR_INTERNAL_ERROR; the next
try does not.  A process that a test starts may be to start one itself, so each has to know.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "win32"

import _winapi
from typing import Any

_INTERNAL_ERROR = 1359
_TRIES = 5

_create_process = _winapi.CreateProcess


def _created(*arguments: Any) -> tuple[int, int, int, int]:
    for _ in range(_TRIES):
        try:
            return _create_process(*arguments)
        except OSError as error:
            if error.winerror != _INTERNAL_ERROR:
                raise
    return _create_process(*arguments)


_winapi.CreateProcess = _created
