"""Commands that run after a change.

After https://facebook.github.io/watchman/docs/cmd/trigger.
"""

import json
import logging
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import IO, NamedTuple, cast

from fsmond.watchman.errors import CommandError
from fsmond.watchman.query import fields, specification
from fsmond.watchman.query.hashes import Hashes
from fsmond.watchman.query.run import Result, run
from fsmond.watchman.trees import clocks
from fsmond.watchman.watches.watch import Watch
from fsmond.watchman.wire.framing import JSON, encode
from fsmond.watchman.wire.values import Rows, Value

_SETTLE = 0.02  # seconds without a change before the command runs, unless the tree says other
_MAX_WAIT = 1.0  # seconds after which it runs in any case
_MAX_ARGUMENTS = 100_000  # bytes of names that are appended to a command; systems allow more

_log = logging.getLogger(__name__)


class _Spec(NamedTuple):
    name: str
    command: tuple[str, ...]
    append_files: bool
    stdin: object
    max_files: int | None
    """Of those on standard input."""
    outputs: tuple[str | None, str | None]
    chdir: str | None


class Trigger:
    """Has one thread, `fsmond-trigger`, started by `start` and ended by `cancel`.

    It ends when the command that it runs has ended, and is not waited for.
    """

    def __init__(self, spec: Mapping[str, object], watch: Watch, hashes: Hashes) -> None:
        """Raise CommandError for a definition that is not valid."""
        self.spec = spec
        self._parsed = _parsed(spec)
        self.name = self._parsed.name
        self._watch = watch
        self._hashes = hashes
        listed = spec.get("stdin")
        wanted = listed if isinstance(listed, list) else [fields.NAME]
        self._query = specification.read(
            {
                "expression": spec.get("expression", "true"),
                "fields": wanted,
                "relative_root": spec.get("relative_root"),
                **({"case_sensitive": spec["case_sensitive"]} if "case_sensitive" in spec else {}),
            },
            watch.tree.root,
            case_sensitive=watch.tree.config.case_sensitive,
        )
        self._clock: str | None = None
        self._wakeup = threading.Event()
        self._is_cancelled = False
        self._thread = threading.Thread(target=self._run, name="fsmond-trigger", daemon=True)

    @property
    def definition(self) -> Mapping[str, Value]:
        """What was registered, as JSON has it."""
        return cast("Mapping[str, Value]", self.spec)

    def start(self) -> None:
        """Begin: what is there already is as if it had just changed."""
        self._wakeup.set()
        self._watch.add(self)
        self._thread.start()

    def note_change(self) -> None:
        """See Listener."""
        self._wakeup.set()

    def note_failure(self) -> None:
        """See Listener."""
        self._wakeup.set()

    def note_state(self, fields: Mapping[str, Value]) -> None:
        """See Listener."""

    def cancel(self) -> None:
        """See Listener.  Harmless when repeated."""
        self._is_cancelled = True
        self._watch.remove(self)
        self._wakeup.set()

    def _run(self) -> None:
        while not self._is_cancelled:
            self._wakeup.wait()
            self._settle()
            if self._is_cancelled:
                return
            try:
                self._look()
            except (CommandError, OSError, ValueError) as error:
                _log.error("trigger %s of %s: %s", self.name, self._watch.tree.path, error)

    def _settle(self) -> None:
        """Wait until nothing changes, but not for ever: a command is to find whole files."""
        deadline = time.monotonic() + _MAX_WAIT
        settle = _SETTLE if (set_ := self._watch.tree.config.settle) is None else set_
        self._wakeup.clear()
        while time.monotonic() < deadline and self._wakeup.wait(settle):
            self._wakeup.clear()

    def _look(self) -> None:
        tree = self._watch.tree
        since = None if self._clock is None else clocks.read(self._clock, tree.root)
        result = run(tree, self._query._replace(since=since), self._hashes)
        before, self._clock = self._clock, result.clock
        if result.size:
            self._spawn(result, before)

    def _spawn(self, result: Result, before: str | None) -> None:
        """Run the command, and wait for its end: what changes meanwhile is its next run."""
        spec, tree = self._parsed, self._watch.tree
        files = list(result.files.objects() if isinstance(result.files, Rows) else _listed(result))
        overflow = spec.max_files is not None and len(files) > spec.max_files
        given = files[: spec.max_files]
        command: list[str | bytes] = [
            *spec.command,
            *(_appended(given) if spec.append_files else []),
        ]
        relative = os.fsdecode(self._query.relative_root[:-1])
        directory = os.path.join(tree.path, relative)
        environment = {
            **os.environ,
            "WATCHMAN_ROOT": tree.path,
            "WATCHMAN_TRIGGER": self.name,
            "WATCHMAN_CLOCK": result.clock,
            **({"WATCHMAN_SINCE": before} if before else {}),
            **({"WATCHMAN_RELATIVE_ROOT": directory} if relative else {}),
            **({"WATCHMAN_FILES_OVERFLOW": "true"} if overflow else {}),
        }
        _log.info("%s: posix_spawnp: %s", tree.path, self.name)  # as Watchman logs it
        with ExitStack() as stack:
            file = stack.enter_context(tempfile.TemporaryFile())
            _fill(file, spec, given)
            subprocess.run(
                command,
                cwd=os.path.join(directory, spec.chdir or ""),
                env=environment,
                stdin=file,
                stdout=_opened(stack, directory, spec.outputs[0]),
                stderr=_opened(stack, directory, spec.outputs[1]),
                check=False,
            )


def _listed(result: Result) -> Sequence[Value]:
    return result.files if isinstance(result.files, list) else []


def _appended(files: Sequence[Value]) -> list[bytes]:
    """Return the names to append to a command, as many as a system takes."""
    found, size = [], 0
    for each in files:
        name = each.get(fields.NAME) if isinstance(each, Mapping) else each
        if isinstance(name, bytes) and size + len(name) < _MAX_ARGUMENTS:
            found.append(name)
            size += len(name) + 1
    return found


def _fill(file: IO[bytes], spec: _Spec, files: Sequence[Value]) -> None:
    """Write what the command reads."""
    if isinstance(spec.stdin, list):
        file.write(encode(list(files), JSON))
    elif spec.stdin == "NAME_PER_LINE":
        file.writelines(each + b"\n" for each in files if isinstance(each, bytes))
    file.seek(0)


def _opened(stack: ExitStack, directory: str, target: str | None) -> IO[bytes] | None:
    """Open a file for output: `>name` or `>>name`."""
    if target is None:
        return None
    mode = "ab" if target.startswith(">>") else "wb"
    return cast(
        "IO[bytes]", stack.enter_context(open(os.path.join(directory, target.lstrip(">")), mode))
    )


def _parsed(spec: Mapping[str, object]) -> _Spec:
    name, command = spec.get("name"), spec.get("command")
    if not isinstance(name, str) or not name:
        raise CommandError("invalid or missing name")
    words = [each for each in command if isinstance(each, str)] if isinstance(command, list) else []
    if not words or not isinstance(command, list) or len(words) != len(command):
        raise CommandError("invalid command array")
    stdin = spec.get("stdin", "/dev/null")
    if not isinstance(stdin, list) and stdin not in ("/dev/null", "NAME_PER_LINE"):
        raise CommandError(f"invalid stdin value {json.dumps(stdin)[:80]}")
    maximum = spec.get("max_files_stdin")
    if maximum is not None and (not isinstance(maximum, int) or maximum < 0):
        raise CommandError("max_files_stdin must be >= 0")
    chdir = spec.get("chdir")
    if chdir is not None and not isinstance(chdir, str):
        raise CommandError("chdir must be a string")
    return _Spec(
        name,
        tuple(words),
        spec.get("append_files") is True,
        stdin,
        maximum or None,
        (_target(spec, "stdout"), _target(spec, "stderr")),
        chdir,
    )


def _target(spec: Mapping[str, object], name: str) -> str | None:
    value = spec.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.startswith(">"):
        raise CommandError(f"{name}: must be prefixed with either > or >>, got {str(value)[:80]}")
    return value
