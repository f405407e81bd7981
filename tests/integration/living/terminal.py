"""Run the command in a terminal, and read its screen as a person does."""

import sys

assert sys.platform != "win32"

import fcntl
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import pyte
from support.running import FSMOND, LONG

COLUMNS, LINES = 100, 30


class Terminal:
    """A command in a pseudo-terminal of its own; a context manager that ends it."""

    def __init__(
        self, arguments: Sequence[str | Path], *, cwd: Path | None = None, **environment: str
    ) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self.screen)
        self._reader, writer = os.openpty()
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            [*FSMOND, *map(str, arguments)],
            stdin=writer,
            stdout=writer,
            stderr=writer,
            cwd=cwd,
            env={**_environment(), **environment},
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - one call, which takes no lock
        )
        os.close(writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LONG)
        os.close(self._reader)

    @property
    def lines(self) -> list[str]:
        """The lines on the screen, without what is empty at their ends."""
        found = [line.rstrip() for line in self.screen.display]
        while found and not found[-1]:
            found.pop()
        return found

    def until(self, text: str) -> None:
        """Wait until a text is on the screen."""
        deadline = time.monotonic() + LONG
        while not any(text in line for line in self.lines):
            assert time.monotonic() < deadline, self.lines
            self._read(0.1)

    def type(self, keys: bytes) -> None:
        """Type keys."""
        os.write(self._reader, keys)

    def end(self) -> int:
        """Read until the command ends; return its exit status."""
        deadline = time.monotonic() + LONG
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.lines
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.process.returncode

    def color_of(self, text: str) -> str:
        """Return the colour in which a text on the screen begins."""
        for number, line in enumerate(self.screen.display):
            if (at := line.find(text)) >= 0:
                found: Any = self.screen.buffer[number][at]
                return str(found.fg)
        raise AssertionError(f"{text!r} is not on the screen: {self.lines}")

    def _read(self, timeout: float) -> bool:
        if not select.select([self._reader], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self._reader, 65536)
        except OSError:  # nobody has the other end any longer
            return False
        self._stream.feed(data)
        return bool(data)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _environment() -> dict[str, str]:
    names = ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR", "CI")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return {**kept, "TERM": "xterm-256color"}
