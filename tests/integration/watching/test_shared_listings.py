"""A tree that is covered with the help of a second process is covered as well as by one alone."""

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("needs inotify", allow_module_level=True)
assert sys.platform == "linux"  # for the type checker

import errno
import marshal
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from support.backends import TIMEOUT, marking_watcher, skip_without_fanotify, until_built
from support.running import fsmond, make_repository, no_daemon_left, status, until

from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import watcher_for_platform
from fsmond.watching.fanotify.spare import SpareQueue
from fsmond.watching.inotify import listing_process, shared_listings
from fsmond.watching.inotify.calls import Queue
from fsmond.watching.inotify.emitter import InotifyEmitter
from fsmond.watching.inotify.listing_process import Listing, ListingProcess, Look

# A worker of the tests has several threads; a daemon that forks has one.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

Answer = tuple[int, Listing | None]
WIDE = 8  # directories in each, three levels deep
MANY = listing_process._MAX_NAMES + 10
SLOWNESS = 0.05  # seconds that an answer may take on its way
WRITING = 0.3  # seconds


class Slow(ListingProcess):
    """A process whose answers come late, and in another order."""

    random = random.Random()

    def answer(self, timeout: float) -> Answer | None:
        """Keep answers for a while."""
        waiting: list[tuple[float, Answer]] = self.__dict__.setdefault("waiting", [])
        found = super().answer(timeout)
        if found is not None:
            waiting.append((time.monotonic() + self.random.random() ** 3 * SLOWNESS, found))
        for at, (due, answer) in enumerate(waiting):
            if due < time.monotonic():
                del waiting[at]
                return answer
        return None


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Collect whether each answer was of use."""
    adopt = shared_listings.SharedListings._adopt
    found = []

    def noting(
        self: shared_listings.SharedListings, descriptor: int, listing: Listing | None
    ) -> Iterator[None]:
        found.append(listing is not None and self._given[descriptor][1])
        return adopt(self, descriptor, listing)

    monkeypatch.setattr(shared_listings.SharedListings, "_adopt", noting)
    return found


@contextmanager
def shared(root: Path, excluded: frozenset[bytes] = frozenset()) -> Iterator[InotifyEmitter]:
    """Give the watcher of a tree that is not yet covered, with its second process."""
    monitor = Monitor(os.fsencode(root), watcher_for_platform, excluded=excluded, timeout=TIMEOUT)
    watcher = monitor.watcher
    assert isinstance(watcher, InotifyEmitter)
    try:
        watcher.share_listings()
        yield watcher
        monitor.start(timeout=TIMEOUT)
        until_built(monitor)
        check_covered(monitor, root, excluded)
    finally:
        monitor.stop()


def check_covered(monitor: Monitor, root: Path, excluded: frozenset[bytes]) -> None:
    """Check that a change in any directory is reported."""
    token = monitor.query(monitor.query(None).token).token
    expected = set()
    for folder, _, _ in os.walk(bytes(root)):
        prefix = os.path.relpath(folder, bytes(root)) + b"/"
        prefix = b"" if prefix == b"./" else prefix
        if not any(b"/" + each + b"/" in b"/" + prefix for each in excluded):
            handle = os.open(folder, os.O_RDONLY)  # its path may be too long
            os.close(os.open(b"probe", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
            os.close(handle)
            expected.add(prefix + b"probe")
    changes = monitor.query(token)
    assert changes.paths is not None, changes.reason
    assert expected - set(changes.paths) == set()


def make_tree(root: Path, wide: int = WIDE) -> list[Path]:
    """Make directories, some with files; return all."""
    made = [root]
    for at in range(wide + wide**2):
        for number in range(wide):
            each = made[at] / f"d{number}"
            each.mkdir(parents=True)
            if number % 2:
                (each / "file").touch()
            made.append(each)
    return made[1:]


def test_all_is_covered(tmp_path: Path, used: list[bool]) -> None:
    """And the process has done a part of it."""
    root = tmp_path / "root"
    make_tree(root)

    with shared(root):
        pass

    assert True in used


def test_what_is_unusual_is_left_to_the_rules(tmp_path: Path, used: list[bool]) -> None:
    """Excluded directories, nested repositories, many names, links, names of any bytes."""
    root = tmp_path / "root"
    made = make_tree(root)
    for each in made[-200:]:
        (each / ".git").mkdir()
        (each / "link").symlink_to(root)
        os.mkdir(bytes(each) + b"/\xff\xfe")
    for number in range(MANY):
        (made[-1] / f"{number}").touch()
    (made[-1] / "deep").mkdir()

    with shared(root, frozenset({b".git"})):
        pass

    assert True in used


def test_what_it_cannot_list_is_not_given_to_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We list it, even if that is so of all."""
    root = tmp_path / "root"
    make_tree(root)
    monkeypatch.setattr(listing_process, "_MAX_NAMES", 0)
    ask = ListingProcess.ask
    asked: list[int] = []

    def noting(self: ListingProcess, looks: Sequence[Look]) -> None:
        asked.extend(each.descriptor for each in looks)
        ask(self, looks)

    monkeypatch.setattr(ListingProcess, "ask", noting)

    with shared(root):
        pass

    assert asked
    assert len(asked) == len(set(asked))


def test_watches_that_run_out_there_are_left_to_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: list[bool]
) -> None:
    """The process has no other source of events."""
    root, ours, watch = tmp_path / "root", os.getpid(), Queue.watch
    make_tree(root)

    def watch_here(self: Queue, path: bytes) -> int:
        if os.getpid() != ours and not path.endswith(b"/."):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return watch(self, path)

    monkeypatch.setattr(Queue, "watch", watch_here)

    with shared(root) as watcher:
        assert isinstance(watcher._queue, SpareQueue)

    assert True in used


@pytest.mark.parametrize("whole", [True, False])
def test_fanotify_is_not_shared(tmp_path: Path, *, whole: bool) -> None:
    """Its descriptors are numbered by the process that adds the watch."""
    skip_without_fanotify()
    make = partial(watcher_for_platform, how="fanotify") if whole else marking_watcher
    monitor = Monitor(os.fsencode(tmp_path), make)
    watcher = monitor.watcher
    assert isinstance(watcher, InotifyEmitter)

    watcher.share_listings()

    assert watcher._coverage.shared._process is None
    monitor.stop()


def test_directories_at_the_end_of_long_paths_are_covered(tmp_path: Path) -> None:
    """The process looks no further than a system call does."""
    root = tmp_path / "root"
    for each in make_tree(root, 4)[-40:]:
        os.chdir(each)
        for _ in range(18):
            os.mkdir("x" * 250)
            os.chdir("x" * 250)
    os.chdir("/")

    with shared(root):
        pass

    shutil.rmtree(root)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_missed_while_directories_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: list[bool], seed: int
) -> None:
    """Whatever happens between the process's look and our use of it."""
    root = tmp_path / "root"
    made = make_tree(root)
    monkeypatch.setattr("fsmond.watching.inotify.emitter.ListingProcess", Slow)
    monkeypatch.setattr(shared_listings, "_MAX_GIVEN", 40)
    Slow.random = random.Random(seed)
    writing = threading.Thread(target=change, args=(random.Random(seed), root, made))

    with shared(root):  # forks first
        writing.start()
        monkeypatch.setattr(Monitor, "start", joined(writing))

    assert True in used


def joined(writing: threading.Thread) -> Callable[..., None]:
    """Return a `start` that also waits for the end of the changes."""
    start = Monitor.start

    def start_and_join(self: Monitor, *, timeout: float) -> None:
        start(self, timeout=timeout)
        writing.join()

    return start_and_join


def change(chosen: random.Random, root: Path, made: list[Path]) -> None:
    """Make, move and remove directories for a while."""
    end, number = time.monotonic() + WRITING, 0
    while time.monotonic() < end:
        number += 1
        one, other = chosen.choice(made), chosen.choice([*made, root])
        with suppress(OSError):  # it is no longer there
            kind = chosen.randrange(10)
            if kind < 4:
                made.append(one / f"n{number}")
                made[-1].mkdir()
                (made[-1] / "file").touch()
            elif kind < 8:
                one.rename(other / f"m{number}")
                made.append(other / f"m{number}")
            elif kind < 9:
                shutil.rmtree(one)
            else:
                one.rename(root.parent / f"out{number}")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_ends_or_hangs_is_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: signal.Signals
) -> None:
    """We list what it was given."""
    root = tmp_path / "root"
    make_tree(root)
    monkeypatch.setattr(shared_listings, "_PATIENCE", 0.2)
    ask = ListingProcess.ask
    asked: list[Sequence[Look]] = []

    def ask_and_end(self: ListingProcess, looks: Sequence[Look]) -> None:
        if len(asked) == 1:
            os.kill(self._pid, end)
        asked.append(looks)
        ask(self, looks)

    monkeypatch.setattr(ListingProcess, "ask", ask_and_end)

    with shared(root):
        pass

    assert len(asked) > 1


@pytest.mark.parametrize(
    "data", [b"", b"?", *map(marshal.dumps, (None, 7, (7, None), (1, 7), ("x", (None, [])), ()))]
)
def test_garbage_from_the_process_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    """We list the rest alone."""
    root = tmp_path / "root"
    make_tree(root)
    monkeypatch.setattr(listing_process, "_reply", lambda channel, *_: channel.send(data))

    with shared(root):
        pass


def test_the_process_has_ended_when_the_tree_is_covered(tmp_path: Path) -> None:
    """Nobody needs it any longer."""
    root = tmp_path / "root"
    make_tree(root, 3)

    with shared(root) as watcher:
        process = watcher._coverage.shared._process
        assert process is not None

    until(lambda: not Path(f"/proc/{process._pid}").exists())


def test_an_unused_process_ends_with_the_watcher(tmp_path: Path) -> None:
    """As if the daemon could not get its socket."""
    monitor = Monitor(os.fsencode(tmp_path), watcher_for_platform)
    watcher = monitor.watcher
    assert isinstance(watcher, InotifyEmitter)
    watcher.share_listings()
    process = watcher._coverage.shared._process
    assert process is not None

    monitor.stop()

    assert not Path(f"/proc/{process._pid}").exists()


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two processors")
def test_a_daemon_has_such_a_process_at_its_first_start(tmp_path: Path) -> None:
    """Unless Git's index shows that the tree is small; later it knows the names of directories."""
    large, small = tmp_path / "large", tmp_path / "small"
    for root in (large, small):
        make_repository(root)
    (small / ".git" / "index").write_bytes(b"DIRC")

    with no_daemon_left(large), no_daemon_left(small):
        started(large)
        until(lambda: has_waited_for_a_process(large))
        assert fsmond("stop", large).returncode == 0
        for root in (large, small):
            started(root)
            assert not has_waited_for_a_process(root)


def started(root: Path) -> None:
    """Start a daemon; return when it has its index."""
    assert fsmond("start", root).returncode == 0
    until(lambda: status(root)["state"] == "ready")


def has_waited_for_a_process(root: Path) -> bool:
    """Return whether the daemon waited for the end of a process."""
    fields = Path(f"/proc/{status(root)['pid']}/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[8]) > 0  # page faults of children that were waited for: see proc(5)
