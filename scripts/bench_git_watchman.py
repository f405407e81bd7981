"""Watchman, and the hook by which git's templates have it asked."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench_daemons import MeasurementError, running
from bench_git_status import call
from bench_watchman import Watchman, socket_of

HOOK = ".git/hooks/fsmonitor-watchman"
_SAMPLE = f"{HOOK}.sample"


def why_absent(git: str, probe: Path, environment: Mapping[str, str]) -> str:
    """Return why it can't be measured, and what helps; nothing if it can.  Makes `probe`."""
    if not shutil.which("watchman", path=environment["PATH"]):
        return "there is no `watchman`; try: apt-get install watchman"
    try:
        call(["perl", "-MIPC::Open2", "-MJSON::PP", "-e", "1"], environment)
    except (OSError, MeasurementError):
        return "git's hook needs perl with JSON::PP; try: apt-get install perl"
    call([git, "init", "--quiet", str(probe)], environment)
    if not (probe / _SAMPLE).exists():
        return f"the templates of {git} lack its hook; let GIT_TEMPLATE_DIR name others"
    place = socket_of(environment)
    if not place.is_relative_to(environment["TMPDIR"]):
        return f"it insists on {place}, where it may serve others"
    return ""


@contextmanager
def watching(root: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Have a server of our own watch a worktree, and the hook for git in its place."""
    shutil.copy(root / _SAMPLE, root / HOOK)
    (root / HOOK).chmod(0o755)
    with running(Watchman(root, Path(environment["TMPDIR"]), dict(environment))):
        yield
