"""Watchman, and the hook by which git's templates have it asked."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from bench_daemons import MeasurementError
from bench_git_status import call

HOOK = ".git/hooks/fsmonitor-watchman"
_SAMPLE = f"{HOOK}.sample"
_ALONE = ("watchman", "--no-spawn")  # a second server would be nobody's to stop
_PATIENCE = 10.0  # seconds for it to come, or to go
_NAP = 0.005  # seconds between two looks whether it did


def environment_of(scratch: Path) -> dict[str, str]:
    """Return what makes Watchman keep its socket and its state there, and not where a user does.

    Which of them it heeds depends on the version; its client has no other way to be told.
    """
    configuration = scratch / "watchman.json"
    configuration.write_text("{}", encoding="ascii")
    return {
        "TMPDIR": str(scratch),
        "XDG_STATE_HOME": str(scratch / "state"),
        "USER": "bench",  # part of the name of the directory
        "WATCHMAN_CONFIG_FILE": str(configuration),
    }


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
    place = _socket(environment)
    if not place.is_relative_to(environment["TMPDIR"]):
        return f"it insists on {place}, where it may serve others"
    return ""


def described(environment: Mapping[str, str]) -> str:
    """Return what the figures depend on."""
    try:
        call(["perl", "-MJSON::XS", "-e", "1"], environment)
        decoder = "JSON::XS"
    except MeasurementError:
        decoder = "JSON::PP; its hook would be faster with JSON::XS (libjson-xs-perl)"
    return f"{call(['watchman', '--version'], environment).strip()}, perl with {decoder}"


@contextmanager
def watching(root: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Have a server of our own watch a worktree, and the hook for git in its place."""
    shutil.copy(root / _SAMPLE, root / HOOK)
    (root / HOOK).chmod(0o755)
    nowhere = subprocess.DEVNULL
    server = subprocess.Popen(
        ["watchman", "--foreground", "--no-save-state"],
        env=environment,
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
        start_new_session=True,  # Ctrl-C is for us
    )
    try:
        _await_socket(server, _socket(environment))
        call([*_ALONE, "watch", str(root)], environment)
        yield
    finally:
        with suppress(MeasurementError):  # it did not come so far
            call([*_ALONE, "shutdown-server"], environment)
        _await_end(server)


def _socket(environment: Mapping[str, str]) -> Path:
    told = json.loads(call([*_ALONE, "get-sockname"], environment))
    return Path(told.get("unix_domain") or told["sockname"])  # newer ones tell both


def _await_socket(server: subprocess.Popen[bytes], path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        with socket.socket(socket.AF_UNIX) as stream, suppress(OSError):
            stream.connect(str(path))
            return
        if server.poll() is not None or time.monotonic() > deadline:
            raise MeasurementError(f"Watchman does not serve {path}")
        time.sleep(_NAP)


def _await_end(server: subprocess.Popen[bytes]) -> None:
    try:
        server.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
