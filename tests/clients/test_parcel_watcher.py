"""@parcel/watcher, by which Parcel, Nx and others ask for events, with its backend for Watchman."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clients.driving import Environment, Program, run
from support.clients.installing import Clients
from support.clients.serving import unnamed, watched_roots

pytestmark = pytest.mark.slow

VERSION = "@parcel/watcher@2.6.0"
PROGRAM = Path(__file__).with_name("programs") / "parcel_watcher.js"


@pytest.fixture
def env(clients: Clients, watchman: Environment) -> Environment:
    """Return the environment of the programs."""
    return {**watchman, "NODE_PATH": str(clients.node(VERSION))}


@pytest.fixture
def filled(tree: Path) -> Path:
    """Provide a tree with files."""
    (tree / "sub").mkdir()
    (tree / "file").write_text("first")
    (tree / "sub" / "d\u00e9").write_text("first")
    return tree


@pytest.fixture
def subscribed(env: Environment, filled: Path) -> Iterator[Program]:
    """Provide a program that prints each event."""
    with Program(["node", PROGRAM, "subscribe", filled], cwd=filled, env=env) as program:
        program.expect("^subscribed")
        yield program
    # It uses another backend if it cannot use this one.
    assert watched_roots(env) == [str(filled)]


def test_events_since_a_snapshot(env: Environment, filled: Path, tmp_path: Path) -> None:
    """A snapshot is the server's clock, and a later process asks what changed since."""
    snapshot = tmp_path / "snapshot"

    def events() -> list[tuple[str, str]]:
        printed = run(["node", PROGRAM, "since", filled, snapshot], cwd=filled, env=unnamed(env))
        listed = json.loads(printed.removeprefix("events "))
        return sorted(
            (event["type"], str(Path(event["path"]).relative_to(filled))) for event in listed
        )

    run(["node", PROGRAM, "write", filled, snapshot], cwd=filled, env=env)
    assert events() == []
    (filled / "file").write_text("changed")
    (filled / "new").touch()
    (filled / "sub" / "d\u00e9").unlink()

    assert events() == [("create", "new"), ("delete", "sub/d\u00e9"), ("update", "file")]
    assert re.fullmatch(r"c:[\d:]+", snapshot.read_text().strip("\0\n"))
    assert watched_roots(env) == [str(filled)]


def test_each_event_has_a_type(subscribed: Program, filled: Path) -> None:
    """It follows from the fields `new` and `exists`."""
    (filled / "new").write_text("new")
    subscribed.expect(f'^create "{filled}/new"')
    (filled / "new").write_text("changed")
    subscribed.expect(f'^update "{filled}/new"')
    (filled / "new").unlink()
    subscribed.expect(f'^delete "{filled}/new"')


def test_a_moved_directory(subscribed: Program, filled: Path) -> None:
    """All below it disappears there, and appears here."""
    (filled / "sub").rename(filled / "moved")

    subscribed.expect_lines(
        f'delete "{filled}/sub"',
        f'delete "{filled}/sub/d\u00e9"',
        f'create "{filled}/moved"',
        f'create "{filled}/moved/d\u00e9"',
    )


def test_a_subscription_can_be_ended(subscribed: Program, filled: Path) -> None:
    """The program waits for the answer to that."""
    (filled / "new").touch()
    subscribed.expect(f'^create "{filled}/new"')

    subscribed.end_input()
    subscribed.expect("^unsubscribed")
