"""Git's configuration is parsed as Git parses it, whatever bytes it has."""

import os
import random
import subprocess
from pathlib import Path

import pytest
from support.running import git

from fsmond.git.repository import worktrees_of
from fsmond.git.worktree import RefusedError, core_settings
from fsmond.rendezvous import place_of

PIECES = [
    *(b"[core]", b"[Core]\n", b"[core ", b'"x"]', b"[a]", b"[a]b", b"]", b"[", b"[core.x]\n"),
    *(b"worktree", b"Worktree", b"bare", b" = ", b"=", b"/x", b"no", b"true", b"\n", b"\n", b"\t"),
    *(b"\r", b"\r\n", b"\x0b", b"\x0c", b"\0", b"\x85", b"\xef\xbb\xbf", b"\\", b"\\\n", b'"'),
    *(b"#", b";", b"# c\n", b"x", b" ", b"\nworktree = /y\n", b"\n[core]\n", b"\nbare = yes\n"),
]


def _by_git(file: Path, *what: str) -> bytes | None:
    """Return a setting; None if it is not set.  Raises RefusedError if the file is broken."""
    command = ["git", "config", "--file", str(file), "-z", *what]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode > 1:
        raise RefusedError
    return done.stdout.removesuffix(b"\0") if done.returncode == 0 else None


def _expected(file: Path) -> dict[bytes, bytes] | None:
    found = {
        b"worktree": _by_git(file, "core.worktree"),
        b"bare": _by_git(file, "--type=bool", "core.bare"),
    }
    return {name: value for name, value in found.items() if value}


@pytest.mark.parametrize("seed", range(60))
def test_any_text_means_what_it_means_to_git(tmp_path: Path, seed: int) -> None:
    """Of a file that Git itself cannot read, fewer settings may be read."""
    chance = random.Random(seed)
    file = tmp_path / "config"
    for _ in range(5):
        text = b"".join(chance.choices(PIECES, k=chance.randrange(1, 14)))
        file.write_bytes(text)
        try:
            expected = _expected(file)
        except RefusedError:
            continue  # Git does not work in that repository
        assert core_settings(bytes(file), text) == expected, text


def test_a_directory_is_configured_whatever_byte_is_in_its_name(tmp_path: Path) -> None:
    """A line ends with a newline, and Git quotes special characters."""
    root = tmp_path / "root"
    root.mkdir()
    git(root, "init", "--quiet")
    named = bytes(tmp_path / "x")
    os.mkdir(named)
    for byte in sorted({*range(1, 256)} - {*b"/"}):
        new = bytes(tmp_path) + b"/a" + bytes([byte]) + b"b"
        os.rename(named, new)
        named = new
        subprocess.run(["git", "config", "core.worktree", named], cwd=root, check=True)

        # Git 2.39 does not quote a carriage return, but reads back its own value.
        expected = subprocess.check_output(["git", "config", "core.worktree"], cwd=root)[:-1]

        assert place_of(root).root == os.path.realpath(expected)


def test_worktrees_are_listed_whatever_byte_is_in_their_names(tmp_path: Path) -> None:
    """`uninstall` would not stop the daemon of one that is missing here."""
    root = tmp_path / "root"
    root.mkdir()
    git(root, "init", "--quiet")
    (root / "file").touch()
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=first")
    names = [b"a%cb" % byte for byte in b"\x01\t\n\r\x0b\x0c\x1c \"'\\\x7f\x85\xa0\xff"]
    for number, name in enumerate(names):
        path = os.path.join(bytes(tmp_path), name)
        subprocess.run(
            ["git", "worktree", "add", "--quiet", "-b", f"b{number}", path], cwd=root, check=True
        )

    found = worktrees_of(bytes(root))

    assert set(found) == {bytes(root), *(os.path.join(bytes(tmp_path), name) for name in names)}


def test_a_configuration_that_git_cannot_read_is_refused_with_a_reason(tmp_path: Path) -> None:
    """It may name another worktree, and the message is Git's own."""
    file = tmp_path / "config"
    file.write_bytes(b"[core]\n\tworktree = /x\\q\n")

    with pytest.raises(RefusedError, match=r"config cannot be read: bad config line"):
        core_settings(bytes(file), file.read_bytes())


def test_configuration_in_the_environment_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a program named git in the current directory is not run."""
    file = tmp_path / "config"
    file.write_bytes(b'[core]\n\tworktree = "/x"\n')
    (tmp_path / "git").write_text("#!/bin/sh\necho /evil\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f":.:{os.environ['PATH']}")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "nonsense")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "gone"))
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))

    assert core_settings(bytes(file), file.read_bytes()) == {b"worktree": b"/x"}
    assert not (tmp_path / "trace").exists()
