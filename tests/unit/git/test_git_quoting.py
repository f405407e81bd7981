"""Paths are quoted as Git quotes them."""

from pathlib import Path

import pytest

from fsmond.git.quoting import is_usual, quote, quotes_high_bytes

# What `git ls-files` prints for such files, with core.quotePath true and false.
PRINTED = [
    (b"plain", b"plain", b"plain"),
    (b"with space", b"with space", b"with space"),
    (b" lead", b" lead", b" lead"),
    (b"trail ", b"trail ", b"trail "),
    (b" ", b" ", b" "),
    (b"'", b"'", b"'"),
    (b"~`!@#$%^&*()", b"~`!@#$%^&*()", b"~`!@#$%^&*()"),
    (b"sub dir/x", b"sub dir/x", b"sub dir/x"),
    (b"\x01", rb'"\001"', rb'"\001"'),
    (b"\x07", rb'"\a"', rb'"\a"'),
    (b"\x08", rb'"\b"', rb'"\b"'),
    (b"\t", rb'"\t"', rb'"\t"'),
    (b"\n", rb'"\n"', rb'"\n"'),
    (b"\x0b", rb'"\v"', rb'"\v"'),
    (b"\x0c", rb'"\f"', rb'"\f"'),
    (b"\r", rb'"\r"', rb'"\r"'),
    (b"\x1b", rb'"\033"', rb'"\033"'),
    (b"\x1f", rb'"\037"', rb'"\037"'),
    (b"\x7f", rb'"\177"', rb'"\177"'),
    (b'"', rb'"\""', rb'"\""'),
    (b"\\", rb'"\\"', rb'"\\"'),
    (b"a\tb", rb'"a\tb"', rb'"a\tb"'),
    (b"back\\slash", rb'"back\\slash"', rb'"back\\slash"'),
    (b'q"uote', rb'"q\"uote"', rb'"q\"uote"'),
    (b"new\nline", rb'"new\nline"', rb'"new\nline"'),
    (b"\x80", rb'"\200"', b"\x80"),
    (b"\xff", rb'"\377"', b"\xff"),
    (b"\xff\xfe", rb'"\377\376"', b"\xff\xfe"),
    (
        b"dir/\xc3\xa9t\xc3\xa9.txt",
        rb'"dir/\303\251t\303\251.txt"',
        b"dir/\xc3\xa9t\xc3\xa9.txt",
    ),
    (b"\xc3\xa9\n", rb'"\303\251\n"', b'"\xc3\xa9\\n"'),
    (b"tab\t\xc3\xa9", rb'"tab\t\303\251"', b'"tab\\t\xc3\xa9"'),
]


@pytest.mark.parametrize(("path", "printed", "_"), PRINTED)
def test_a_path_is_printed_as_git_prints_it(path: bytes, printed: bytes, _: bytes) -> None:
    """Scripts that parse Git's lists can parse ours."""
    assert quote(path, high=True) == printed


@pytest.mark.parametrize(("path", "_", "printed"), PRINTED)
def test_high_bytes_are_not_quoted_if_git_is_configured_so(
    path: bytes, _: bytes, printed: bytes
) -> None:
    """People whose file names are not English set `core.quotePath=false`."""
    assert quote(path, high=False) == printed


@pytest.mark.parametrize(("path", "printed", "_"), PRINTED)
def test_a_path_is_usual_if_git_does_not_quote_it(path: bytes, printed: bytes, _: bytes) -> None:
    """A whole answer is checked at once; only an unusual one is split."""
    assert is_usual(path + b"\0" + path) == (printed == path)


def test_an_answer_without_paths_is_usual() -> None:
    """It is the most frequent one."""
    assert is_usual(b"")


def test_high_bytes_are_quoted_if_git_cannot_be_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A machine may have fsmond and no Git; Git's default is the safe one."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert quotes_high_bytes(bytes(tmp_path))
