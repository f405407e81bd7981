"""How much inotify and fanotify let a user watch, and which programs do.

See inotify(7), fanotify(7) and, for what is counted, proc_pid_fdinfo(5).
"""

import os
from typing import NamedTuple

_LIMITS = "/proc/sys/fs"
_OWN_LIMITS = "/proc/sys/user"  # of a user namespace; the lower one counts


class Facility(NamedTuple):
    """A part of the kernel that reports events."""

    name: str
    instances: str
    """Its word for what a program opens."""
    watches: str
    """Its word for what reports a directory."""
    link: str
    """What an open instance is called in /proc."""
    lines: tuple[bytes, ...]
    """How each line begins that tells a watch of it there."""


INOTIFY = Facility(
    "inotify", "instances", "watches", link="anon_inode:inotify", lines=(b"inotify wd:",)
)
FANOTIFY = Facility(
    "fanotify",
    "groups",
    "marks",
    link="anon_inode:[fanotify]",
    lines=(b"fanotify ino:", b"fanotify mnt_id:", b"fanotify sdev:"),
)


class User(NamedTuple):
    """A process that has instances of a facility."""

    pid: int
    name: str
    instances: int
    watches: int


class Use(NamedTuple):
    """What this user's processes use, as far as they may be looked at."""

    max_watches: int | None
    max_instances: int | None
    users: list[User]
    """Those with the most watches first."""

    @property
    def watches(self) -> int:
        """How many are in use."""
        return sum(each.watches for each in self.users)

    @property
    def instances(self) -> int:
        """How many are in use."""
        return sum(each.instances for each in self.users)


def current_use(facility: Facility, proc: str = "/proc") -> Use:
    """Return what is in use by this user's processes now."""
    own, users = os.stat(f"{proc}/self").st_uid, []
    for name in filter(str.isdigit, os.listdir(proc)):
        folder = os.path.join(proc, name)
        try:
            if os.stat(folder).st_uid == own and (user := _user(facility, folder, int(name))):
                users.append(user)
        except OSError:
            continue  # it has ended, or may not be looked at
    users.sort(key=lambda each: (-each.watches, -each.instances, each.pid))
    return Use(_limit(facility, facility.watches), _limit(facility, facility.instances), users)


def _user(facility: Facility, folder: str, pid: int) -> User | None:
    instances = watches = 0
    for number in os.listdir(f"{folder}/fd"):
        try:
            if os.readlink(f"{folder}/fd/{number}") == facility.link:
                instances += 1
                watches += _watches(facility, f"{folder}/fdinfo/{number}")
        except OSError:
            continue  # it was closed
    if not instances:
        return None
    with open(f"{folder}/comm", "rb") as file:
        return User(pid, os.fsdecode(file.read().strip()), instances, watches)


def _watches(facility: Facility, path: str) -> int:
    with open(path, "rb") as file:
        return sum(line.startswith(facility.lines) for line in file)


def _limit(facility: Facility, what: str) -> int | None:
    found = [
        _number(f"{_LIMITS}/{facility.name}/max_user_{what}"),
        _number(f"{_OWN_LIMITS}/max_{facility.name}_{what}"),
    ]
    known = [each for each in found if each is not None]
    return min(known, default=None)


def _number(path: str) -> int | None:
    try:
        with open(path, "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None
