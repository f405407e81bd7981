"""What is in an open directory."""

import os


def contents(path: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the names of the directories in a directory, and those of all else."""
    directories: list[bytes] = []
    others: list[bytes] = []
    with os.scandir(path) as entries:
        for each in entries:
            (directories if each.is_dir(follow_symlinks=False) else others).append(each.name)
    return directories, others
