"""Programs that send commands by a library for Watchman's clients, and print what comes back."""

import json
import time
from pathlib import Path
from typing import Any

from support.clients.driving import SOON, Command, Environment, Program
from support.clients.installing import Clients

PROGRAMS = Path(__file__).parents[2] / "clients" / "programs"
FB_WATCHMAN = "fb-watchman@2.0.4"
PYWATCHMAN = "pywatchman==4.0.0"
LIBRARIES = ["pywatchman", "pywatchman with JSON", "fb-watchman"]


class Console:
    """Sends commands by a library."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._seen = {"answer": 0, "event": 0}

    def ask(self, *command: object) -> dict[str, Any]:
        """Return the answer to a command."""
        self._program.type(json.dumps(command) + "\n")
        return self._next("answer")

    def event(self) -> dict[str, Any]:
        """Wait for the next event."""
        return self._next("event")

    def names_of_events(self, count: int) -> set[str]:
        """Wait for so many files in events; return their names."""
        names: set[str] = set()
        deadline = time.monotonic() + SOON
        while len(names) < count and time.monotonic() < deadline:
            files = self.event().get("files", [])
            names |= {file if isinstance(file, str) else file["name"] for file in files}
        return names

    def unread(self) -> list[dict[str, Any]]:
        """Return the events that came and were not waited for."""
        return self._printed("event")[self._seen["event"] :]

    def _next(self, kind: str) -> dict[str, Any]:
        deadline = time.monotonic() + SOON
        while len(printed := self._printed(kind)) <= self._seen[kind]:
            is_late = time.monotonic() > deadline or self._program.code is not None
            assert not is_late, f"no {kind} came:\n{self._program.output}"
            time.sleep(0.02)
        self._seen[kind] += 1
        return printed[self._seen[kind] - 1]

    def _printed(self, kind: str) -> list[dict[str, Any]]:
        # The last line may not have been printed as a whole yet.
        lines = self._program.output.split("\n")[:-1]
        return [json.loads(line[len(kind) :]) for line in lines if line.startswith(f"{kind} ")]


def console_of(library: str, clients: Clients, env: Environment) -> tuple[Command, Environment]:
    """Return the command that starts the console of a library, and its environment."""
    if library == "fb-watchman":
        modules = clients.node(FB_WATCHMAN)
        return ["node", PROGRAMS / "console.js"], {**env, "NODE_PATH": str(modules)}
    encoding = "json" if library == "pywatchman with JSON" else "bser"
    python = clients.python(PYWATCHMAN) / "python"
    return [python, PROGRAMS / "console.py"], {**env, "WATCHMAN_ENCODING": encoding}
