"""How a daemon is to work: by the environment of whoever starts it, be it Git."""

import os
from collections.abc import Mapping
from typing import NamedTuple, Self, cast, get_args

from fsmond.errors import StartError
from fsmond.watching.choice import How

WATCH = "FSMOND_WATCH"
VERIFY_EVERY = "FSMOND_VERIFY_EVERY"


class Settings(NamedTuple):
    """What people can choose."""

    watch: How = "auto"
    """By events, by scanning, or as the file system needs it."""
    verify_every: int = 0
    """Queries after which the tree is compared with what events told; 0 for never."""

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read them; raise StartError if one makes no sense."""
        watch = environment.get(WATCH) or "auto"
        if watch not in get_args(How):
            raise StartError(f"{WATCH} is {watch!r}; it may be {', '.join(get_args(How))}")
        number = environment.get(VERIFY_EVERY) or "0"
        if not (number.isascii() and number.isdigit()):
            raise StartError(f"{VERIFY_EVERY} is {number!r}; it may be a number of queries, or 0")
        return cls(cast(How, watch), int(number))
