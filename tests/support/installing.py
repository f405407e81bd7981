"""The state of a repository before and after `fsmond install`."""

import subprocess
from pathlib import Path

from support.running import git, status

SETTINGS = ("core.fsmonitor", "core.untrackedCache", "core.fsmonitorHookVersion")


def git_has_client() -> bool:
    """Return whether the git in PATH has a client for fsmonitor daemons."""
    return "feature: fsmonitor--daemon" in git(Path(), "version", "--build-options")


def value(root: Path, name: str) -> str | None:
    """Return a setting as Git reads it; None if it is not set."""
    done = subprocess.run(
        ["git", "config", name], cwd=root, capture_output=True, text=True, check=False
    )
    return done.stdout.rstrip("\n") if done.returncode == 0 else None


def values(root: Path) -> list[str | None]:
    """Return all settings that an installation may change."""
    return [value(root, name) for name in SETTINGS]


def asks_fsmond(root: Path) -> bool:
    """Return whether Git asks fsmond, and gets exact answers."""
    git(root, "status")
    git(root, "status")
    before = status(root)
    (root / "new").touch()
    assert git(root, "status", "--porcelain") == "?? new\n"
    (root / "new").unlink()
    after = status(root)
    return bool(
        after["queries"] == before["queries"] + 1 and after["everything"] == before["everything"]
    )


def traces(root: Path) -> dict[str, bytes]:
    """Return the git directory's files; of the index, which Git rewrites, only its extensions.

    Without the stored history, which the daemon may write at any time.
    """
    found = {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else b"no file"
        for path in (root / ".git").rglob("*")
        if path.name != "index" and root / ".git" / "fsmond" not in (path, path.parent)
    }
    index = (root / ".git" / "index").read_bytes()
    return found | {mark: b"" for mark in ("FSMN", "UNTR") if mark.encode() in index}
