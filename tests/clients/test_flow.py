"""Flow, whose server is told by Watchman which files to check again.

It needs `suffix-set`, which Watchman 4.9 lacks.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clients.driving import SOON, Command, Environment, Program, run_anyway
from support.clients.installing import Clients
from support.clients.serving import watched_roots

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("suffix_set")]

VERSION = "flow-bin@0.336.0"
CLEAN, ERRORS = 0, 2  # exit codes of `flow status`


class Server:
    """A running Flow server, which can be asked for errors."""

    def __init__(self, flow: Path, root: Path, env: Environment) -> None:
        self._flow = flow
        self._root = root
        self._env = env

    def status(self) -> tuple[int, str]:
        """Return the exit code that says whether there are errors, and the errors."""
        command: Command = [self._flow, "status", "--no-auto-start", "--color", "never"]
        code, output, errors = run_anyway(command, cwd=self._root, env=self._env)
        return code, output + errors

    def expect(self, code: int, text: str) -> None:
        """Wait until the errors are such; the server checks a while after a file has changed."""
        deadline = time.monotonic() + SOON
        while (status := self.status())[0] != code or text not in status[1]:
            assert time.monotonic() < deadline, f"no {text!r} in {status}"
            time.sleep(0.1)


@pytest.fixture
def project(tree: Path) -> Path:
    """Provide a project without errors."""
    (tree / ".flowconfig").write_text("[options]\nall=true\n")
    (tree / "number.js").write_text("export const number: number = 1;\n")
    (tree / "user.js").write_text("import {number} from './number';\n(number as number);\n")
    return tree


@pytest.fixture
def server(
    clients: Clients, watchman: Environment, project: Path, tmp_path: Path
) -> Iterator[Server]:
    """Provide a server that has checked the project."""
    flow = clients.node(VERSION) / ".bin" / "flow"
    env = {**watchman, "FLOW_TEMP_DIR": str(tmp_path / "flow")}
    options = ["--file-watcher", "watchman", "--max-workers", "1", "--no-auto-restart"]
    with Program([flow, "server", *options], cwd=project, env=env) as program:
        program.expect("Spawned server")
        server = Server(flow, project, env)
        server.expect(CLEAN, "No errors")
        yield server
    assert watched_roots(watchman) == [str(project)]


def test_an_error_appears_and_disappears(server: Server, project: Path) -> None:
    """Flow checks a file that changed, and those that depend on it."""
    (project / "number.js").write_text("export const number: string = '1';\n")
    server.expect(ERRORS, "user.js:2:2")
    (project / "user.js").write_text("import {number} from './number';\n(number as string);\n")

    server.expect(CLEAN, "No errors")


def test_new_and_deleted_files(server: Server, project: Path) -> None:
    """Flow resolves names of modules, so it must know which files there are."""
    (project / "deep").mkdir()
    (project / "deep" / "new.js").write_text(
        "import {number} from '../number';\n(number as empty);"
    )
    server.expect(ERRORS, "deep/new.js:2:2")
    (project / "deep" / "new.js").unlink()
    server.expect(CLEAN, "No errors")
    (project / "number.js").rename(project / "deep" / "number.js")

    server.expect(ERRORS, "Cannot resolve module")
