"""A daemon that is asked to quit does so, whoever waits for it."""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import until
from unit.daemon.fake_watcher import FakeWatcher

import ipc
from fsmond.daemon import process
from fsmond.daemon.health import Health
from fsmond.daemon.logs import Log
from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests
from fsmond.rendezvous import Place


class NeverDone(FakeWatcher):
    """A watcher that does not come to an end with covering the tree."""

    def start(self) -> None:
        """Begin, and no more."""


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Monitor]:
    """Return one whose tree is not compared, however long one waits."""
    monitor = Monitor(os.fsencode(tmp_path), NeverDone)
    monitor.start()
    yield monitor
    monitor.stop()


def test_who_waits_for_a_comparison_is_answered_when_the_daemon_quits(
    tmp_path: Path, monitor: Monitor
) -> None:
    """It may take ten minutes; nobody could stop the daemon meanwhile."""
    path, answers = tmp_path / "s", list[bytes]()
    root = os.fsencode(tmp_path)
    verify = b'{"command": "verify"}'
    with ipc.Server(path, Requests(monitor, {})) as server:
        waiting = threading.Thread(target=lambda: answers.append(ipc.send_command(path, verify)))
        waiting.start()
        until(lambda: monitor.keeper._verifications.is_wanted)
        began = time.monotonic()
        ipc.send_command(path, b"quit")
        process._wait(server, monitor, Health(Place(root, b"", None)), Log(root))
        assert server.wait(10)
        waiting.join()

    assert time.monotonic() - began < 10
    assert json.loads(answers[0])["error"].endswith("not done: the daemon is ending")
