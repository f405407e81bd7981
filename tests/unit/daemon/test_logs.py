"""What the daemon logs, and where."""

import logging
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import make_repository, until
from support.systems import unix_only

from fsmond.daemon.log import logs
from fsmond.daemon.log.logs import Log, remove_logs
from fsmond.daemon.log.writer import LogWriter


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Restore the state of `logging`, which `open` changes for the whole process."""
    level = logging.root.level
    yield
    close_all()
    logging.root.setLevel(level)
    logging.raiseExceptions = True


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the first choice for the log's folder."""
    folder = tmp_path / "state" / "log"
    second = tmp_path / "second"
    monkeypatch.setattr(logs, "_candidate_folders", lambda: iter([str(folder), str(second)]))
    return folder


def close_all() -> None:
    """Close and remove all handlers."""
    for each in logging.root.handlers:
        each.close()
    logging.root.handlers = []


def opened(root: Path) -> Log:
    """Open the log of a tree's daemon."""
    close_all()  # also those of pytest
    log = Log(os.fsencode(root))
    log.open(to_file=True, announce=True)
    log.drain()
    return log


def text_of(log: Log) -> str:
    """Return the log's text."""
    log.drain()
    assert log.path is not None
    return Path(log.path).read_text(encoding="utf-8")


def test_each_tree_has_its_own_log_in_the_users_folder(folder: Path, tmp_path: Path) -> None:
    """It is where people look first."""
    log = opened(tmp_path / "tree")

    assert log.path is not None
    assert Path(log.path).parent == folder
    assert f"watching {tmp_path / 'tree'}, process" in text_of(log)


def test_what_is_logged_before_it_is_opened_is_written_then(folder: Path, tmp_path: Path) -> None:
    """A thread may have something to say while the first client is served."""
    close_all()  # also those of pytest
    log = Log(os.fsencode(tmp_path / "tree"))
    log.hold()
    logging.getLogger("fsmond").warning("early")
    assert not folder.exists()
    assert "early" in str(log.last_error())

    log.open(to_file=True, announce=True)

    text = text_of(log)
    assert 0 < text.index("early") < text.index("watching")


def test_its_path_is_not_told_before_its_first_line_is_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for it reads it."""
    close_all()  # also those of pytest
    log = Log(os.fsencode(tmp_path / "tree"))
    start, seen = LogWriter.start, list[str]()

    def start_and_read(writer: LogWriter) -> None:
        start(writer)
        seen.append(text_of(log))

    monkeypatch.setattr(LogWriter, "start", start_and_read)

    log.open(to_file=True, announce=True)

    assert folder.exists()
    assert f"watching {tmp_path / 'tree'}" in seen[0]


def test_a_log_that_is_never_opened_leaves_no_file(folder: Path, tmp_path: Path) -> None:
    """The tree of a daemon that ends at once may be gone, and its log would stay."""
    close_all()  # also those of pytest
    log = Log(os.fsencode(tmp_path / "tree"))
    log.hold()
    logging.getLogger("fsmond").warning("early")
    log.drain()

    assert log.close()
    assert not folder.exists()


@unix_only
def test_only_the_user_may_read_it_and_no_one_may_run_it(folder: Path, tmp_path: Path) -> None:
    """Paths may be confidential."""
    log = opened(tmp_path / "tree")

    assert log.path is not None
    assert stat.S_IMODE(os.stat(log.path).st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@unix_only
def test_the_mode_of_an_existing_log_is_corrected(folder: Path, tmp_path: Path) -> None:
    """Earlier versions created it as executable, and readable by all."""
    opened(tmp_path / "tree")
    (path,) = folder.iterdir()
    path.chmod(0o755)

    opened(tmp_path / "tree")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@unix_only
@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
def test_only_a_regular_file_is_written(folder: Path, tmp_path: Path, kind: str) -> None:
    """A link may lead to any file, and a pipe may have no reader."""
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
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can change a file's owner"
)
def test_a_folder_of_another_user_is_not_used(folder: Path, tmp_path: Path) -> None:
    """`sudo -E` keeps the user's variables: root would write in a folder that the user controls."""
    if sys.platform == "win32":
        return
    folder.mkdir(parents=True)
    os.chown(folder.parent, 65534, 65534)

    log = opened(tmp_path / "tree")

    assert list(folder.iterdir()) == []
    assert log.path is not None
    assert Path(log.path).parent == tmp_path / "second"


def test_no_log_is_in_the_watched_tree(folder: Path, tmp_path: Path) -> None:
    """Each line would be a change; `git status` would show the log if the home is a repository."""
    log = opened(folder.parent)

    assert log.path is not None
    assert Path(log.path).parent == tmp_path / "second"


def test_no_log_is_in_a_repository(folder: Path, tmp_path: Path) -> None:
    """Another daemon may watch it."""
    make_repository(folder.parent)

    log = opened(tmp_path / "tree")

    assert log.path is not None
    assert Path(log.path).parent == tmp_path / "second"


def test_without_a_suitable_folder_there_is_no_file(folder: Path, tmp_path: Path) -> None:
    """As when the whole file system is watched; `status` still has the last error."""
    log = opened(tmp_path)
    logging.getLogger("x").error("a\nb")

    assert log.path is None
    assert not folder.exists()
    assert str(log.last_error()).endswith(" a\\nb")


@unix_only
def test_a_path_or_an_error_cannot_forge_a_line(folder: Path, tmp_path: Path) -> None:
    """A directory's name could contain whole lines, or control sequences of a terminal."""
    log = opened(tmp_path / "evil\nevil::0:0::/:/bin/sh")
    error = OSError("one\nevil::0:0::/:/bin/sh\x1b")
    logging.getLogger("x").error("failed\r", exc_info=error)

    lines = text_of(log).splitlines()
    assert folder.exists()
    assert not any(line.startswith("evil") for line in lines)
    assert "\x1b" not in text_of(log)
    assert any("evil\\nevil::0:0::/:/bin/sh" in line for line in lines)
    assert any(line.strip().startswith("evil::0:0") for line in lines)


def test_the_number_of_logs_is_limited(folder: Path, tmp_path: Path) -> None:
    """There is one for each tree that was ever watched; the newest are kept."""
    folder.mkdir(parents=True)
    for number in range(300):
        path = folder / f"{number:032x}.log"
        path.touch()
        os.utime(path, (time.time() - number, time.time() - number))
    (folder / f"{299:032x}.log.1").touch()
    (folder / "another.log").touch()

    log = opened(tmp_path / "tree")
    until(lambda: log.path is not None)  # to remove many files may take longer than `drain` waits

    names = {path.name for path in folder.iterdir()}
    assert len(names) == 102
    assert {"another.log", f"{0:032x}.log", f"{299:032x}.log.1"} <= names


def test_old_logs_are_removed_unless_they_are_in_use(folder: Path, tmp_path: Path) -> None:
    """A daemon that logs nothing still marks its file now and then."""
    log = opened(tmp_path / "quiet")
    assert log.path is not None
    old = folder / ("0" * 32 + ".log")
    old.touch()
    for path in (Path(log.path), old):
        os.utime(path, (0, 0))
    log.mark_in_use()

    opened(tmp_path / "tree")

    assert not old.exists()
    assert Path(log.path).exists()


def test_logs_are_removed_from_all_folders(folder: Path, tmp_path: Path) -> None:
    """`fsmond uninstall` leaves none."""
    opened(tmp_path / "tree")
    close_all()

    remove_logs(os.fsencode(tmp_path / "tree"))

    assert list(folder.iterdir()) == []
