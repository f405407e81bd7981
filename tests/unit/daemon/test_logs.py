"""What a daemon writes, and where."""

import logging
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import make_repository
from systems import of_unix

from fsmond.daemon import logs
from fsmond.daemon.logs import Log, remove_logs


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Have the log opened as in a process of its own; close it."""
    level = logging.root.level
    yield
    close_all()
    logging.root.setLevel(level)
    logging.raiseExceptions = True


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where logs are to be, if nothing speaks against it."""
    folder = tmp_path / "state" / "log"
    second = tmp_path / "second"
    monkeypatch.setattr(logs, "_places", lambda: iter([str(folder), str(second)]))
    return folder


def close_all() -> None:
    """Have nothing logged to where it was."""
    for each in logging.root.handlers:
        each.close()
    logging.root.handlers = []


def opened(root: Path) -> Log:
    """Return the log of a tree's daemon."""
    close_all()  # also what pytest has there
    log = Log(os.fsencode(root))
    log.open(to_file=True, watching=True)
    log.drain()
    return log


def text_of(log: Log) -> str:
    """Return what was written."""
    log.drain()
    assert log.path is not None
    return Path(log.path).read_text(encoding="utf-8")


def test_each_tree_has_its_own_in_the_users_folder(folder: Path, tmp_path: Path) -> None:
    """A person looks there first."""
    log = opened(tmp_path / "tree")

    assert log.path is not None
    assert Path(log.path).parent == folder
    assert f"watching {tmp_path / 'tree'}, process" in text_of(log)


@of_unix
def test_nobody_else_may_read_it_nor_run_it(folder: Path, tmp_path: Path) -> None:
    """Paths may be secrets."""
    log = opened(tmp_path / "tree")

    assert log.path is not None
    assert stat.S_IMODE(os.stat(log.path).st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@of_unix
def test_one_from_before_is_closed_to_others(folder: Path, tmp_path: Path) -> None:
    """They were made with the mode of programs."""
    opened(tmp_path / "tree")
    (path,) = folder.iterdir()
    path.chmod(0o755)

    opened(tmp_path / "tree")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@of_unix
@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
def test_what_is_no_plain_file_is_not_written(folder: Path, tmp_path: Path, kind: str) -> None:
    """A link may lead to any file, and nobody reads the pipe."""
    opened(tmp_path / "tree")
    (path,) = folder.iterdir()
    path.unlink()
    if kind == "link":
        path.symlink_to(tmp_path / "victim")
    elif kind == "directory":
        path.mkdir()
    elif sys.platform != "win32":
        os.mkfifo(path)

    log = opened(tmp_path / "tree")

    assert not (tmp_path / "victim").exists()
    assert log.path is not None
    assert Path(log.path).parent == tmp_path / "second"


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can give a file away"
)
def test_a_folder_of_another_user_is_not_used(folder: Path, tmp_path: Path) -> None:
    """`sudo -E` keeps the variables of the one who typed it: root would write where he can."""
    if sys.platform == "win32":
        return
    folder.mkdir(parents=True)
    os.chown(folder.parent, 65534, 65534)

    log = opened(tmp_path / "tree")

    assert list(folder.iterdir()) == []
    assert log.path is not None
    assert Path(log.path).parent == tmp_path / "second"


def test_a_log_is_in_no_tree_that_is_watched(folder: Path, tmp_path: Path) -> None:
    """Each line would be a change; `git status` would name it where a home is a repository."""
    log = opened(folder.parent)

    assert log.path is not None
    assert Path(log.path).parent == tmp_path / "second"


def test_a_log_is_in_no_repository(folder: Path, tmp_path: Path) -> None:
    """Nor one that another daemon watches."""
    make_repository(folder.parent)

    log = opened(tmp_path / "tree")

    assert log.path is not None
    assert Path(log.path).parent == tmp_path / "second"


def test_where_is_no_place_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    """As when all is watched; the last error is known all the same."""
    log = opened(tmp_path)
    logging.getLogger("x").error("a\nb")

    assert log.path is None
    assert not folder.exists()
    assert str(log.last_error()).endswith(" a\\nb")


@of_unix
def test_a_line_says_only_what_we_say(folder: Path, tmp_path: Path) -> None:
    """Whoever names a directory could else write lines of his own, or command a terminal."""
    log = opened(tmp_path / "evil\nevil::0:0::/:/bin/sh")
    error = OSError("one\nevil::0:0::/:/bin/sh\x1b")
    logging.getLogger("x").error("failed\r", exc_info=error)

    lines = text_of(log).splitlines()
    assert folder.exists()
    assert not any(line.startswith("evil") for line in lines)
    assert "\x1b" not in text_of(log)
    assert any("evil\\nevil::0:0::/:/bin/sh" in line for line in lines)
    assert any(line.strip().startswith("evil::0:0") for line in lines)


def test_there_are_not_more_and_more_of_them(folder: Path, tmp_path: Path) -> None:
    """There is one for each tree that ever was; the newest are worth something."""
    folder.mkdir(parents=True)
    for number in range(300):
        path = folder / f"{number:032x}.log"
        path.touch()
        os.utime(path, (time.time() - number, time.time() - number))
    (folder / f"{299:032x}.log.1").touch()
    (folder / "another.log").touch()

    opened(tmp_path / "tree")

    names = {path.name for path in folder.iterdir()}
    assert len(names) == 102
    assert {"another.log", f"{0:032x}.log", f"{299:032x}.log.1"} <= names


def test_old_ones_go_but_for_those_in_use(folder: Path, tmp_path: Path) -> None:
    """A daemon with nothing to say marks its own now and then."""
    log = opened(tmp_path / "quiet")
    assert log.path is not None
    old = folder / ("0" * 32 + ".log")
    old.touch()
    for path in (Path(log.path), old):
        os.utime(path, (0, 0))
    log.keep()

    opened(tmp_path / "tree")

    assert not old.exists()
    assert Path(log.path).exists()


def test_logs_are_removed_wherever_they_are(folder: Path, tmp_path: Path) -> None:
    """Nothing is left by `fsmond uninstall`."""
    opened(tmp_path / "tree")
    close_all()

    remove_logs(os.fsencode(tmp_path / "tree"))

    assert list(folder.iterdir()) == []
