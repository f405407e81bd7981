"""Decide what a wheel has besides the packages; all else is in pyproject.toml.

On Windows a script needs a suffix, so the wheel for it has one more.  To build that one elsewhere:

    FSMOND_WHEEL=windows python -m build --wheel
"""

import os
import sys

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel

IS_FOR_WINDOWS = os.environ.get("FSMOND_WHEEL", sys.platform) in ("win32", "windows")


class BdistWheel(bdist_wheel):
    """Name a wheel for Windows as such: pip takes it there instead of the general one."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return the tags for the Python, the binary interface and the platform."""
        python, abi, platform = super().get_tag()
        return python, abi, "win32.win_amd64.win_arm64" if IS_FOR_WINDOWS else platform


setup(
    # Not an entry point: the script that pip generates for one may import `re`, which costs 5 ms,
    # as much as all else that `fsmond query` does.  Which Python the second one is for is known to
    # the first one only.
    scripts=["scripts/fsmond", *(["scripts/fsmond.cmd"] if IS_FOR_WINDOWS else [])],
    data_files=[("share/man/man1", ["docs/man/fsmond.1"])],
    cmdclass={"bdist_wheel": BdistWheel},
)
