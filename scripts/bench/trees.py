"""The trees that are measured."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

FILES_IN_EACH = 9  # of the directories that `grow` makes
_FAN = 100  # directories in a directory


class Shape(NamedTuple):
    """The size of a tree: ten times ten directories, with `leaves` directories in each."""

    leaves: int
    in_each: int
    """Files in each directory of the second level."""
    in_leaf: int = 9

    @property
    def files(self) -> int:
        """The number of files."""
        return 100 * (self.in_each + self.leaves * self.in_leaf)

    @property
    def directories(self) -> int:
        """The number of directories, without the root."""
        return 10 + 100 + 100 * self.leaves

    def __str__(self) -> str:
        return f"{self.files:,} files in {self.directories:,} directories"


FULL = Shape(leaves=109, in_each=19)  # 100,000 files in 11,010 directories, as in the design
QUICK = Shape(leaves=10, in_each=10)  # a tenth of it


def make(root: Path, shape: Shape, git: str, environment: Mapping[str, str]) -> list[str]:
    """Make a repository with empty, untracked files; return their paths."""
    made = []
    for middle in [f"{upper}/{lower}" for upper in range(10) for lower in range(10)]:
        made += _fill(root / middle, shape.in_each)
        for leaf in range(shape.leaves):
            made += _fill(root / middle / str(leaf), shape.in_leaf)
    subprocess.run([git, "init", "--quiet", root], env=environment, check=True)
    return made


def grow(root: Path, made: int, size: int) -> None:
    """Add directories from number `made` to `size`: a hundred in each, with files in all."""
    for number in range(made, size):
        directory = _directory(root, number)
        directory.mkdir()
        for each in range(FILES_IN_EACH):
            os.mknod(directory / f"f{each}")


def file_of(root: Path, number: int) -> Path:
    """Return one of the files that `grow` made, by its number from 0."""
    return _directory(root, number // FILES_IN_EACH) / f"f{number % FILES_IN_EACH}"


def _directory(root: Path, number: int) -> Path:
    digits = []
    while number >= _FAN:
        number, last = divmod(number, _FAN)
        digits.append(str(last))
    return root.joinpath(str(number), *(f"d{each}" for each in reversed(digits)))


def _fill(directory: Path, count: int) -> list[str]:
    directory.mkdir(parents=True)
    paths = [f"{directory}/f{number}" for number in range(count)]
    for path in paths:
        os.mknod(path)
    return paths
