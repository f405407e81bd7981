"""Jest, which crawls and watches by Watchman if there is one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clients.driving import Command, Environment, Program, run
from support.clients.installing import Clients
from support.clients.serving import unnamed, watched_roots
from support.running import git

pytestmark = pytest.mark.slow

VERSION = "jest@30.5.2"
PROGRAMS = Path(__file__).with_name("programs")
FILES = {
    "jest.config.js": "module.exports = {watchman: true, cacheDirectory: './.cache'};",
    ".gitignore": "/.cache\n",
    "sum.js": "module.exports = (a, b) => a + b;",
    "sum.test.js": "test('sums', () => expect(require('./sum')(1, 2)).toBe(3));",
    "other.js": "module.exports = 'other';",
    "deep/other.test.js": "test('other', () => expect(require('../other')).toBe('other'));",
}


@pytest.fixture
def modules(clients: Clients) -> Path:
    """Return the folder `node_modules` that has Jest."""
    return clients.node(VERSION)


@pytest.fixture
def env(watchman: Environment, modules: Path) -> Environment:
    """Return Jest's environment: with CI set, it would not watch."""
    without = {name: value for name, value in watchman.items() if name != "CI"}
    return {**without, "NODE_PATH": str(modules), "NO_COLOR": "1"}


@pytest.fixture
def project(tree: Path) -> Path:
    """Provide a committed project of two tests."""
    (tree / "deep").mkdir()
    for name, content in FILES.items():
        (tree / name).write_text(content)
    git(tree, "init", "--quiet")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message=first")
    return tree


@pytest.fixture
def watching(env: Environment, modules: Path, project: Path) -> Iterator[Program]:
    """Provide a Jest that runs tests when files change."""
    with Program([modules / ".bin" / "jest", "--watch"], cwd=project, env=env) as jest:
        jest.expect("No tests found related to files changed since last commit")
        yield jest


def test_a_change_runs_the_affected_tests(
    watching: Program, env: Environment, project: Path
) -> None:
    """Only those: Jest is told which file changed, and knows which test needs it."""
    (project / "sum.js").write_text("module.exports = (a, b) => a + b + 1;")
    watching.expect(r"FAIL \./sum\.test\.js")
    watching.expect("Tests: +1 failed, 1 total")
    (project / "sum.js").write_text("module.exports = (a, b) => b + a;")
    watching.expect(r"PASS \./sum\.test\.js")
    watching.expect("Tests: +1 passed, 1 total")

    assert "other.test.js" not in watching.output
    assert "Watchman crawl failed" not in watching.output
    assert str(project) in watched_roots(env)


def test_new_and_deleted_tests_are_noticed(watching: Program, project: Path) -> None:
    """They appear in and disappear from Jest's map of the files."""
    (project / "deep" / "new.test.js").write_text("test('new', () => {});")
    watching.expect("PASS deep/new.test.js")
    watching.expect("Tests: +1 passed, 1 total")
    (project / "deep" / "new.test.js").unlink()
    (project / "other.js").write_text("module.exports = 'changed';")

    watching.expect("FAIL deep/other.test.js")
    watching.expect("Tests: +1 failed, 1 total")


def test_the_map_of_files_follows_changes(
    env: Environment, modules: Path, project: Path, tmp_path: Path
) -> None:
    """A later crawl asks what changed since the clock that the first one stored.

    Jest stores the path of the socket as well, if the server had to be asked for it.
    """
    program = PROGRAMS / "jest_haste_map.js"
    command: Command = ["node", program, project, tmp_path / "cache"]

    def crawl() -> dict[str, str]:
        return dict(json.loads(run(command, cwd=modules, env=unnamed(env))))

    first = crawl()
    (project / "sum.js").unlink()
    (project / "other.js").write_text("changed")
    (project / "deep").rename(project / "moved")
    second = crawl()

    assert first.keys() == {name for name in FILES if name.endswith(".js")}
    assert second.keys() == {"jest.config.js", "sum.test.js", "other.js", "moved/other.test.js"}
    changed = {name for name in first.keys() & second.keys() if first[name] != second[name]}
    assert changed == {"other.js"}
    assert second["moved/other.test.js"] == first["deep/other.test.js"]
    assert str(project) in watched_roots(env)
