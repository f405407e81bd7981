"""Where paths are: prefixes are paths of directories, with a `/` behind; nothing for the root."""

from collections.abc import Collection, Iterable


def directory_of(path: bytes) -> bytes:
    """Return the prefix of the directory that holds a path."""
    return path[: path.rfind(b"/", 0, -1) + 1]


def directories_of(paths: Iterable[bytes]) -> Iterable[bytes]:
    """Return the prefixes of the directories in which these are, and that these are."""
    holding = dict.fromkeys(map(directory_of, paths))
    return holding | dict.fromkeys(path for path in paths if path.endswith(b"/"))


def is_within(prefix: bytes, tops: Collection[bytes]) -> bool:
    """Say whether a directory is one of these, or below one."""
    while prefix not in tops:
        if not prefix:
            return False
        prefix = directory_of(prefix)
    return True
