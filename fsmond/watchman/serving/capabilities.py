"""What this server can do, by the names that clients ask for."""

import sys
from collections.abc import Iterable

from fsmond.watchman.query import fields, terms

VERSION = "4.9.0"
"""Of Watchman, whose protocol is spoken; clients ask for capabilities instead."""
WATCHER = {"linux": "inotify", "darwin": "fsevents", "win32": "win32"}.get(sys.platform, "scan")
"""Where fsmond's events come from, by Watchman's names; clients know what to expect of them."""
_FEATURES = (
    *("bser-v2", "clock-sync-timeout", "dedup_results", "glob_generator", "relative_root"),
    *("suffix-set", "wildmatch", "wildmatch-multislash"),
)


def all_of(commands: Iterable[str]) -> list[str]:
    """Return all names."""
    return sorted(
        [
            *_FEATURES,
            *(f"cmd-{name}" for name in commands),
            *(f"field-{name}" for name in fields.names()),
            *(f"term-{name}" for name in terms.names()),
        ]
    )
