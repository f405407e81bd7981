"""A daemon quits when asked to, even while clients wait for a comparison."""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake_watcher import FakeWatcher
from support.running import until

import ipc
from fsmond.daemon import lifecycle
from fsmond.daemon.health import Health, Idleness
from fsmond.daemon.log.logs import Log
from fsmond.daemon.requests import Requests
from fsmond.monitor.monitor import Monitor
from fsmond.presence.notes import Note
from fsmond.rendezvous import Place


class NeverDone(FakeWatcher):
    """A watcher that never finishes covering the tree."""

    def start(self) -> None:
        """Do nothing."""


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Monitor]:
    """Return a monitor that never compares its tree."""
    monitor = Monitor(os.fsencode(tmp_path), NeverDone)
    monitor.start()
    yield monitor
    monitor.stop()


def test_a_client_verification_is_answered_when_the_daemon_quits(
    tmp_path: Path, monitor: Monitor
) -> None:
    """It may wait ten minutes; until then, no one could stop the daemon."""
    path, answers = tmp_path / "s", list[bytes]()
    root = os.fsencode(tmp_path)
    verify = b'{"command": "verify"}'
    requests = Requests(monitor, {})
    with ipc.Server(path, requests) as server:
        client = threading.Thread(target=lambda: answers.append(ipc.send_command(path, verify)))
        client.start()
        until(lambda: monitor.index_worker._verifications.is_requested)
        began = time.monotonic()
        ipc.send_command(path, b"quit")
        place = Place(root, os.fsencode(path), None)
        parts = lifecycle._Parts(
            monitor, requests, Health(place), Log(root), Note(place), Idleness(place, 0)
        )
        lifecycle._tick_until_end(server, parts)
        assert server.wait(10)
        client.join()

    assert time.monotonic() - began < 10
    assert json.loads(answers[0])["error"].endswith("not done: the daemon is ending")
