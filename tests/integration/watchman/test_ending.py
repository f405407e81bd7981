"""The server ends when it is told to."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.running import LONG, until
from support.watchman.client import WatchmanClient

if sys.platform == "win32":
    pytest.skip("signals are for Unix", allow_module_level=True)

# The kernel may deliver a signal to any thread; the program's handlers run on the main one.
_PROGRAM = """
import signal, sys, threading, time
from fsmond.watchman.serving.server import Server

server = Server(sys.argv[1], None)

def end():
    time.sleep(0.5)  # the server is waiting for clients by then
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=end, daemon=True).start()
server.run()
"""


def test_a_signal_to_another_thread_ends_the_server(tmp_path: Path) -> None:
    """Otherwise it would go on until the next client comes."""
    subprocess.run(
        [sys.executable, "-c", _PROGRAM, "./sock"], cwd=tmp_path, check=True, timeout=LONG
    )


# Its connections send late, so that the end could overtake what is to be sent.
_LATE = """
import sys, time
from fsmond.watchman.serving.connection import Connection
from fsmond.watchman.serving.server import Server

send = Connection._send

def late(*arguments):
    time.sleep(0.5)
    send(*arguments)

Connection._send = late
Server(sys.argv[1], None).run()
"""


def test_who_ends_the_server_has_a_response(tmp_path: Path) -> None:
    """Before the connections end."""
    with tempfile.TemporaryDirectory(prefix="fsmond-") as folder:
        path = Path(folder) / "sock"
        server = subprocess.Popen([sys.executable, "-c", _LATE, str(path)], cwd=tmp_path)
        until(path.exists)
        with WatchmanClient(path) as client:
            response = client.ask("shutdown-server")

        assert response["shutdown-server"] is True
        assert server.wait(LONG) == 0
