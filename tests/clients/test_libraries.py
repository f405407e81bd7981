"""The libraries by which most programs reach Watchman, in each encoding that they use."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.clients.consoles import LIBRARIES, Console, console_of
from support.clients.driving import Environment, Program
from support.clients.installing import Clients
from support.clients.serving import unnamed

pytestmark = pytest.mark.slow

Connect = Callable[[], Console]


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    """Return the name of a library."""
    return str(request.param)


@pytest.fixture
def connect(library: str, clients: Clients, watchman: Environment, tree: Path) -> Iterator[Connect]:
    """Provide a function that connects once more to the server."""
    command, env = console_of(library, clients, watchman)
    with ExitStack() as stack:

        def connect() -> Console:
            return Console(stack.enter_context(Program(command, cwd=tree, env=env)))

        yield connect


@pytest.fixture
def console(connect: Connect) -> Console:
    """Provide a connection."""
    return connect()


@pytest.fixture
def root(console: Console, tree: Path) -> str:
    """Provide a watched directory with a file, a directory, and a file in that."""
    (tree / "sub").mkdir()
    (tree / "top.txt").write_text("top")
    (tree / "sub" / "d\u00e9.js").write_text("deep")
    assert console.ask("watch", str(tree))["watch"] == str(tree)
    return str(tree)


def test_the_command_says_where_the_server_is(
    library: str, clients: Clients, watchman: Environment, tree: Path
) -> None:
    """Few people set WATCHMAN_SOCK: clients run the command that is in PATH."""
    command, env = console_of(library, clients, watchman)

    with Program(command, cwd=tree, env=unnamed(env)) as program:
        assert Console(program).ask("get-sockname")["sockname"] == env["WATCHMAN_SOCK"]


def test_capabilities_are_optional_or_required(console: Console) -> None:
    """Clients refuse servers without what they require, and avoid what is optional."""
    optional = ["wildmatch", "cmd-watch-project", "no-such-thing"]

    answer = console.ask("version", {"optional": optional, "required": ["relative_root"]})
    error = console.ask("version", {"required": ["no-such-thing"]})["error"]

    assert answer["capabilities"] == {
        "wildmatch": True,
        "cmd-watch-project": True,
        "no-such-thing": False,
        "relative_root": True,
    }
    assert "no-such-thing" in error


def test_a_directory_that_is_not_watched_is_an_error(console: Console, tree: Path) -> None:
    """Mercurial, and the hook that comes with git, look for these words and then watch it."""
    error = console.ask("query", str(tree), {"fields": ["name"]})["error"]

    assert f"unable to resolve root {tree}: directory {tree} is not watched" in error


def test_a_project_is_watched_as_a_whole(console: Console, tree: Path) -> None:
    """A client in a subdirectory shares the watch, and is told where in it that is."""
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / ".watchmanconfig").write_text("{}")

    answer = console.ask("watch-project", str(tree / "deep" / "er"))

    assert (answer["watch"], answer["relative_path"]) == (str(tree), "deep/er")
    assert "relative_path" not in console.ask("watch-project", str(tree))


def test_one_field_gives_values_and_several_give_objects(console: Console, root: str) -> None:
    """So it is documented, and clients rely on it."""
    files = ["allof", ["type", "f"], ["match", "**/*.js", "wholename"]]

    names = console.ask("query", root, {"expression": files, "fields": ["name"]})
    objects = console.ask("query", root, {"expression": files, "fields": ["name", "size"]})

    assert names["files"] == ["sub/d\u00e9.js"]
    assert objects["files"] == [{"name": "sub/d\u00e9.js", "size": 4}]
    assert names["is_fresh_instance"]


def test_a_clock_is_a_point_in_history(console: Console, root: str, tree: Path) -> None:
    """A query with it gives what changed since, and what was deleted."""
    clock = console.ask("clock", root, {"sync_timeout": 5000})["clock"]
    (tree / "top.txt").unlink()
    (tree / "new").write_text("new")

    query = {"since": clock, "expression": ["type", "f"], "fields": ["name", "exists", "new"]}
    answer = console.ask("query", root, query)

    assert sorted(answer["files"], key=lambda file: str(file["name"])) == [
        {"name": "new", "exists": True, "new": True},
        {"name": "top.txt", "exists": False, "new": False},
    ]
    assert not answer["is_fresh_instance"]


def test_a_subscription_begins_with_all_files(console: Console, root: str, tree: Path) -> None:
    """Then it reports each change, until it is cancelled."""
    console.ask("subscribe", root, "mine", {"expression": ["type", "f"], "fields": ["name"]})
    first = console.event()
    (tree / "sub" / "new").touch()
    second = console.event()
    answer = console.ask("unsubscribe", root, "mine")
    (tree / "unseen").touch()
    console.ask("clock", root, {"sync_timeout": 5000})

    assert (first["subscription"], first["root"]) == ("mine", root)
    assert sorted(first["files"]) == ["sub/d\u00e9.js", "top.txt"]
    assert first["is_fresh_instance"]
    assert second["files"] == ["sub/new"]
    assert answer["deleted"]
    assert not console.unread()


def test_a_state_holds_events_back(connect: Connect, root: str, tree: Path) -> None:
    """A program that updates many files says so; subscribers may wait until it has done."""
    updating, waiting = connect(), connect()
    clock = waiting.ask("clock", root, {"sync_timeout": 5000})["clock"]
    query = {"since": clock, "fields": ["name"], "defer": ["update"]}
    waiting.ask("subscribe", root, "waiting", query)

    updating.ask("state-enter", root, {"name": "update", "metadata": {"to": 1}})
    (tree / "new").touch()
    entered = waiting.event()
    waiting.ask("clock", root, {"sync_timeout": 5000})
    held_back = waiting.unread()
    updating.ask("state-leave", root, {"name": "update", "metadata": {"to": 2}})

    assert (entered["state-enter"], entered["metadata"]) == ("update", {"to": 1})
    assert not [event for event in held_back if "files" in event]
    left = waiting.event()
    assert (left["state-leave"], left["metadata"]) == ("update", {"to": 2})
    assert waiting.names_of_events(1) == {"new"}
