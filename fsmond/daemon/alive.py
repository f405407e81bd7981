"""Whether a process still runs."""

import sys

if sys.platform == "win32":
    from fsmond.daemon import alive_windows as system
else:
    from fsmond.daemon import alive_unix as system

kept = system.kept


def lives(pid: object) -> bool:
    """Say whether the process still runs; one that ended, but was not yet reaped, does not."""
    return isinstance(pid, int) and system.is_alive(pid)
