"""Servers that speak Watchman's protocol, for clients to use."""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from support.clients.driving import Environment, end_group, run
from support.running import fsmond, skip_missing, until
from support.watchman.locking import only_server

UNSEEN = ["store_by_map", "hard_link"]
"""Random changes that Watchman does not see, or only by one of a file's names."""


@contextmanager
def fsmond_serving() -> Iterator[Environment]:
    """Give an environment in which clients find fsmond's server.

    A user has one server, so tests that run at the same time take turns.
    """
    with only_server():
        env = _evaluated(_fsmond_watchman("env"))
        if _accepts(env["WATCHMAN_SOCK"]):
            skip_missing("needs to run a server: end yours by `fsmond watchman stop`")
        _fsmond_watchman("start")
        try:
            until(lambda: _accepts(env["WATCHMAN_SOCK"]))
            yield env
        finally:
            roots = watched_roots(env)
            _fsmond_watchman("stop")
            until(lambda: not _accepts(env["WATCHMAN_SOCK"]))
            for root in roots:
                fsmond("stop", root)  # the daemons that watch for the server
            shutil.rmtree(Path(env["WATCHMAN_SOCK"]).parent)


def _fsmond_watchman(command: str) -> str:
    done = fsmond("watchman", command)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def watchman_serving(program: str, folder: Path) -> Iterator[Environment]:
    """Give an environment in which clients find this program of Watchman, with state in a folder.

    The clients' `watchman` names the socket: that of Watchman 4.9 does not heed the variable.
    """
    path = folder / "socket"
    places = [f"--sockname={path}", f"--statefile={folder / 'state'}"]
    (folder / "bin").mkdir()
    command = folder / "bin" / "watchman"
    command.write_text(f'#!/bin/sh\nexec {shlex.join([program, *places, "--no-spawn"])} "$@"\n')
    command.chmod(0o755)
    files = [f"--logfile={folder / 'log'}", f"--pidfile={folder / 'pid'}"]
    server = subprocess.Popen([program, "--foreground", *places, *files], start_new_session=True)
    try:
        until(lambda: _accepts(str(path)))
        search = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
        yield {**os.environ, "PATH": search, "WATCHMAN_SOCK": str(path)}
    finally:
        end_group(server)


def unnamed(env: Environment) -> Environment:
    """Return an environment as most people have it, in which clients run `watchman` to ask."""
    return {name: value for name, value in env.items() if name != "WATCHMAN_SOCK"}


def watched_roots(env: Environment) -> list[str]:
    """Return the roots that the server watches: empty if a client did without it."""
    listed = run(["watchman", "watch-list"], cwd=Path("/"), env=env)
    return list(json.loads(listed)["roots"])


def _evaluated(commands: str) -> Environment:
    """Return the environment after commands of a shell."""
    done = subprocess.run(
        ["sh", "-c", f"{commands}\nenv -0"], capture_output=True, text=True, check=True, timeout=10
    )
    pairs = (line.partition("=") for line in done.stdout.split("\0") if line)
    return {name: value for name, _, value in pairs}


def _accepts(path: str) -> bool:
    """Return whether a server accepts connections there."""
    if sys.platform == "win32":
        return False
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        return connection.connect_ex(path) == 0
