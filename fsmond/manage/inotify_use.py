"""How many inotify watches and instances there may be, and who has them."""

import os
from typing import NamedTuple

_LIMITS = "/proc/sys/fs/inotify"
_OWN_LIMITS = "/proc/sys/user"  # of a user namespace; the lower one counts
_INSTANCE = "anon_inode:inotify"


class User(NamedTuple):
    """A process that has inotify instances."""

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


def current_use(proc: str = "/proc") -> Use:
    """Return what is in use by this user's processes now."""
    own, users = os.stat(f"{proc}/self").st_uid, []
    for name in filter(str.isdigit, os.listdir(proc)):
        folder = os.path.join(proc, name)
        try:
            if os.stat(folder).st_uid == own and (user := _user(folder, int(name))):
                users.append(user)
        except OSError:
            continue  # it has ended, or may not be looked at
    users.sort(key=lambda each: (-each.watches, -each.instances, each.pid))
    return Use(_limit("watches"), _limit("instances"), users)


def _user(folder: str, pid: int) -> User | None:
    instances = watches = 0
    for number in os.listdir(f"{folder}/fd"):
        try:
            if os.readlink(f"{folder}/fd/{number}") == _INSTANCE:
                instances += 1
                watches += _watches(f"{folder}/fdinfo/{number}")
        except OSError:
            continue  # it was closed
    if not instances:
        return None
    with open(f"{folder}/comm", "rb") as file:
        return User(pid, os.fsdecode(file.read().strip()), instances, watches)


def _watches(path: str) -> int:
    with open(path, "rb") as file:
        return sum(line.startswith(b"inotify wd:") for line in file)


def _limit(what: str) -> int | None:
    found = [
        _number(f"{_LIMITS}/max_user_{what}"),
        _number(f"{_OWN_LIMITS}/max_inotify_{what}"),
    ]
    known = [each for each in found if each is not None]
    return min(known, default=None)


def _number(path: str) -> int | None:
    try:
        with open(path, "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None
