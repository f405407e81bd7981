"""Watchman's clients reach the server by a named pipe on Windows."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from support.running import LONG, until

from fsmond.watchman.serving.listening import as_file, connect, is_listening

PROGRAM = "import sys; from fsmond.watchman.program import main; sys.exit(main(sys.argv[1:]))"
pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="only Windows has named pipes")


def test_a_client_asks_and_is_told_by_a_pipe(root: Path) -> None:
    """At the same time, by one connection; the server ends when it is asked to."""
    pipe = rf"\\.\pipe\fsmond-test-{os.getpid()}"
    server = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--foreground", f"--named-pipe-path={pipe}", "-n"]
    )
    try:
        until(lambda: is_listening(pipe))
        channel = connect(pipe, LONG)
        with as_file(channel, None) as file:

            def ask(*command: object) -> dict[str, Any]:
                file.write(json.dumps(command).encode() + b"\n")
                file.flush()
                found: dict[str, Any] = json.loads(file.readline())
                return found

            assert ask("watch", str(root))["watch"] == str(root)
            found = ask("query", str(root), {"fields": ["name"], "suffix": "js"})
            assert sorted(found["files"]) == ["b.js", "sub/c.js"]
            assert ask("subscribe", str(root), "sub", {"fields": ["name"]})["subscribe"] == "sub"
            assert json.loads(file.readline())["is_fresh_instance"]
            threading.Timer(0.2, (root / "a.txt").write_text, ["changed"]).start()
            assert "a.txt" in json.loads(file.readline())["files"]
            assert ask("shutdown-server")["shutdown-server"]
        channel.close()
        assert server.wait(LONG) == 0
    finally:
        server.kill()
        server.wait(LONG)
