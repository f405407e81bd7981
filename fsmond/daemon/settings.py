"""The daemon's settings, from the environment of the process that starts it, which may be Git."""

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple, Self, cast, get_args

from fsmond.errors import StartError
from fsmond.watching.choice import How

Switch = Literal["on", "off"]

WATCH = "FSMOND_WATCH"
VERIFY_EVERY = "FSMOND_VERIFY_EVERY"
HISTORY = "FSMOND_HISTORY"
IDLE_TIMEOUT = "FSMOND_IDLE_TIMEOUT"
_IDLE_TIMEOUT = 3 * 3600


class Settings(NamedTuple):
    """The settings that people can choose."""

    watch: How = "auto"
    """By events, by scanning, or as the file system requires."""
    verify_every: int = 0
    """Number of queries after which the tree is compared with what events reported; 0: never."""
    history: Switch = "on"
    """Whether the history is stored, so that tokens outlive the daemon."""
    idle_timeout: int = _IDLE_TIMEOUT
    """Seconds without a client after which the daemon ends; 0: never."""

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read them from an environment; raise StartError if one is invalid."""
        watch = environment.get(WATCH) or "auto"
        if watch not in get_args(How):
            raise StartError(f"{WATCH} is {watch!r}; it must be one of {', '.join(get_args(How))}")
        number = environment.get(VERIFY_EVERY) or "0"
        if not (number.isascii() and number.isdigit()):
            raise StartError(f"{VERIFY_EVERY} is {number!r}; it must be a number of queries, or 0")
        history = environment.get(HISTORY) or "on"
        if history not in get_args(Switch):
            raise StartError(f"{HISTORY} is {history!r}; it must be on or off")
        idle = environment.get(IDLE_TIMEOUT) or str(_IDLE_TIMEOUT)
        if not (idle.isascii() and idle.isdigit()):
            raise StartError(f"{IDLE_TIMEOUT} is {idle!r}; it must be a number of seconds, or 0")
        return cls(cast(How, watch), int(number), cast(Switch, history), int(idle))
