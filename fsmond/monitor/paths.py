"""Relations of paths; a prefix is a directory's path that ends in `/`, empty for the root."""

from collections.abc import Collection, Iterable


def directory_of(path: bytes) -> bytes:
    """Return the prefix of the directory that contains a path."""
    return path[: path.rfind(b"/", 0, -1) + 1]


def directories_of(paths: Iterable[bytes]) -> Iterable[bytes]:
    """Return the prefixes of the directories that contain these paths, or that these are."""
    holding = dict.fromkeys(map(directory_of, paths))
    return holding | dict.fromkeys(path for path in paths if path.endswith(b"/"))


def is_within(prefix: bytes, tops: Collection[bytes]) -> bool:
    """Return whether a directory is one of these, or below one."""
    while prefix not in tops:
        if not prefix:
            return False
        prefix = directory_of(prefix)
    return True
