"""What a daemon is begun with, and what not."""

import subprocess
from pathlib import Path

from running import FSMOND, LONG


def test_a_daemon_takes_no_module_from_where_it_is_started(
    repository: Path, tmp_path: Path
) -> None:
    """There may be anything in a worktree."""
    for name in ("watchdog", "logging", "hashlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not this one')")

    done = subprocess.run(
        [*FSMOND, "start", repository],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
