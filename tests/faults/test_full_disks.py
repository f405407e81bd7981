"""The output cannot be written."""

import os
import subprocess
from pathlib import Path

import pytest
from support.running import FSMOND, LONG, fsmond, make_repository, no_daemon_left

FULL = "/dev/full"

pytestmark = pytest.mark.skipif(not os.path.exists(FULL), reason=f"needs {FULL}")


@pytest.mark.parametrize("words", ["query", "status --json", "hook 2 token"])
def test_the_error_is_one_line(tmp_path: Path, words: str) -> None:
    """Without an error, an empty file would be taken for an answer."""
    make_repository(tmp_path)
    with no_daemon_left(tmp_path):
        fsmond("start", tmp_path)
        with open(FULL, "wb") as full:
            done = subprocess.run(
                [*FSMOND, *words.split()],
                cwd=tmp_path,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=LONG,
                check=False,
            )

    assert done.returncode == 1
    assert done.stderr == "fsmond: No space left on device\n"
