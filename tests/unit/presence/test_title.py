"""By its title a daemon is recognized before it is killed."""

import os
import subprocess
import sys

import pytest

from fsmond.presence import title


def test_a_title_names_the_tree() -> None:
    """After what such a daemon is called by; bytes that are no text are escaped."""
    assert title.title_of(b"/a tree") == b"fsmond run --detached /a tree"
    if os.name != "nt":  # names are text there
        assert title.title_of(b"/caf\xe9") == b"fsmond run --detached /caf\\udce9"


PROGRAM = """
import sys
from fsmond.presence.title import show_tree
show_tree(b"/" + b"a" * int(sys.argv[1]))
print(open("/proc/self/cmdline").read())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("length", [10, 100_000])
def test_a_title_is_shown_as_a_whole_or_not_at_all(length: int) -> None:
    """A part of it could be that of a tree above."""
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(length)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.partition("\0")[0]

    assert (shown == f"fsmond run --detached /{'a' * length}") is (length < 1000)
    assert shown.startswith("fsmond run") is (length < 1000)
