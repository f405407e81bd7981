"""Directories that the daemon's user may not read."""

import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.backends import skip_without_fanotify

from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import How, watcher_for_platform

if sys.platform == "win32":
    pytest.skip("needs Unix", allow_module_level=True)

HOW: list[How] = ["auto", "fanotify"] if sys.platform == "linux" else ["auto"]
NOBODY = 65534  # the usual user without rights


def _unreadable_at_first(root: Path, how: How) -> None:
    (root / "3" / "deep").mkdir(parents=True)
    (root / "3").chmod(0)
    make = partial(watcher_for_platform, how=how)
    monitor = Monitor(os.fsencode(root), make, timeout=10)
    monitor.start(timeout=30)
    token = bytes(monitor.query(None).token)
    assert monitor.query(token).paths == [b"3/"]
    (root / "3").chmod(0o700)
    assert set(monitor.query(token).paths or []) >= {b"3/", b"3/deep/"}
    token = bytes(monitor.query(token).token)
    (root / "3" / "deep" / "file").touch()
    assert monitor.query(token).paths == [b"3/deep/file"]


def _unreadable_later(root: Path, how: How) -> None:
    (root / "3" / "deep").mkdir(parents=True)
    make = partial(watcher_for_platform, how=how)
    monitor = Monitor(os.fsencode(root), make, timeout=10)
    monitor.start(timeout=30)
    (root / "3").chmod(0o300)
    token = bytes(monitor.query(None).token)
    (root / "3" / "new").mkdir()
    assert b"3/" in (monitor.query(token).paths or [])
    (root / "3" / "new" / "file").touch()
    assert b"3/" in (monitor.query(token).paths or [])
    (root / "3").chmod(0o700)
    token = bytes(monitor.query(token).token)
    (root / "3" / "new" / "second").touch()
    assert monitor.query(token).paths == [b"3/new/second"]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("scene", [_unreadable_at_first, _unreadable_later])
def test_an_unreadable_directory_is_always_reported(
    scene: Callable[[Path, How], None],
    how: How,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Changes in it cannot be seen, so it may have changed, until it can be read."""
    if how == "fanotify":
        skip_without_fanotify()
    tree = tmp_path
    if os.geteuid() == 0:  # who can read everything
        tree = Path(tempfile.mkdtemp(dir="/tmp"))
        os.chown(tree, NOBODY, NOBODY)
    child = os.fork()
    if not child:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            scene(tree, how)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the child must not continue in any case
            traceback.print_exc()
            os._exit(1)

    _, result = os.waitpid(child, 0)

    if tree is not tmp_path:
        shutil.rmtree(tree)
    assert result == 0, capfd.readouterr().err
