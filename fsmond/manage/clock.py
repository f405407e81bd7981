"""Whether the clock can be trusted: files are compared by their times as well."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator

from fsmond.manage.findings import Finding
from fsmond.rendezvous import Place
from fsmond.results import Status

_TOLERANCE = 2.0  # seconds; some file systems store no more
_ADVICE = "set the clock, and keep it set: timedatectl set-ntp true"


def clock_findings(place: Place, _: Status | None) -> Iterator[Finding]:
    """Compare the system's clock with the file system's, and with the newest times there."""
    # Nothing is written in the tree: clients would be told.
    ahead = None if place.worktree is None else _ahead(place.worktree.gitdir)
    if ahead is not None and abs(ahead) > _TOLERANCE:
        which = "ahead of" if ahead > 0 else "behind"
        message = f"the file system's clock is {abs(ahead):.0f} s {which} this machine's"
        yield Finding("clock", "problem", message, _ADVICE)
        return
    newest = _newest(place)
    if newest > time.time() + _TOLERANCE:
        message = f"files have times {newest - time.time():.0f} s in the future: it was set back"
        yield Finding("clock", "problem", message, _ADVICE)
    else:
        yield Finding("clock", "ok", "agrees with the times of files")


def _ahead(folder: bytes) -> float | None:
    """Return by how many seconds a new file is newer than now; None if there can be none."""
    with contextlib.suppress(OSError):
        before = time.time()
        with tempfile.NamedTemporaryFile(dir=os.fsdecode(folder), prefix=".fsmond-") as file:
            stamp = os.stat(file.name).st_mtime
        after = time.time()
        return stamp - after if stamp > after else min(0.0, stamp - before)
    return None


def _newest(place: Place) -> float:
    """Return the newest time of what is often changed: the root, the history, Git's index."""
    paths = [place.root]
    if place.worktree is not None:
        gitdir = place.worktree.gitdir
        paths += [gitdir, os.path.join(gitdir, b"index"), os.path.join(gitdir, b"fsmond")]
    newest = 0.0
    for path in paths:
        with contextlib.suppress(OSError):
            newest = max(newest, os.lstat(path).st_ctime)
    return newest
