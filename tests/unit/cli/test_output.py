"""Output to standard output."""

import contextlib
import os
import sys

import pytest
from support.systems import IS_WINDOWS, windows_only

from fsmond.cli.output import write, write_line


@pytest.mark.parametrize("data", [b"", b"token\0path\0", bytes(range(256))])
def test_bytes_are_written_unchanged(
    capfdbinary: pytest.CaptureFixture[bytes], data: bytes
) -> None:
    """A path need not be text."""
    write(data)

    assert capfdbinary.readouterr().out == data


@pytest.mark.skipif(IS_WINDOWS, reason="on Windows, Python's stream does this")
def test_all_data_is_written_however_little_the_system_accepts_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pipe may accept only a part."""
    taken: list[bytes] = []

    def take_three(_: int, data: memoryview) -> int:
        taken.append(bytes(data[:3]))
        return len(taken[-1])

    monkeypatch.setattr(os, "write", take_three)

    write(b"12345678")

    assert taken == [b"123", b"456", b"78"]


def test_a_line_may_hold_a_path_that_is_not_text(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """It is written as its original bytes."""
    path = b"/\xed\xa0\x80" if IS_WINDOWS else b"/caf\xe9"

    write_line(os.fsdecode(b"watching " + path))

    assert capfdbinary.readouterr().out == b"watching " + path + b"\n"


@windows_only
def test_a_pipe_without_a_reader_is_a_broken_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows reports an invalid argument, which must not be printed as an error."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stdout", stream)

    with pytest.raises(BrokenPipeError):
        write(b"x")
    with contextlib.suppress(OSError):
        stream.close()
