"""What goes to standard output."""

import contextlib
import os
import sys

import pytest
from systems import IS_WINDOWS, of_windows

from fsmond.cli.output import write, write_line


@pytest.mark.parametrize("data", [b"", b"token\0path\0", bytes(range(256))])
def test_bytes_are_written_as_they_are(
    capfdbinary: pytest.CaptureFixture[bytes], data: bytes
) -> None:
    """A path need not be text."""
    write(data)

    assert capfdbinary.readouterr().out == data


@pytest.mark.skipif(IS_WINDOWS, reason="there it is Python's own stream that sees to it")
def test_all_is_written_however_little_the_system_takes_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pipe may take a part of what it is given."""
    taken: list[bytes] = []

    def take_three(_: int, data: memoryview) -> int:
        taken.append(bytes(data[:3]))
        return len(taken[-1])

    monkeypatch.setattr(os, "write", take_three)

    write(b"12345678")

    assert taken == [b"123", b"456", b"78"]


def test_text_may_hold_a_path_that_is_none(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """It comes out as the bytes it was made of."""
    path = b"/\xed\xa0\x80" if IS_WINDOWS else b"/caf\xe9"

    write_line(os.fsdecode(b"watching " + path))

    assert capfdbinary.readouterr().out == b"watching " + path + b"\n"


@of_windows
def test_a_pipe_that_nobody_reads_is_a_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows calls it an invalid argument, which is no reason to complain."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stdout", stream)

    with pytest.raises(BrokenPipeError):
        write(b"x")
    with contextlib.suppress(OSError):
        stream.close()
