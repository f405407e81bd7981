"""metro-file-map, by which Metro, React Native's bundler, finds files and watches them.

It crawls by Watchman only if that has `suffix-set`, which 4.9 lacks.
"""

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from support.clients.consoles import Console, console_of
from support.clients.driving import Environment, Program
from support.clients.installing import Clients
from support.clients.serving import watched_roots

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("suffix_set")]

VERSION = "metro-file-map@0.84.6"  # the last one for node 20
PROGRAM = Path(__file__).with_name("programs") / "metro.js"
FILES = ["one.js", "lib/two.json", "lib/.hidden/three.js", "app/four.js"]
Start = Callable[..., AbstractContextManager[Program]]


@pytest.fixture
def project(tree: Path) -> Path:
    """Provide a tree with files that Metro looks for, a link, and others."""
    for name in [*FILES, "lib/other.txt"]:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    (tree / "lib" / "link").symlink_to("two.json")
    (tree / ".watchmanconfig").write_text("{}")
    return tree


@pytest.fixture
def start(
    clients: Clients, watchman: Environment, project: Path, tmp_path: Path
) -> Iterator[Start]:
    """Provide a function that starts Metro's crawler and watcher, with one cache.

    Metro does without a server that it cannot use, so that is checked at the end.
    """
    env = {**watchman, "NODE_PATH": str(clients.node(VERSION))}
    cache = tmp_path / "cache"
    cache.mkdir()

    def start(*roots: str, links: Collection[str] = ()) -> Program:
        options = json.dumps({"roots": roots, "links": list(links)})
        return Program(["node", PROGRAM, project, cache, options], cwd=project, env=env)

    yield start
    assert watched_roots(watchman) == [str(project)]


def printed(kind: str, metro: Program) -> Any:
    """Return the next value of a kind that the program prints."""
    value = json.loads(metro.expect(rf"^{kind} (.*)\n")[1])
    assert "Watchman crawl failed" not in metro.output
    return value


def digest(content: str) -> str:
    """Return what Metro knows of a file."""
    return sha1(content.encode()).hexdigest()


def test_a_crawl_finds_files_by_suffix(start: Start) -> None:
    """With the SHA-1 of each, for which Metro does not read the files."""
    with start("") as metro:
        assert printed("files", metro) == {name: digest(name) for name in FILES}


@pytest.mark.parametrize("links", [[], ["lib/link"]], ids=["no links", "links"])
def test_a_crawl_of_parts_of_a_project(start: Start, links: list[str]) -> None:
    """Each is found to be a part of the same watched root, and asked for by globs."""
    with start("lib", "app", links=links) as metro:
        assert printed("files", metro).keys() == {*FILES, *links} - {"one.js"}


def test_a_crawl_finds_links(start: Start) -> None:
    """Metro asks for the whole tree then, and for each file's type."""
    with start("", links=["lib/link"]) as metro:
        assert printed("files", metro).keys() == {*FILES, "lib/link"}


def test_changes_are_reported(start: Start, project: Path) -> None:
    """The type tells what is new from what was there."""
    with start("") as metro:
        printed("files", metro)
        (project / "one.js").write_text("changed")
        assert printed("change", metro) == {"added": [], "modified": ["one.js"], "removed": []}
        (project / "app" / "new.js").touch()
        assert printed("change", metro)["added"] == ["app/new.js"]
        (project / "app" / "new.js").unlink()
        assert printed("change", metro)["removed"] == ["app/new.js"]


def test_a_second_crawl_asks_what_changed(start: Start, project: Path) -> None:
    """Metro stores the clock beside what it found."""
    with start("") as metro:
        printed("files", metro)
        printed("health", metro)  # by when the cache is written
    (project / "one.js").unlink()
    (project / "lib").rename(project / "moved")
    (project / "app" / "four.js").write_text("changed")

    with start("") as metro:
        assert printed("files", metro) == {
            "moved/two.json": digest("lib/two.json"),
            "moved/.hidden/three.js": digest("lib/.hidden/three.js"),
            "app/four.js": digest("changed"),
        }


def test_the_watcher_is_healthy(start: Start) -> None:
    """Metro writes files regularly, and warns if it is not told of them."""
    with start("") as metro:
        assert printed("health", metro) == "success"
        assert printed("health", metro) == "success"


@pytest.fixture
def console(clients: Clients, watchman: Environment, project: Path) -> Iterator[Console]:
    """Provide another client."""
    command, env = console_of("pywatchman", clients, watchman)
    with Program(command, cwd=project, env=env) as program:
        yield Console(program)


def test_changes_wait_for_the_end_of_an_update(
    start: Start, project: Path, console: Console
) -> None:
    """So that Metro does not build what is half updated."""
    with start("") as metro:
        printed("files", metro)
        printed("health", metro)
        console.ask("state-enter", str(project), "hg.update")
        (project / "one.js").write_text("changed")
        console.ask("clock", str(project), {"sync_timeout": 5000})
        assert "change {" not in metro.output, metro.output
        console.ask("state-leave", str(project), "hg.update")
        assert printed("change", metro)["modified"] == ["one.js"]
