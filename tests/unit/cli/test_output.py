"""What goes to standard output."""

import os

import pytest

from fsmond.cli.output import write, write_line


@pytest.mark.parametrize("data", [b"", b"token\0path\0", bytes(range(256))])
def test_bytes_are_written_as_they_are(
    capfdbinary: pytest.CaptureFixture[bytes], data: bytes
) -> None:
    """A path need not be text."""
    write(data)

    assert capfdbinary.readouterr().out == data


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
    write_line(os.fsdecode(b"watching /caf\xe9"))

    assert capfdbinary.readouterr().out == b"watching /caf\xe9\n"
