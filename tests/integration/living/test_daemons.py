"""All daemons of a user: show, stop, restart them, and read what they logged."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.living.suspending import KILL, suspend
from support.running import FSMOND, LONG, fsmond, make_repository, status, until
from support.systems import IS_WINDOWS

from fsmond.cli import daemons, main
from fsmond.client import Client
from fsmond.errors import OtherUserError
from fsmond.folders import runtime_folders
from fsmond.manage import stopping
from fsmond.presence import notes
from fsmond.rendezvous import place_of

needs_signals = pytest.mark.skipif(IS_WINDOWS, reason="nothing can be suspended there")


@pytest.fixture
def trees(tmp_path: Path) -> Iterator[list[Path]]:
    """Return two trees that are watched."""
    roots = [tmp_path / name for name in ("one", "two")]
    for root in roots:
        make_repository(root)
        assert fsmond("start", root).returncode == 0
        until(_notes(root).exists)
    yield roots
    for root in roots:
        fsmond("stop", root)


def _notes(root: Path) -> Path:
    place = place_of(root)
    return Path(runtime_folders()[0], notes._name(place))


def listed(*roots: Path) -> list[dict[str, Any]]:
    """Return what the command lists of these trees; other tests have daemons, too."""
    found = json.loads(fsmond("list", "--json").stdout)
    return [each for each in found if each["root"] in set(map(str, roots))]


def test_all_daemons_are_listed(trees: list[Path]) -> None:
    """Whoever wonders what runs need not know where."""
    found = listed(*trees)

    assert [each["root"] for each in found] == list(map(str, trees))
    for each, root in zip(found, trees, strict=True):
        assert each["pid"] == status(root)["pid"]
        assert each["state"] == "ready"
        assert each["problem"] is None
        assert each["uptime_seconds"] >= 0
        assert each["directories"] == 1
        if sys.platform == "linux":
            assert 1e6 < each["memory_bytes"] < 1e9


def test_without_a_terminal_a_line_has_tabs_and_nothing_else(trees: list[Path]) -> None:
    """For `cut` and `awk`."""
    lines = [line.split("\t") for line in fsmond("list").stdout.splitlines()]

    own = [line for line in lines if line[0] in map(str, trees)]
    assert [line[0] for line in own] == list(map(str, trees))
    assert all(len(line) == 6 and line[2] == "ready" for line in own)


def test_one_that_has_ended_is_not_listed(trees: list[Path]) -> None:
    """Nor its note kept; one that was killed could not remove it."""
    fsmond("stop", trees[0])
    assert not _notes(trees[0]).exists()
    if not IS_WINDOWS:
        os.kill(status(trees[1])["pid"], KILL)
        until(lambda: listed(*trees) == [])
        assert not _notes(trees[1]).exists()


def test_a_note_that_somebody_removed_is_written_again(trees: list[Path]) -> None:
    """Some systems empty such folders."""
    _notes(trees[0]).unlink()

    until(lambda: [each["root"] for each in listed(trees[0])] == [str(trees[0])])


def test_a_note_that_is_none_does_no_harm(trees: list[Path]) -> None:
    """Others may have left anything in that folder."""
    folder = _notes(trees[0]).parent
    odd = [folder / "odd.place", folder / f"{'0' * 32}.place"]
    odd[0].write_bytes(b"\0\0\0")
    odd[1].write_bytes(os.fsencode(trees[0]))
    if sys.platform != "win32":
        odd.append(folder / f"{'1' * 32}.place")
        os.mkfifo(odd[2])
    try:
        assert len(listed(*trees)) == 2
    finally:
        for each in odd:
            each.unlink()


@needs_signals
def test_one_that_hangs_is_named_and_the_others_are_shown(trees: list[Path]) -> None:
    """With what to do about it; and that works."""
    pid = status(trees[0])["pid"]
    suspend(pid)

    hanging, other = listed(*trees)

    assert (hanging["state"], hanging["pid"], other["state"]) == ("not answering", pid, "ready")
    assert str(pid) in hanging["problem"]
    assert f"fsmond stop {trees[0]}" in hanging["problem"]
    stopped = fsmond("stop", trees[0])
    assert stopped.returncode == 0
    assert str(pid) in stopped.stderr
    assert len(listed(*trees)) == 1


def test_all_are_stopped(
    trees: list[Path], monkeypatch: pytest.MonkeyPatch, capsysbinary: Any
) -> None:
    """Of these trees only, as other tests have daemons as well."""
    monkeypatch.setattr("fsmond.manage.daemons.noted", lambda: list(map(place_of, trees)))

    assert main.run(["stop", "--all"]) == 0
    assert main.run(["stop", "--all", "-q"]) == 0

    assert capsysbinary.readouterr().out in (b"2 daemons stopped\n", b"")
    assert listed(*trees) == []


def test_one_that_cannot_be_stopped_does_not_keep_the_others(
    trees: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And it is named."""
    stop = stopping.stop

    def stop_or_fail(client: Client, *rest: Any) -> int:
        if client.place.root == os.fsencode(trees[0]):
            raise OtherUserError("it is another user's")
        return stop(client, *rest)

    monkeypatch.setattr("fsmond.manage.daemons.noted", lambda: list(map(place_of, trees)))
    monkeypatch.setattr(daemons, "stop", stop_or_fail)

    assert main.run(["stop", "--all", "-q"]) == 1

    assert "it is another user's" in capsys.readouterr().err
    assert [each["root"] for each in listed(*trees)] == [str(trees[0])]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_list_of_processes_shows_the_tree(trees: list[Path]) -> None:
    """However the daemon was started: by a command, or by a client."""
    fsmond("stop", trees[1])
    Client(trees[1]).query()
    until(lambda: listed(trees[1]))
    for root in trees:
        shown = subprocess.run(
            ["ps", "-ww", "-o", "comm=,args=", "-p", str(status(root)["pid"])],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert shown.split() == ["fsmond", "fsmond", "run", "--detached", str(root)]


def test_a_restart_keeps_tokens_and_settings(trees: list[Path]) -> None:
    """It is another process, and nothing else has changed."""
    root = trees[0]
    (root / "dir").mkdir()
    fsmond("stop", root)
    fsmond("start", root, "--watch=scan", "--verify-every=7")
    before, token = status(root), Client(root).query().token

    assert fsmond("restart", root).returncode == 0

    after = status(root)
    assert after["pid"] != before["pid"]
    assert after["settings"] == before["settings"]
    (root / "dir" / "new").touch()
    assert b"dir/new" in (Client(root).query(token).paths or ())


def test_a_restart_starts_one_where_none_runs(trees: list[Path]) -> None:
    """It is what is wanted afterwards that counts."""
    fsmond("stop", trees[0])

    assert fsmond("restart", trees[0]).returncode == 0

    until(lambda: status(trees[0])["state"] == "ready")


def test_the_log_is_printed(trees: list[Path]) -> None:
    """Also when the daemon has ended, and only its end if that is wanted."""
    running = fsmond("log", trees[0])
    assert f"watching {trees[0]}, process {status(trees[0])['pid']}" in running.stdout
    fsmond("stop", trees[0])

    ended = fsmond("log", trees[0])
    last = fsmond("log", trees[0], "-n", "1")

    assert ended.stdout.startswith(running.stdout)
    assert last.stdout == ended.stdout.splitlines(keepends=True)[-1]
    assert last.stdout.endswith("ended\n")


def test_there_may_be_no_log(tmp_path: Path) -> None:
    """That is said, and no empty output."""
    found = fsmond("log", tmp_path)

    assert (found.returncode, found.stdout) == (1, "")
    assert "there is no log" in found.stderr


def test_a_log_can_be_followed(trees: list[Path]) -> None:
    """What the next daemon logs is shown as well."""
    with subprocess.Popen(
        [*FSMOND, "log", trees[0], "-f", "-n", "1"], stdout=subprocess.PIPE, text=True
    ) as following:
        late = threading.Timer(LONG, following.kill)
        late.start()
        assert following.stdout is not None
        lines = [following.stdout.readline()]  # it follows by now
        fsmond("restart", trees[0])
        pid = status(trees[0])["pid"]
        while lines[-1] and f"process {pid}" not in lines[-1]:
            lines.append(following.stdout.readline())
        following.terminate()
        late.cancel()

    assert f"watching {trees[0]}, process {pid}" in lines[-1]


def test_commands_say_what_they_did_if_that_is_wanted(tmp_path: Path) -> None:
    """By default they are as quiet as Unix is."""
    make_repository(tmp_path)
    quiet = fsmond("start", tmp_path, "--quiet")
    pid = status(tmp_path)["pid"]
    again = fsmond("start", tmp_path, "-v")
    stopped = fsmond("stop", tmp_path, "-v")

    assert (quiet.stdout, quiet.stderr) == ("", "")
    assert again.stdout == f"process {pid} is watching {tmp_path}\n"
    assert stopped.stdout == f"no daemon is watching {tmp_path}\n"


@needs_signals
def test_what_waits_has_a_time_limit(trees: list[Path]) -> None:
    """Here the daemon hangs, and would not answer for ever."""
    suspend(status(trees[0])["pid"])
    began = time.monotonic()

    for command in ("status", "verify"):
        done = fsmond(command, trees[0], "--timeout=0.3")
        assert done.returncode == 1
        assert "was suspended by a signal and does not answer" in done.stderr

    assert time.monotonic() - began < LONG
