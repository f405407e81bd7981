"""Pyre, whose server is told by Watchman which files to check again."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clients.driving import SOON, Command, Environment, Program, run_anyway
from support.clients.installing import Clients
from support.clients.serving import watched_roots

pytestmark = pytest.mark.slow

VERSION = "pyre-check==0.10.0"
CLEAN, ERRORS = 0, 1  # exit codes of `pyre incremental`


class Server:
    """A running Pyre server, which can be asked for errors."""

    def __init__(self, pyre: Path, root: Path, env: Environment) -> None:
        self._command: Command = [
            pyre,
            "--noninteractive",
            "--output",
            "json",
            "incremental",
            "--no-start",
        ]
        self._root = root
        self._env = env

    def errors(self) -> set[str]:
        """Return the paths of the files that have errors."""
        code, output, errors = run_anyway(self._command, cwd=self._root, env=self._env)
        assert code in (CLEAN, ERRORS), errors
        return {error["path"] for error in json.loads(output)}

    def expect(self, *paths: str) -> None:
        """Wait until just these files have errors; Pyre checks a while after a file has changed."""
        deadline = time.monotonic() + SOON
        while (found := self.errors()) != set(paths):
            assert time.monotonic() < deadline, f"Pyre found errors in {found}"
            time.sleep(0.1)


@pytest.fixture
def project(tree: Path) -> Path:
    """Provide a project without errors."""
    settings = {"site_package_search_strategy": "none", "source_directories": ["."]}
    (tree / ".pyre_configuration").write_text(json.dumps(settings))
    (tree / ".watchmanconfig").write_text("{}")
    (tree / "number.py").write_text("number: int = 1\n")
    (tree / "user.py").write_text("from number import number\n\ncopy: int = number\n")
    return tree


@pytest.fixture
def server(clients: Clients, watchman: Environment, project: Path) -> Iterator[Server]:
    """Provide a server that has checked the project."""
    programs = clients.python(VERSION)
    command: Command = [programs / "pyre", "--noninteractive", "start", "--terminal"]
    with tempfile.TemporaryDirectory(prefix="fsmond-pyre-") as temporary:  # it has the socket
        path = f"{watchman['PATH']}{os.pathsep}{programs}"
        env = {**watchman, "PATH": path, "TMPDIR": temporary}
        with Program(command, cwd=project, env=env) as program:
            program.expect("Server state initialized")
            yield Server(programs / "pyre", project, env)
    assert watched_roots(watchman) == [str(project)]


def test_an_error_appears_and_disappears(server: Server, project: Path) -> None:
    """Pyre checks a file that changed, and those that depend on it."""
    server.expect()
    (project / "number.py").write_text("number: str = '1'\n")
    server.expect("user.py")
    (project / "user.py").write_text("from number import number\n\ncopy: str = number\n")

    server.expect()


def test_new_and_deleted_files(server: Server, project: Path) -> None:
    """Pyre resolves names of modules, so it must know which files there are."""
    (project / "deep").mkdir()
    (project / "deep" / "new.py").write_text("number: int = ''\n")
    server.expect("deep/new.py")
    (project / "deep" / "new.py").unlink()
    server.expect()
    (project / "number.py").rename(project / "deep" / "number.py")

    server.expect("user.py")
