"""Kinds of changes, asked of a daemon."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import fsmond
from support.systems import IS_WINDOWS
from support.wine import needs_events

from fsmond.client import Client
from fsmond.results import Change

pytestmark = needs_events
Kinds = dict[str, tuple[str, str | None]]
Asked = Callable[[Path], Kinds]
UNUSUAL = pytest.mark.skipif(IS_WINDOWS, reason="needs links, or names that cannot be made there")


@pytest.fixture
def asked(watched: Path) -> Asked:
    """Return what asks for the kinds of what changed since the fixture was made, or last asked."""
    client = Client(watched)
    token = [client.query(kinds=True).token]

    def ask(_: Path) -> Kinds:
        answer = client.query(token[0], kinds=True)
        token[0] = answer.token
        assert answer.changes is not None, answer.reason
        return {os.fsdecode(each.path): (each.kind, each.type) for each in answer.changes}

    return ask


def test_paths_are_created_modified_and_deleted(watched: Path, asked: Asked) -> None:
    """The simplest of each."""
    (watched / "new").touch()
    (watched / "folder").mkdir()
    (watched / "folder" / "inside").touch()
    (watched / "top").write_text("other")
    (watched / "dir" / "one").unlink()

    found = asked(watched)

    assert found.pop("dir/", None) in (None, ("modified", "directory"))  # where it is compared
    assert found == {
        "new": ("created", "file"),
        "folder/": ("created", "directory"),
        "folder/inside": ("created", "file"),
        "top": ("modified", "file"),
        "dir/one": ("deleted", None),
    }


def test_a_file_that_is_saved_by_a_rename_is_modified(watched: Path, asked: Asked) -> None:
    """Many editors save so; the path was there all the time."""
    (watched / "top~").write_text("new")
    (watched / "top~").replace(watched / "top")

    found = asked(watched)

    assert found["top"] == ("modified", "file")
    assert found.get("top~", ("deleted", None)) == ("deleted", None)


def test_a_renamed_file_is_created_and_deleted(watched: Path, asked: Asked) -> None:
    """Under its two names."""
    (watched / "top").rename(watched / "renamed")

    found = asked(watched)

    assert found["renamed"] == ("created", "file")
    assert found["top"] == ("deleted", None)


def test_a_path_that_is_made_again_is_created(watched: Path, asked: Asked) -> None:
    """It came into being after the token, though it was there before."""
    (watched / "top").unlink()
    assert asked(watched)["top"] == ("deleted", None)
    (watched / "top").touch()
    assert asked(watched)["top"] == ("created", "file")
    (watched / "top").write_text("more")
    assert asked(watched)["top"] == ("modified", "file")


def test_what_comes_with_a_directory_is_created(watched: Path, asked: Asked) -> None:
    """No event names what is in it, and it was there under other names."""
    (watched / "dir").rename(watched / "moved")

    found = asked(watched)

    assert found["dir/"] == ("deleted", None)
    assert found["moved/"] == ("created", "directory")
    assert found["moved/deep/three"] == ("created", "file")
    (watched / "moved" / "one").write_text("later")
    assert asked(watched)["moved/one"] == ("modified", "file")


def test_a_directory_takes_the_place_of_a_file_and_back(watched: Path, asked: Asked) -> None:
    """`name` and `name/` are two paths."""
    (watched / "top").unlink()
    (watched / "top").mkdir()
    found = asked(watched)
    assert (found["top"], found["top/"]) == (("deleted", None), ("created", "directory"))

    (watched / "top").rmdir()
    (watched / "top").touch()
    found = asked(watched)
    assert (found["top"], found["top/"]) == (("created", "file"), ("deleted", None))


@UNUSUAL
def test_types_are_those_of_the_paths_themselves(watched: Path, asked: Asked) -> None:
    """A link is not what it leads to, and what is below a link is not in the tree."""
    (watched / "link").symlink_to("dir")
    (watched / "dangling").symlink_to("nowhere")
    if sys.platform != "win32":  # tells the type checker
        os.mkfifo(watched / "fifo")
    found = asked(watched)
    assert found["link"] == ("created", "symlink")
    assert found["dangling"] == ("created", "symlink")
    assert found["fifo"] == ("created", "other")

    (watched / "dir").rename(watched / "elsewhere")
    (watched / "dir").symlink_to("elsewhere")
    found = asked(watched)
    assert found["dir/"] == ("deleted", None)
    assert found["dir"] == ("created", "symlink")
    assert all(kind == "deleted" for path, (kind, _) in found.items() if path.startswith("dir/"))


def test_kinds_outlive_the_daemon(watched: Path, asked: Asked) -> None:
    """What happened before it ended, and what happened meanwhile."""
    (watched / "before").touch()
    (watched / "top").write_text("other")
    fsmond("stop", watched)
    (watched / "meanwhile").touch()
    (watched / "dir" / "one").unlink()

    found = asked(watched)

    assert found["before"] == found["meanwhile"] == ("created", "file")
    assert found["top"] == ("modified", "file")
    assert found["dir/one"] == ("deleted", None)


def test_everything_has_no_changes(watched: Path) -> None:
    """Not an empty list, which would mean that there are none."""
    answer = Client(watched).query(kinds=True)

    assert (answer.everything, answer.paths, answer.changes) == (True, None, None)


def test_an_answer_with_kinds_has_the_paths_as_well(watched: Path) -> None:
    """So code for paths works with it."""
    client = Client(watched)
    token = client.query(kinds=True).token
    (watched / "new").touch()

    answer = client.query(token, kinds=True)

    assert answer.changes == [Change(b"new", "created", "file")]
    assert answer.paths == [b"new"]


@UNUSUAL
def test_the_command_prints_kinds_in_three_forms(watched: Path) -> None:
    """As `git diff --name-status` does, for scripts, and for programs."""
    token = fsmond("query", watched, "--kinds").stdout.splitlines()[0]
    (watched / "new\nline").touch()

    text = fsmond("query", watched, "--kinds", "--since", token).stdout
    raw = fsmond("query", watched, "--kinds", "-z", "--since", token).stdout
    found = json.loads(fsmond("query", watched, "--kinds", "--json", "--since", token).stdout)

    assert text.splitlines()[1:] == ['A\t"new\\nline"']
    assert raw.split("\0")[1:] == ["A", "new\nline", ""]
    assert "paths" not in found
    assert found["changes"] == [{"path": "new\nline", "kind": "created", "type": "file"}]
    everything = json.loads(fsmond("query", watched, "--kinds", "--json").stdout)
    assert (everything["everything"], everything["changes"]) == (True, [])
