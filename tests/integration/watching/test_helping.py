"""A second process helps to compare a large tree after a restart."""

import errno
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.restarts import answer_after, make_tree, monitored, token_of, wait_for_another_time
from support.running import LONG, until

if sys.platform != "linux":
    pytest.skip("there it has no helper", allow_module_level=True)
assert sys.platform == "linux"  # for the type checker

from fsmond.helping.messages import Report
from fsmond.helping.process_linux import HelperProcess
from fsmond.index import sharing
from fsmond.index.sharing import Job
from fsmond.isolation import INSTALL_PATH
from fsmond.monitor.history_store import HistoryStore
from fsmond.monitor.monitor import Monitor
from fsmond.storage.file import HistoryFile


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a tree that is worth a helper."""
    monkeypatch.setattr(sharing, "_MIN_DIRECTORIES", 2)
    root = tmp_path / "root"
    for number in range(40):
        (root / f"{number}" / "below").mkdir(parents=True)
        (root / f"{number}" / "below" / "file").touch()
    make_tree(root)
    return root


@pytest.fixture
def token(root: Path) -> bytes:
    """Return a token of a monitor that has ended."""
    with monitored(root) as monitor:
        return token_of(monitor)


def helper() -> HelperProcess:
    """Return a process that helps, not yet started."""
    return HelperProcess(sys.executable, INSTALL_PATH)


@contextmanager
def helped(monkeypatch: pytest.MonkeyPatch, process: HelperProcess) -> Iterator[None]:
    """Have all monitors helped by a process."""
    store_in = Monitor.store_in

    def with_helper(self: Monitor, file: HistoryFile) -> HistoryStore:
        self.have_helped(process)
        return store_in(self, file)

    monkeypatch.setattr(Monitor, "store_in", with_helper)
    yield
    assert process.is_over
    assert process._pid == -1


def test_what_changed_meanwhile_is_found(
    root: Path, token: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By both processes together."""
    wait_for_another_time(root)
    for number in (0, 17, 39):
        (root / f"{number}" / "below" / "file").write_text("changed")
    jobs: list[Job] = []
    process = helper()
    offer = process.offer

    def note_and_offer(job: Job) -> bool:
        jobs.append(job)
        return offer(job)

    monkeypatch.setattr(process, "offer", note_and_offer)

    with helped(monkeypatch, process):
        changed = answer_after(root, token)

    assert {b"0/below/file", b"17/below/file", b"39/below/file"} <= changed
    assert not [each for each in changed if not each.startswith((b"0/", b"17/", b"39/"))]
    assert len(jobs) == 1


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_tree_is_recorded_by_both(
    root: Path, monkeypatch: pytest.MonkeyPatch, is_killed: bool
) -> None:
    """At the first start; later changes are found as always."""
    monkeypatch.setattr("fsmond.monitor.sharing._MIN_UNKNOWN", 2)
    monkeypatch.setattr("fsmond.monitor.sharing._PARTS", 20)
    process, made = helper(), set[bytes]()
    begin, reports = process.begin, process.reports

    def begin_and_kill() -> None:
        begin()
        if is_killed:
            os.kill(process._pid, signal.SIGKILL)
        else:
            # It should do something before we have done all.
            until(lambda: select.select([process._reader], [], [], 0)[0])

    def note(timeout: float) -> list[Report]:
        found = reports(timeout)
        made.update(each.prefix for report in found for each in report.made)
        return found

    monkeypatch.setattr(process, "begin", begin_and_kill)
    monkeypatch.setattr(process, "reports", note)

    with helped(monkeypatch, process), monitored(root) as monitor:
        token = token_of(monitor)
        (root / "17" / "below" / "new").touch()
        changes = monitor.query(token)
        known = set(monitor._tree.index.records)

    assert b"17/below/new" in (changes.paths or ())
    directories = {b""} | {
        os.fsencode(f"{each.relative_to(root)}/") for each in root.rglob("*") if each.is_dir()
    }
    assert known == directories
    assert made <= directories
    assert made or is_killed


def test_a_process_that_does_not_start_is_not_missed(
    root: Path, token: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said in the log."""
    (root / "17" / "below" / "new").touch()

    with (
        caplog.at_level(logging.WARNING),
        helped(monkeypatch, HelperProcess("/nowhere/python", "/")),
    ):
        assert b"17/below/new" in answer_after(root, token)

    assert "without help" in caplog.text


def test_a_process_that_fails_is_not_missed(
    root: Path, token: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here it does not find its program."""
    (root / "17" / "below" / "new").touch()

    with helped(monkeypatch, HelperProcess(sys.executable, "/nowhere")):
        assert b"17/below/new" in answer_after(root, token)


def test_what_is_no_report_is_not_believed(caplog: pytest.LogCaptureFixture) -> None:
    """As if anything else wrote to its standard output."""
    process = helper()
    process._command = ["/bin/sh", "-c", "head -c 8 >/dev/null; head -c 100 /dev/zero"]
    assert process.offer(Job(b"/", [], None, {}, [b""]))

    assert process.reports(LONG) == []

    assert process.is_over
    assert "without help" in caplog.text


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_is_killed_or_suspended_is_not_missed(
    root: Path, token: bytes, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """And is not left behind."""
    monkeypatch.setattr("fsmond.monitor.sharing._PATIENCE", 5)
    (root / "17" / "below" / "new").touch()
    process = helper()
    begin = process.begin

    def send_and_begin() -> None:
        os.kill(process._pid, number)
        begin()

    monkeypatch.setattr(process, "begin", send_and_begin)

    with helped(monkeypatch, process):
        assert b"17/below/new" in answer_after(root, token)


def test_the_process_ends_with_the_daemon() -> None:
    """Even if that is killed: nobody reads what it writes."""
    process = helper()
    job = Job(os.fsencode(os.curdir), [], None, {}, [b""])
    assert process.offer(job)
    pid = process._pid

    os.close(process._writer)
    process._writer = -1

    until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None)
    assert process.reports(LONG) == []
    assert process.is_over
    process.stop()


def test_a_process_that_is_not_ours_any_longer_is_left_alone() -> None:
    """Where somebody reaps all children, its number may be another process's by now."""
    command = "sleep 60 >/dev/null & echo $!"
    other = int(subprocess.check_output(["sh", "-c", command]))  # no child of this process
    process = helper()
    process._pid = other
    try:
        process.stop()
        os.kill(other, 0)
    finally:
        os.kill(other, signal.SIGKILL)


def test_without_descriptors_none_are_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Half of what it needs is given back."""
    pipe, made = os.pipe, list[int]()

    def failing() -> tuple[int, int]:
        if made:
            raise OSError(errno.EMFILE, "no descriptors")
        made.extend(pipe())
        return made[0], made[1]

    monkeypatch.setattr(os, "pipe", failing)

    assert not helper().offer(Job(b"/", [], None, {}, [b""]))
    assert "without help" in caplog.text
    for each in made:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(each)
