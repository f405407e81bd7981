"""A monitor continues the history of the one before: old tokens get exact answers."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.backends import lacking
from support.restarts import (
    answer_after,
    make_tree,
    monitored,
    token_before,
    token_of,
    until_stored,
    wait_for_another_time,
    without_refresh,
)
from support.trees import truth
from support.trees.system_calls import exchange
from support.wine import NAMES_OF_THE_ROOT, is_wine, scan_reports_less

from fsmond.monitor.monitor import Changes

Change = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a tree."""
    make_tree(tmp_path / "root")
    return tmp_path / "root"


def edit_in_disguise(path: Path) -> None:
    """Change a file, but neither its size nor its modification time."""
    status = path.stat()
    path.write_text(path.read_text().upper())
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_by_directory(path: Path) -> None:
    """Put a directory with a file in the place of a file."""
    path.unlink()
    path.mkdir()
    (path / "new").touch()


def retarget(path: Path) -> None:
    """Make a symbolic link lead elsewhere, to a name of the same length."""
    path.unlink()
    path.symlink_to("two")


CHANGES: dict[str, tuple[Change, set[bytes], tuple[str, ...]]] = {
    "edited": (lambda root: (root / "dir/one").write_text("x"), {b"dir/one"}, ()),
    "edited in disguise": (lambda root: edit_in_disguise(root / "dir/one"), {b"dir/one"}, ()),
    "made": (lambda root: (root / "dir/new").touch(), {b"dir/new"}, ()),
    "removed": (lambda root: (root / "dir/one").unlink(), {b"dir/one"}, ()),
    "chmod": (lambda root: (root / "dir/one").chmod(0o755), {b"dir/one"}, ("modes",)),
    "directory made": (
        lambda root: shutil.copytree(root / "dir", root / "new"),
        {b"new/", b"new/one", b"new/deep/", b"new/deep/two"},
        (),
    ),
    "directory removed": (
        lambda root: shutil.rmtree(root / "dir"),
        {b"dir/", b"dir/one", b"dir/deep/", b"dir/deep/two"},
        (),
    ),
    "directory renamed": (
        lambda root: (root / "dir").rename(root / "moved"),
        {
            *(b"dir/", b"dir/one", b"dir/deep/", b"dir/deep/two"),
            *(b"moved/", b"moved/one", b"moved/deep/", b"moved/deep/two"),
        },
        (),
    ),
    "directories exchanged": (
        lambda root: exchange(os.fsencode(root / "dir"), os.fsencode(root / "other")),
        {
            *(b"dir/", b"dir/one", b"dir/deep/", b"dir/deep/two", b"dir/three"),
            *(b"other/", b"other/one", b"other/deep/", b"other/deep/two", b"other/three"),
        },
        ("exchange",),
    ),
    "file to directory": (
        lambda root: replace_by_directory(root / "plain"),
        {b"plain", b"plain/", b"plain/new"},
        (),
    ),
    "a name of any bytes": (
        lambda root: os.link(root / "plain", os.path.join(os.fsencode(root), b"\xff\n")),
        {b"\xff\n", b"plain"},
        ("any-bytes",),
    ),
}
IN_THE_ROOT = ("directory made", "directory removed", "directory renamed", "file to directory")


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_while_nobody_watches_is_reported(root: Path, what: str) -> None:
    """Exactly: git then looks at what changed, and at nothing else."""
    change, expected, needs = CHANGES[what]
    lack = lacking(root, "events", needs)
    if is_wine() and what in IN_THE_ROOT:
        lack = NAMES_OF_THE_ROOT
    if lack is not None:
        pytest.skip(lack)
    token = token_before(root)

    change(root)

    assert answer_after(root, token) == expected


def test_nothing_changed_is_an_empty_answer(root: Path) -> None:
    """As often as the monitor is started again."""
    token = token_before(root)

    assert answer_after(root, token) == set()
    assert answer_after(root, token) == set()


def test_a_write_by_another_name_of_a_file_is_reported(root: Path) -> None:
    """Under all names, also in directories in which nothing else changed."""
    os.link(root / "dir/one", root / "other/linked")
    wait_for_another_time(root)
    token = token_before(root)
    (root / "other/linked").write_text("x")

    assert answer_after(root, token) == {b"dir/one", b"other/linked"}


def test_a_write_by_another_name_after_the_restart_is_reported(root: Path) -> None:
    """The event carries one name; the others are in the stored index."""
    os.link(root / "dir/one", root / "other/linked")
    wait_for_another_time(root)
    token_before(root)
    with monitored(root) as monitor:
        token = token_of(monitor)
        (root / "other/linked").write_text("x")
        changes = monitor.query(token)

    assert set(changes.paths or ()) == {b"dir/one", b"other/linked"}


def test_a_symbolic_link_that_leads_elsewhere_is_reported(root: Path) -> None:
    """Git stores where it leads."""
    lack = lacking(root, "events", ("symbolic-links",))
    if lack is not None:
        pytest.skip(lack)
    (root / "link").symlink_to("one")
    wait_for_another_time(root)
    token = token_before(root)
    retarget(root / "link")

    assert answer_after(root, token) == {b"link"}


def test_a_file_that_was_reported_and_is_removed_while_nobody_watches_is_reported(
    root: Path,
) -> None:
    """The client knows it, but the stored index may not."""
    with monitored(root) as monitor:
        old = token_of(monitor)
        (root / "dir/brief").touch()
        changes = monitor.query(old)
        assert b"dir/brief" in (changes.paths or ())
        without_refresh(monitor)
    (root / "dir/brief").unlink()

    assert b"dir/brief" in answer_after(root, bytes(changes.token))


@scan_reports_less(NAMES_OF_THE_ROOT)
def test_a_file_that_was_removed_and_is_made_again_as_it_was_is_reported(
    root: Path, tmp_path: Path
) -> None:
    """Moved out and in again, it looks as in an index from before."""
    with monitored(root) as monitor:
        old = token_of(monitor)
        (root / "dir").rename(tmp_path / "outside")
        changes = monitor.query(old)
        assert b"dir/" in (changes.paths or ())
        without_refresh(monitor)
    (tmp_path / "outside").rename(root / "dir")

    answer = answer_after(root, bytes(changes.token))

    assert answer >= {b"dir/", b"dir/one", b"dir/deep/", b"dir/deep/two"}
    assert b"quiet/four" not in answer


def test_a_file_that_comes_and_goes_around_the_end_has_its_directory_listed(root: Path) -> None:
    """Git may have seen it; it lists a directory again if any name in it is reported."""
    with monitored(root) as monitor:
        token = token_of(monitor)
        (root / "dir/brief").touch()
    (root / "dir/brief").unlink()

    answer = answer_after(root, token)

    assert any(path.startswith(b"dir/") for path in answer)
    assert not any(path.startswith((b"other/", b"quiet/")) for path in answer)


def test_a_file_that_comes_and_goes_while_nobody_watches_changes_one_directory(
    root: Path,
) -> None:
    """Nobody knows its name; `.fsmond` stands for it, so that Git lists the directory again."""
    token = token_before(root)
    (root / "dir/brief").touch()
    (root / "dir/brief").unlink()

    assert answer_after(root, token) == {b"dir/.fsmond"}


@scan_reports_less("the directory is reported as well")
def test_changes_before_and_after_a_restart_are_reported_together(root: Path) -> None:
    """A client may ask only now and then."""
    with monitored(root) as monitor:
        token = token_of(monitor)
        (root / "dir/before").touch()
        monitor.query(None)
    (root / "dir/between").touch()
    with monitored(root) as monitor:
        (root / "dir/after").touch()
        changes = monitor.query(token)

    assert set(changes.paths or ()) == {b"dir/before", b"dir/between", b"dir/after"}


def test_each_of_many_restarts_adds_what_changed(root: Path) -> None:
    """Tokens of all of them stay valid."""
    tokens = [token_before(root)]
    for number in range(4):
        (root / f"dir/{number}").touch()
        tokens.append(token_before(root))

    with monitored(root) as monitor:
        answers = [set(monitor.query(token).paths or ()) for token in tokens]

    names = [b"dir/%d" % number for number in range(4)]
    for number, answer in enumerate(answers):
        assert answer >= set(names[number:])
        assert answer <= set(names)
    assert answers[-1] <= {names[-1]}  # it was reported shortly before the end


def test_a_query_that_comes_first_waits_until_the_history_is_loaded(root: Path) -> None:
    """Git asks at once, as it started the daemon."""
    token = token_before(root)
    (root / "dir/new").touch()
    with monitored(root, built=False) as monitor:
        changes = monitor.query(token)

    assert changes.paths == [b"dir/new"]


def test_a_kill_keeps_the_tokens_that_were_stored(root: Path) -> None:
    """The history is stored while the monitor runs, not only at its end."""
    with monitored(root, save=False) as monitor:
        token = token_of(monitor)
        (root / "dir/new").touch()
        newer = bytes(monitor.query(token).token)
        until_stored(monitor)
    (root / "dir/one").unlink()

    assert answer_after(root, token) >= {b"dir/new", b"dir/one"}
    assert b"dir/one" in answer_after(root, newer)


def test_a_token_that_a_kill_lost_is_answered_with_everything(root: Path) -> None:
    """What was reported until then is not known; older tokens stay valid."""
    with monitored(root, save=False) as monitor:
        stored = token_of(monitor)
        until_stored(monitor)
        (root / "dir/new").touch()
        lost = bytes(monitor.query(stored).token)
    with monitored(root) as monitor:
        changes = monitor.query(lost)
        assert set(monitor.query(stored).paths or ()) == {b"dir/new"}

    assert (changes.paths, changes.reason) == (None, "restart")


def test_a_flush_ends_the_tokens_from_before(root: Path) -> None:
    """Also for the monitors that come later."""
    token = token_before(root)
    with monitored(root) as monitor:
        assert monitor.flush().reason == "flush"
        assert monitor.query(token).reason == "flush"
        newer = token_of(monitor)
    with monitored(root) as monitor:
        assert monitor.query(token).reason == "flush"
        assert monitor.query(newer).paths == []


def test_a_tree_that_was_replaced_by_a_copy_gets_a_new_history(root: Path) -> None:
    """Nothing is known of what it was copied from."""
    token = token_before(root)
    shutil.copytree(root, root.parent / "copy", symlinks=True)
    root.rename(root.parent / "old")
    (root.parent / "copy").rename(root)
    with monitored(root) as monitor:
        changes = monitor.query(token)
        status = monitor.history_status()

    assert changes == Changes(changes.token, None, "restart")
    assert not status.loaded
    assert status.reason in (
        "it is of another tree: its inode differs",
        "it is of another tree: its handle differs",
    )


@scan_reports_less(NAMES_OF_THE_ROOT)
def test_all_changes_at_once_are_reported(root: Path) -> None:
    """More than was stored, and more than a frame holds."""
    token = token_before(root)
    before = truth.snapshot(root)
    for number in range(5000):
        (root / "other" / f"{number}").touch()
    shutil.rmtree(root / "dir")

    answer = answer_after(root, token)

    after = truth.snapshot(root)
    assert truth.unreported(before, after, answer) == set()
    assert answer == truth.changed(before, after)
    assert answer_after(root, token) == answer


def test_what_is_in_a_directory_that_is_back_in_its_place_is_reported(
    root: Path, tmp_path: Path
) -> None:
    """A client that was told that the directory is gone knows nothing of what is in it.

    It looks as in the index, and when it went, no event named all that was in it.
    """
    names = [b"dir/" + name for name in (b"a", b"b", b"c", b"deep/a", b"deep/b", b"deep/c")]
    for name in names:
        (root / os.fsdecode(name)).touch()
    wait_for_another_time(root)
    with monitored(root) as monitor:
        (root / "dir").rename(tmp_path / "outside")
        changes = monitor.query(None)
        without_refresh(monitor)
    (tmp_path / "outside").rename(root / "dir")

    assert answer_after(root, bytes(changes.token)) >= {b"dir/", b"dir/deep/", *names}
