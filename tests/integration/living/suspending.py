"""Suspend a daemon, as a debugger does."""

import os
import signal

from support.running import until

from fsmond.diagnosis import is_stopped

KILL, STOP = (getattr(signal, name, 0) for name in ("SIGKILL", "SIGSTOP"))


def suspend(pid: int) -> None:
    """Suspend a process, and wait until it is: its threads stop one by one."""
    os.kill(pid, STOP)
    until(lambda: is_stopped(pid))
