"""relay-compiler, a program in Rust that uses the same library as Buck2, jj and Sapling.

It needs `suffix-set`, which Watchman 4.9 lacks.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clients.driving import Environment, Program, run
from support.clients.installing import Clients
from support.clients.serving import unnamed, watched_roots
from support.running import until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("suffix_set")]

VERSION = "relay-compiler@21.0.1"
CONFIG = '{"src": "./src", "schema": "./schema.graphql", "language": "javascript"}'
SCHEMA = "type Query { me: User }\ntype User { id: ID!, name: String, age: Int }\n"
ARTIFACTS = Path("src") / "__generated__"


def query(name: str, field: str) -> str:
    """Return a module with a query."""
    return (
        f"import {{graphql}} from 'relay-runtime';\ngraphql`query {name} {{ me {{ {field} }} }}`;\n"
    )


@pytest.fixture
def compiler(clients: Clients) -> Path:
    """Return the compiler's path."""
    return clients.node(VERSION) / ".bin" / "relay-compiler"


@pytest.fixture
def project(tree: Path) -> Path:
    """Provide a project with one query."""
    (tree / "src").mkdir()
    (tree / "relay.config.json").write_text(CONFIG)
    (tree / "schema.graphql").write_text(SCHEMA)
    (tree / "src" / "App.js").write_text(query("AppQuery", "name"))
    (tree / ".watchmanconfig").write_text("{}")
    return tree


@pytest.fixture
def watching(compiler: Path, watchman: Environment, project: Path) -> Iterator[Program]:
    """Provide a compiler that runs again when files change."""
    with Program([compiler, "--watch"], cwd=project, env=watchman) as program:
        program.expect("(?i)compilation completed")
        program.expect("(?i)watching for new changes")
        yield program


def test_queries_are_found_and_compiled(
    compiler: Path, watchman: Environment, project: Path
) -> None:
    """Once, and again after a change."""
    artifact = project / ARTIFACTS / "AppQuery.graphql.js"

    run([compiler], cwd=project, env=watchman)
    assert '"name"' in artifact.read_text()
    (project / "src" / "App.js").write_text(query("AppQuery", "age"))
    run([compiler], cwd=project, env=unnamed(watchman))

    assert '"age"' in artifact.read_text()
    assert watched_roots(watchman) == [str(project)]


def test_changes_are_compiled(watching: Program, project: Path) -> None:
    """A new query, a changed one, and one that was deleted."""
    artifacts = project / ARTIFACTS
    (project / "src" / "App.js").write_text(query("AppQuery", "age"))
    until(lambda: '"age"' in (artifacts / "AppQuery.graphql.js").read_text())
    (project / "src" / "deep").mkdir()
    (project / "src" / "deep" / "New.js").write_text(query("NewQuery", "id"))
    watching.expect("(?i)compilation completed")
    until(lambda: list((project / "src").rglob("NewQuery.graphql.js")))
    (project / "src" / "deep" / "New.js").unlink()

    until(lambda: not list((project / "src").rglob("NewQuery.graphql.js")))


def test_an_error_is_reported_and_forgotten(watching: Program, project: Path) -> None:
    """The compiler keeps watching, and the schema is watched as well."""
    (project / "src" / "App.js").write_text(query("AppQuery", "email"))
    watching.expect("email")
    watching.expect("(?i)compilation failed")
    (project / "schema.graphql").write_text(SCHEMA.replace("age", "email"))

    watching.expect("(?i)compilation completed")
    until(lambda: '"email"' in (project / ARTIFACTS / "AppQuery.graphql.js").read_text())
