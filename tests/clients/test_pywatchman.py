"""The programs that come with pywatchman."""

import time
from pathlib import Path

import pytest
from support.clients.consoles import PYWATCHMAN
from support.clients.driving import SOON, Command, Environment, Program, run_anyway
from support.clients.installing import Clients
from support.clients.serving import watched_roots

pytestmark = pytest.mark.slow


@pytest.fixture
def programs(clients: Clients) -> Path:
    """Return the folder of the programs."""
    return clients.python(PYWATCHMAN)


def provoke(program: Program, probe: Path) -> None:
    """Change a file until a program reports it, which may not have subscribed yet."""
    deadline = time.monotonic() + SOON
    while probe.name not in program.output:
        assert time.monotonic() < deadline, f"no change was reported:\n{program.output}"
        assert program.code is None, f"it exited with {program.code}:\n{program.output}"
        probe.write_text(str(time.monotonic()))
        time.sleep(0.1)
    program.expect(probe.name)


def test_wait_prints_each_change(programs: Path, watchman: Environment, tree: Path) -> None:
    """It subscribes with the fields that it is asked to print."""
    command: Command = [
        programs / "watchman-wait",
        "--max-events",
        "0",
        "--fields",
        "name,exists",
        ".",
    ]

    with Program(command, cwd=tree, env=watchman) as program:
        provoke(program, tree / "probe")
        (tree / "sub").mkdir()
        (tree / "sub" / "d\u00e9").touch()
        program.expect("^sub/d\u00e9 True$")
        (tree / "sub" / "d\u00e9").rename(tree / "moved")
        program.expect("^moved True$|^sub/d\u00e9 False$")
        program.expect("^moved True$|^sub/d\u00e9 False$")
    assert str(tree) in watched_roots(watchman)


def test_wait_for_patterns_in_several_trees(
    programs: Path, watchman: Environment, tree: Path
) -> None:
    """It has a subscription for each tree, on one connection."""
    other = tree.with_name("other")
    other.mkdir()
    patterns = ["--pattern", "**/*.c", "**/.hidden/*"]
    command: Command = [programs / "watchman-wait", "--max-events", "0", tree, other, *patterns]

    with Program(command, cwd=tree, env=watchman) as program:
        provoke(program, tree / "probe.c")
        (other / ".hidden").mkdir()
        (other / "unmatched").touch()
        (other / ".hidden" / "matched").touch()
        program.expect(r"^\.\./other/\.hidden/matched$")
        (other / "last.c").touch()
        program.expect(r"^\.\./other/last\.c$")
        assert "unmatched" not in program.output


def test_wait_ends_when_nothing_changes(programs: Path, watchman: Environment, tree: Path) -> None:
    """Nothing is reported that was there before, and 2 means a timeout."""
    (tree / "file").touch()

    command: Command = [programs / "watchman-wait", "--timeout", "1", "."]
    assert run_anyway(command, cwd=tree, env=watchman) == (2, "", "")


def test_make_runs_a_command_after_changes(
    programs: Path, watchman: Environment, tree: Path
) -> None:
    """Only after changes to files that match, in the part of a project where it was started."""
    part = tree / "part"
    part.mkdir()
    (tree / ".watchmanconfig").write_text("{}")
    run = "echo it-ran-in; basename $PWD; cat source.c"
    command: Command = [programs / "watchman-make", "--pattern", "**/*.c", "--run", run]

    with Program(command, cwd=part, env=watchman) as program:
        program.expect("# waiting for changes")
        (tree / "source.c").touch()
        (part / "unmatched").touch()
        time.sleep(0.5)  # more than it waits for further changes
        (part / "source.c").write_text("content")
        program.expect(r"^it-ran-in\npart\ncontent")
        program.expect("# waiting for changes")
        assert "No such file" not in program.output  # as if it had run for the others
    assert watched_roots(watchman) == [str(tree)]
