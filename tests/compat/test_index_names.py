"""The names in an index are those that Git lists, in each version that Git writes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import git

from fsmond.git.index_names import IndexFileError, count_of, names_in

FILES = ["a", "dir/b", "dir/c/d", "dir.x", "dir0", "Mixed/Case", "x" * 200 + "/" + "y" * 5]


def make(root: Path, *options: str) -> Path:
    """Make a repository with an index; return the index."""
    root.mkdir()
    git(root, "init", "--quiet", *options)
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    git(root, "add", "--all")
    return root / ".git" / "index"


def listed(root: Path) -> set[bytes]:
    """Return the names that Git lists; sparse directories end with a slash."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--sparse"], cwd=root, capture_output=True, check=False
    )
    return set(done.stdout.split(b"\0")[:-1])


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("format_", ["sha1", "sha256"])
def test_each_version_is_read(tmp_path: Path, version: int, format_: str) -> None:
    """With SHA-1 and SHA-256, which nothing in the file distinguishes."""
    index = make(tmp_path / "root", f"--object-format={format_}")
    root = tmp_path / "root"
    git(root, "update-index", f"--index-version={version}")
    if version > 2:
        (root / "later").touch()
        git(root, "add", "--intent-to-add", "later")  # which needs more flags
        git(root, "update-index", "--skip-worktree", "a")

    found = names_in(bytes(index))

    assert len(found) == len(set(found)) == count_of(bytes(index))
    assert set(found) == listed(root) >= {b"Mixed/Case"}


@pytest.mark.parametrize("version", [2, 4])
def test_a_split_index_is_read_with_the_one_it_shares(tmp_path: Path, version: int) -> None:
    """Names that were removed since may be listed as well, which does no harm."""
    index = make(tmp_path / "root")
    root = tmp_path / "root"
    git(root, "update-index", f"--index-version={version}")
    git(root, "config", "splitIndex.maxPercentChange", "100")
    git(root, "update-index", "--split-index")
    (root / "later").touch()
    (root / "a").write_text("changed")
    git(root, "add", "later", "a")
    git(root, "rm", "--quiet", "--cached", "dir0")

    found = set(names_in(bytes(index)))

    assert listed(root) <= found == listed(root) | {b"dir0"}
    assert len(list((root / ".git").glob("sharedindex.*"))) == 1


def test_a_directory_of_a_sparse_index_is_named(tmp_path: Path) -> None:
    """With a final slash, as in Git."""
    index = make(tmp_path / "root")
    root = tmp_path / "root"
    git(root, "commit", "--quiet", "--message=x")
    git(root, "sparse-checkout", "set", "--cone", "--sparse-index", "Mixed")

    found = set(names_in(bytes(index)))

    assert found == listed(root)
    assert b"dir/" in found


@pytest.mark.parametrize("version", [2, 4])
def test_a_name_may_hold_any_byte(tmp_path: Path, version: int) -> None:
    """And be longer than its length field can hold."""
    index = make(tmp_path / "root")
    root = tmp_path / "root"
    odd = [b"x%cx" % byte for byte in sorted({*range(1, 256)} - {*b"/"})]
    odd += [b"/".join([b"l" * 250] * 20), b"/".join([b"l" * 250] * 16) + b"/" + b"m" * 78]
    lines = b"".join(
        b"100644 e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\t%s\0" % name for name in odd
    )
    command = ["git", "update-index", "-z", "--index-info"]
    subprocess.run(command, cwd=root, input=lines, check=True)
    git(root, "update-index", f"--index-version={version}")

    assert set(names_in(bytes(index))) == listed(root) >= {*odd}


def test_no_index_has_no_names(tmp_path: Path) -> None:
    """As before the first `git add`."""
    assert names_in(bytes(tmp_path / "index")) == []
    assert count_of(bytes(tmp_path / "index")) == 0


@pytest.mark.parametrize("at", [0, 5, 11, 30, 75, -30])
def test_a_damaged_index_is_an_error(tmp_path: Path, at: int) -> None:
    """Otherwise half of the names would be taken for all."""
    index = make(tmp_path / "root")
    data = bytearray(index.read_bytes())
    data[at] ^= 0x55
    index.write_bytes(data)
    try:
        found = names_in(bytes(index))
    except IndexFileError:
        return
    assert len(found) == len(FILES)


def test_a_truncated_index_is_an_error(tmp_path: Path) -> None:
    """Wherever it is cut."""
    index = make(tmp_path / "root")
    data = index.read_bytes()
    for length in range(0, len(data) - 1, 7):
        index.write_bytes(data[:length])
        with pytest.raises(IndexFileError):
            names_in(bytes(index))


def test_a_fifo_or_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """Neither may block a query."""
    if sys.platform == "win32":
        pytest.skip("Windows has no FIFOs")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        names_in(bytes(tmp_path / "pipe"))
    assert count_of(bytes(tmp_path / "pipe")) == 0
    with open(tmp_path / "large", "wb") as file:
        file.truncate(8 << 30)

    with pytest.raises(IndexFileError, match="more than"):
        names_in(bytes(tmp_path / "large"))
