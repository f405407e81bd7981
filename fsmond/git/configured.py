"""Which directory a git directory's own configuration names as its worktree."""

import os

from fsmond.git.worktree import opener

_DIFFICULT = b'"\\#;\t'  # in a value: what Git shall read itself; gits differ about tabs


def worktree_in(file: bytes, text: bytes) -> bytes | None:
    """Return the value of `core.worktree` in a configuration file that holds this text."""
    section, value = b"", None
    for line in map(bytes.strip, text.splitlines()):
        if line.startswith(b"["):
            section = line.lower()
            if section.startswith(b"[core") and section != b"[core]":
                return _asked(file, "core.worktree")
        elif section == b"[core]" and not line.startswith((b"#", b";")):
            key, _, found = line.partition(b"=")
            if line.endswith(b"\\"):
                return _asked(file, "core.worktree")
            if key.strip().lower() == b"worktree":
                value = found.strip()
                if any(byte in value for byte in _DIFFICULT):
                    return _asked(file, "core.worktree")
    return value or None


def has_own_settings(gitdir: bytes) -> bool:
    """Say whether `config.worktree` counts, by the extension that the repository has for it."""
    try:
        with open(os.path.join(gitdir, b"commondir"), "rb", opener=opener) as file:
            common = os.path.join(gitdir, file.read().rstrip(b"\r\n"))
    except OSError:
        common = gitdir
    return _asked(os.path.join(common, b"config"), "--bool", "extensions.worktreeConfig") == b"true"


def _asked(file: bytes, *what: str) -> bytes | None:
    from fsmond.git.program import GitError, git  # slow to import, and seldom needed

    try:
        return git("config", "--file", os.fsdecode(file), *what) or None
    except GitError:
        return None
