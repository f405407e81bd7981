"""Follow a tree by a subscription while it changes at random; nothing may be missed."""

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fuzz.kinds import KindCheck
from support.running import LONG, fsmond, no_daemon_left, status, until
from support.systems import IS_WINDOWS
from support.trees import truth
from support.trees.random_changes import RandomChanges

from fsmond.client import Client
from fsmond.errors import DaemonEndedError, Error
from fsmond.monitor.kinds import Change, ChangeKind
from fsmond.protocol import Answer

ROUNDS = 15
WRITER = Path(__file__).parents[2] / "fuzz" / "writer.py"
pytestmark = pytest.mark.skipif(IS_WINDOWS, reason="Wine lacks events of renamed directories")


class Follower:
    """Keeps what a subscription tells; goes on from its last token when the daemon ends."""

    def __init__(self, root: Path) -> None:
        self.answers: list[Answer] = []
        self._client = Client(root)
        self._token = self._client.query(kinds=True).token
        self._is_ended = False
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        while not self._is_ended:
            try:
                for answer in self._client.subscribe(self._token, kinds=True, settle=0.01):
                    self.answers.append(answer)
                    self._token = answer.token
                    if self._is_ended:
                        return
            except DaemonEndedError:
                pass

    def end(self, root: Path) -> list[Answer]:
        """End it by one more change; return all answers."""
        self._is_ended = True
        (root / "the-end").touch()
        self._thread.join(LONG)
        assert not self._thread.is_alive()
        return self.answers


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a tree."""
    (tmp_path / "root" / ".git").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    return tmp_path / "root"


def test_batches_are_right_one_by_one(root: Path) -> None:
    """Each has what changed since the one before, with the right kinds."""
    changes = RandomChanges(root, root.parent / "outside", random.Random(7))
    changes.grow(12, 25)
    kinds = KindCheck()
    with no_daemon_left(root):
        client = Client(root)
        token, before = client.query(kinds=True).token, truth.snapshot(root)
        for _ in range(ROUNDS):
            changes.make(5)
            answer = client.wait(token, kinds=True, settle=0, timeout=0.1)
            now = truth.snapshot(root)
            assert answer.paths is not None, answer.reason
            missed = truth.unreported(before, now, answer.paths)
            linked = set(changes.linked.values())
            assert not {path for path in missed if before.get(path, (0, 0))[1] not in linked}
            found = answer.changes or ()
            told = [Change(each.path, ChangeKind(each.kind), each.type) for each in found]
            kinds.check(told, before, now)
            token, before = answer.token, now


@pytest.mark.parametrize("restarts", [0, 3])
def test_a_follower_knows_the_tree(root: Path, restarts: int) -> None:
    """Also if the daemon ends now and then, while two programs change the tree."""
    with no_daemon_left(root):
        seen = truth.snapshot(root)
        follower = Follower(root)
        writers = [
            subprocess.Popen(
                [sys.executable, WRITER, root, root.parent / "outside", str(seed)],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
            for seed in (1, 2)
        ]
        for _ in range(restarts):
            time.sleep(0.2)  # in which the writers and the follower go on
            fsmond("stop", root)
        assert [writer.wait(LONG) for writer in writers] == [0, 0]
        until(lambda: _waiting(root) == 1)
        now = truth.snapshot(root)
        answers = follower.end(root)

    assert all(answer.paths is not None for answer in answers), answers
    reported = {path for answer in answers for path in answer.paths or ()}
    several = {path for path in now if _has_several_names(root, path)}
    assert truth.unreported(seen, now, reported) - several == set()


def _waiting(root: Path) -> int:
    try:
        return int(status(root)["waiting"])
    except Error:
        return 0  # the daemon is being started


def _has_several_names(root: Path, path: bytes) -> bool:
    """Return whether a file has other names: what changed by one is not always known in time."""
    return (
        not path.endswith(b"/")
        and (root / path.decode(errors="surrogateescape")).lstat().st_nlink > 1
    )
