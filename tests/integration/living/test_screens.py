"""What a person sees in a terminal."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import fsmond, make_repository, until

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

assert sys.platform != "win32"  # tells the type checker
from integration.living.terminal import Terminal


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """Return a tree that is watched."""
    root = tmp_path / "tree"
    make_repository(root)
    assert fsmond("start", root).returncode == 0
    until(lambda: str(root) in fsmond("list").stdout)
    yield root
    fsmond("stop", root)


@pytest.mark.usefixtures("tree")
def test_a_list_is_a_table() -> None:
    """With a line of titles, and colours."""
    with Terminal(["list"]) as screen:
        assert screen.end() == 0

    titles, *rows = screen.lines
    assert titles.split() == ["TREE", "PROCESS", "STATE", "DIRECTORIES", "MEMORY", "RUNNING"]
    assert any("ready" in row and "MB" in row for row in rows)
    assert screen.color_of("ready") == "green"


def test_a_status_shows_its_state_in_a_colour(tree: Path) -> None:
    """The text is the same as elsewhere; a variable leaves the colours out."""
    until(lambda: "ready" in fsmond("status", tree).stdout)
    with (
        Terminal(["status", str(tree)]) as screen,
        Terminal(["status", str(tree)], NO_COLOR="1") as plain,
    ):
        assert screen.end() == plain.end() == 0

    assert screen.color_of("ready") == "green"
    assert plain.color_of("ready") == "default"
    assert any(line.startswith("index        ready") for line in screen.lines)
    assert "\x1b" not in fsmond("status", tree).stdout


@pytest.mark.usefixtures("tree")
def test_colours_can_be_left_out() -> None:
    """By an option, or by the variable that all such programs know."""
    with (
        Terminal(["list", "--color", "never"]) as by_option,
        Terminal(["list"], NO_COLOR="1") as by_variable,
    ):
        assert by_option.end() == by_variable.end() == 0

    assert by_option.color_of("ready") == by_variable.color_of("ready") == "default"


def test_top_shows_daemons_and_what_changes(tree: Path) -> None:
    """And goes on until it is interrupted.

    Of this tree alone: to ask the daemons of other tests would disturb those.
    """
    (tree / "dir").mkdir()
    with Terminal(["top", str(tree)]) as screen:
        screen.until("CHANGES")
        screen.until("ready")
        (tree / "dir" / "changed-just-now").touch()
        screen.until("dir/changed-just-now")
        screen.type(b"\x03")
        assert screen.end() == 130


def test_top_shows_one_look_where_there_is_no_terminal(tree: Path) -> None:
    """A program need not interrupt it."""
    done = fsmond("top", tree)

    assert done.returncode == 0
    assert str(tree) in done.stdout.replace("\n", "")


def test_doctor_has_colours(tree: Path) -> None:
    """What needs doing is seen at once."""
    with Terminal(["doctor", str(tree)]) as screen:
        assert screen.end() == 0
        assert screen.color_of("ok ") == "green"
        assert screen.lines[-1] == "no problems"
    with Terminal(["doctor", str(tree / "gone")]) as screen:
        assert screen.end() == 1
        assert screen.color_of("problem") == "red"
