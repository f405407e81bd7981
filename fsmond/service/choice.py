"""The manager of services of this system."""

import sys
from collections.abc import Sequence

from fsmond.service.contract import Manager, ServiceError


def manager_for_platform(command: Sequence[str]) -> Manager:
    """Return it; `command`: what runs fsmond, as words.  Raise ServiceError if there is none."""
    if sys.platform == "linux":
        from fsmond.service.systemd import Systemd

        return Systemd(command)
    if sys.platform == "darwin":
        from fsmond.service.launchd import Launchd

        return Launchd(command)
    if sys.platform == "win32":
        from fsmond.service.task_scheduler import TaskScheduler

        return TaskScheduler(command)
    raise ServiceError(f"fsmond knows no manager of services on {sys.platform}")
