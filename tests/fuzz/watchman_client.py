"""Change a tree at random, and hold what a client of Watchman knows of it against the tree."""

import os
import random
import shutil
import stat
import time
from pathlib import Path
from typing import Any

from fuzz.kinds import KindCheck
from support.running import LONG, fsmond
from support.trees.random_changes import RandomChanges
from support.watchman.client import WatchmanClient
from support.watchman.serving import watching

SESSIONS = 4  # of the server, one after the other
ROUNDS = 12  # in each
FIELDS = ["name", "exists", "new", "type", "mode", "size", "ino", "mtime_ns"]
LETTERS = {stat.S_IFDIR: "d", stat.S_IFREG: "f", stat.S_IFLNK: "l"}
Known = dict[bytes, tuple[object, ...]]


class _Client:
    """What one client knows, and since when it has to ask."""

    def __init__(self) -> None:
        self.known: Known = {}
        self.clock = "c:0:0"


class WatchmanTrial:
    """Two clients, one that asks and one that subscribed, which have to know the tree as it is."""

    def __init__(self, folder: Path, seed: int, without: tuple[str, ...] = ()) -> None:
        self.root, self._folder = folder / "root", folder
        outside = folder / "outside"
        outside.mkdir()
        self.random = random.Random(seed)
        self.changes = RandomChanges(self.root, outside, self.random, without=without)
        self.changes.grow(12, 25)
        self.reported = self.changed = 0
        self.kinds = KindCheck()
        self._linked: set[int] = set()

    def run(self) -> None:
        """Change, query and compare, many times.  Raises AssertionError."""
        asker, subscriber = _Client(), _Client()
        try:
            for _ in range(SESSIONS):
                with watching(self._folder, self.root) as client:
                    spec = {"fields": FIELDS, "since": subscriber.clock}
                    client.ask("subscribe", str(self.root), "fuzz", spec)
                    for _ in range(ROUNDS):
                        self._round(client, asker, subscriber)
                if self.random.random() < 0.5:
                    fsmond("stop", self.root)
        finally:
            fsmond("stop", self.root)

    def _round(self, client: WatchmanClient, asker: "_Client", subscriber: "_Client") -> None:
        """Change; then ask, or do not, and wait until the subscriber has been told."""
        begin = len(self.changes.log)
        self.changes.make(self.random.randint(1, 12))
        if not asker.known or self.random.random() < 0.7:
            spec = {"since": asker.clock, "fields": FIELDS}
            self._take(asker, client.ask("query", str(self.root), spec), begin)
            wrong = self._wrong(asker.known)
            assert not wrong, f"not reported: {wrong}, after\n{self._made(begin)}"
        deadline = time.monotonic() + LONG
        while wrong := self._wrong(subscriber.known):
            message = client.next_unasked(max(0.01, deadline - time.monotonic()))
            assert message is not None, (
                f"not told: {wrong}, after\n{self._made(begin)}\n"
                f"{(self._folder / 'watchman.log').read_text()[-2000:]}"
            )
            self._take(subscriber, message, begin)
        if len(subscriber.known) > 1500:
            shutil.rmtree(self.root / "a", ignore_errors=True)

    def _take(self, client: "_Client", answer: dict[str, Any], begin: int) -> None:
        """Have a client take in an answer, or a message."""
        is_fresh: bool = answer["is_fresh_instance"]
        is_first = client.clock == "c:0:0"
        assert is_fresh is is_first, f"a fresh instance, after\n{self._made(begin)}"
        client.clock, known = answer["clock"], client.known
        self.reported += len(answer["files"])
        for each in answer["files"]:
            name = each["name"]
            if each["exists"]:
                known[name] = (each["type"], each["mode"], each["size"], each["mtime_ns"])
            else:
                known.pop(name, None)

    def _wrong(self, known: Known) -> dict[bytes, tuple[object, object]]:
        """Return what is known otherwise than it is."""
        now = self._tree()
        self._linked.update(self.changes.linked.values())
        wrong = {name for name in known.keys() | now.keys() if known.get(name) != now.get(name)}
        wrong = {name for name in wrong if not self._has_other_names(name, known, now)}
        self.changed += len(wrong)
        return {name: (known.get(name), now.get(name)) for name in sorted(wrong)}

    def _has_other_names(self, name: bytes, known: Known, now: Known) -> bool:
        """Return whether it is there, and a file that may have been written by another name."""
        if name not in known or name not in now:
            return False
        status = os.lstat(os.path.join(os.fsencode(self.root), name))
        return status.st_nlink > 1 or status.st_ino in self._linked

    def _tree(self) -> Known:
        found: Known = {}
        pending = [b""]
        while pending:
            directory = pending.pop()
            for each in os.scandir(os.path.join(os.fsencode(self.root), directory)):
                name = directory + each.name
                if name == b".git" or name.startswith(b".git/"):
                    continue
                status = os.lstat(each.path)
                kind = LETTERS.get(stat.S_IFMT(status.st_mode), "?")
                if kind == "d":
                    pending.append(name + b"/")
                found[name] = (kind, status.st_mode, status.st_size, status.st_mtime_ns)
        git = os.lstat(self.root / ".git")
        found[b".git"] = ("d", git.st_mode, git.st_size, git.st_mtime_ns)
        return found

    def _made(self, begin: int) -> str:
        return "\n".join(self.changes.log[begin:])
