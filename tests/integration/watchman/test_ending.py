"""The server ends when it is told to."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.running import LONG

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
