"""The server goes on when it reaches a limit."""

import sys
import tempfile
import threading
from pathlib import Path

import pytest
from support.running import LONG

if sys.platform == "win32":
    pytest.skip("there are no such limits", allow_module_level=True)

import resource

from fsmond.watchman.serving.listening import Channel, Listener, connect


def test_without_descriptors_clients_wait() -> None:
    """And are served when there are some again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    accepted: list[Channel | None] = []
    with tempfile.TemporaryDirectory(prefix="fsmond-") as folder:
        path = str(Path(folder, "sock"))
        listener = Listener(path)
        client = connect(path, LONG)
        thread = threading.Thread(target=lambda: accepted.append(listener.accept()))
        resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno() + 1, hard))
        try:
            thread.start()
            thread.join(0.3)
            assert thread.is_alive()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        thread.join(LONG)

        (channel,) = accepted
        assert channel is not None
        channel.close()
        client.close()
        listener.close()
