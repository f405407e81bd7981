"""Whether a process is running."""

import sys

if sys.platform == "win32":
    from fsmond.process import alive_windows as system
else:
    from fsmond.process import alive_unix as system

prevent_pid_reuse = system.prevent_pid_reuse


def is_running(pid: object) -> bool:
    """Return whether the process is running; a zombie is not."""
    return isinstance(pid, int) and system.is_alive(pid)
