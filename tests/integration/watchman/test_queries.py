"""Queries and clocks, by a client of the protocol."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.running import fsmond
from support.watchman.client import WatchmanClient, WatchmanError
from support.watchman.serving import serving

EACH_ENCODING = pytest.mark.parametrize(
    "client", [0, 1, 2], indirect=True, ids=["json", "bser-1", "bser-2"]
)


def text(name: bytes | str) -> str:
    """Return a name of any encoding as text."""
    return name if isinstance(name, str) else os.fsdecode(name)


def names(answer: dict[str, Any]) -> list[str]:
    """Return the names in an answer, sorted."""
    return sorted(
        text(each["name"] if isinstance(each, dict) else each) for each in answer["files"]
    )


def query(client: WatchmanClient, root: Path, **spec: Any) -> dict[str, Any]:
    """Ask for names, unless the query says otherwise."""
    return client.ask("query", str(root), {"fields": ["name"], **spec})


@EACH_ENCODING
def test_everything_is_there_and_new_at_first(client: WatchmanClient, root: Path) -> None:
    """A fresh instance: without a clock there is no change, only what is."""
    answer = query(client, root, fields=["name", "new", "exists", "type"])

    assert answer["is_fresh_instance"]
    assert names(answer) == ["a.txt", "b.js", "sub", "sub/c.js"]
    assert all(each["new"] and each["exists"] for each in answer["files"])


@EACH_ENCODING
def test_since_a_clock_there_are_changes(client: WatchmanClient, root: Path) -> None:
    """What is gone has the type that it had."""
    clock = client.ask("clock", str(root), {"sync_timeout": 1000})["clock"]
    (root / "a.txt").write_text("other")
    (root / "new").touch()
    shutil.rmtree(root / "sub")

    answer = query(client, root, since=clock, fields=["name", "exists", "new", "type"])

    assert not answer["is_fresh_instance"]
    found = {text(each["name"]): each for each in answer["files"]}
    assert {name: (each["exists"], each["new"]) for name, each in found.items()} == {
        "a.txt": (True, False),
        "new": (True, True),
        "sub": (False, False),
        "sub/c.js": (False, False),
    }
    assert text(found["sub"]["type"]) == "d"
    assert query(client, root, since=answer["clock"])["files"] == []


def test_a_directory_that_was_moved_away_takes_its_files_along(
    client: WatchmanClient, root: Path
) -> None:
    """Events name the directory alone; each file has to be reported."""
    clock = query(client, root)["clock"]
    os.rename(root / "sub", root.parent / "elsewhere")

    answer = query(client, root, since=clock)

    assert names(answer) == ["sub", "sub/c.js"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"suffix": "js"}, ["b.js", "sub/c.js"]),
        ({"suffix": ["js", "TXT"]}, ["a.txt", "b.js", "sub/c.js"]),
        ({"suffix": []}, []),
        ({"path": ["sub"]}, ["sub/c.js"]),
        ({"path": [{"path": "", "depth": 0}]}, ["a.txt", "b.js", "sub"]),
        ({"path": []}, []),
        ({"path": ["a.txt", "a.txt"]}, ["a.txt"]),
        ({"glob": ["*.js"]}, ["b.js"]),
        ({"glob": ["**/*.js"]}, ["b.js", "sub/c.js"]),
        ({"glob": ["*.js"], "relative_root": "sub"}, ["c.js"]),
        ({"relative_root": "sub"}, ["c.js"]),
        ({"relative_root": ""}, ["a.txt", "b.js", "sub", "sub/c.js"]),
        ({"expression": "false"}, []),
        ({"expression": ["suffix", "js"]}, ["b.js", "sub/c.js"]),
        ({"expression": ["not", ["dirname", "sub"]]}, ["a.txt", "b.js", "sub"]),
        ({"expression": ["type", "d"]}, ["sub"]),
        ({"expression": ["name", ["a.txt", "c.js"]]}, ["a.txt", "sub/c.js"]),
        ({"expression": ["name", "c.js", "wholename"]}, []),
        ({"expression": ["iname", "A.TXT"]}, ["a.txt"]),
        ({"expression": ["match", "s*/*.js", "wholename"]}, ["sub/c.js"]),
        ({"expression": ["pcre", "^[ab]"]}, ["a.txt", "b.js"]),
        ({"expression": ["size", "gt", 5]}, ["sub", "sub/c.js"]),
        ({"expression": ["allof", "exists", ["anyof", ["name", "a.txt"], "empty"]]}, ["a.txt"]),
        ({"expression": ["since", "c:0:0"]}, ["a.txt", "b.js", "sub", "sub/c.js"]),
        ({"expression": ["since", 4_000_000_000, "mtime"]}, []),
    ],
    ids=str,
)
def test_a_query_selects(
    client: WatchmanClient, root: Path, spec: dict[str, Any], expected: list[str]
) -> None:
    """By generators and by terms."""
    assert names(query(client, root, **spec)) == expected


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"expression": ["nope"]}, "unknown expression term 'nope'"),
        ({"expression": ["name"]}, "Expected array for 'name'"),
        ({"expression": ["match", 5]}, "Argument 2 to 'match'"),
        ({"expression": ["pcre", "("]}, "invalid pattern"),
        ({"expression": [["not"]]}, "Expected array for expression"),
        ({"expression": [*["not"] * 3]}, "not"),
        ({"fields": ["nope"]}, "unknown field name 'nope'"),
        ({"fields": []}, "field list"),
        ({"since": "yesterday"}, "invalid clockspec"),
        ({"since": {"scm": {"mergebase-with": "main"}}}, "scm-since"),
        ({"fail_if_no_saved_state": True}, "saved state"),
        ({"glob": ["/etc/*"]}, "absolute"),
        ({"path": ["../other"]}, "leads out of the tree"),
        ({"relative_root": ".git"}, "not watched"),
        ({"path": ["sub/.git/refs"]}, "not watched"),
        ({"sync_timeout": -1}, "sync_timeout"),
    ],
    ids=str,
)
def test_what_cannot_be_answered_is_an_error(
    client: WatchmanClient, root: Path, spec: dict[str, Any], message: str
) -> None:
    """It names what is wrong, or not there; the connection goes on."""
    with pytest.raises(WatchmanError, match=message):
        query(client, root, **spec)

    assert client.ask("get-pid")["pid"]


def test_an_expression_may_be_deep_but_not_too_deep(client: WatchmanClient, root: Path) -> None:
    """Else it would exhaust the stack; BSER has a limit of its own, which ends the connection."""
    deep: Any = "true"
    for _ in range(50):
        deep = ["not", deep]
    assert names(query(client, root, expression=deep)) == ["a.txt", "b.js", "sub", "sub/c.js"]

    for _ in range(30):
        deep = ["not", deep]
    with pytest.raises(WatchmanError, match="nested"):
        query(client, root, expression=deep)


@EACH_ENCODING
def test_each_field_is_that_of_the_file(client: WatchmanClient, root: Path) -> None:
    """Units as Watchman has them: seconds, or as the suffix says."""
    status = (root / "a.txt").stat()
    os.symlink("a.txt", root / "link")
    fields = [
        *("mode", "size", "uid", "gid", "ino", "dev", "nlink", "mtime", "mtime_ms", "mtime_ns"),
        *("ctime_us", "mtime_f", "content.sha1hex", "symlink_target", "name"),
    ]

    answer = query(client, root, fields=fields, expression=["name", ["a.txt", "link"]])

    found = {text(each["name"]): each for each in answer["files"]}
    assert found["a.txt"] | {"name": ""} == {
        "mode": status.st_mode,
        "size": 5,
        "uid": status.st_uid,
        "gid": status.st_gid,
        "ino": status.st_ino,
        "dev": status.st_dev,
        "nlink": 1,
        "mtime": status.st_mtime_ns // 10**9,
        "mtime_ms": status.st_mtime_ns // 10**6,
        "mtime_ns": status.st_mtime_ns,
        "ctime_us": status.st_ctime_ns // 1000,
        "mtime_f": status.st_mtime_ns / 10**9,
        "content.sha1hex": _like(found["a.txt"], hashlib.sha1(b"a.txt").hexdigest()),
        "symlink_target": None,
        "name": "",
    }
    assert text(found["link"]["symlink_target"]) == "a.txt"
    assert found["link"]["content.sha1hex"] is None


def _like(row: dict[str, Any], value: str) -> str | bytes:
    """Return text as the encoding has it."""
    return value.encode() if isinstance(row["content.sha1hex"], bytes) else value


def test_a_hash_follows_the_content(client: WatchmanClient, root: Path) -> None:
    """Also of an edit that keeps size and time."""
    path = root / "a.txt"
    os.utime(path, (1_000_000_000, 1_000_000_000))
    spec = {"fields": ["content.sha1hex"], "expression": ["name", "a.txt"]}
    before = query(client, root, **spec)["files"]
    path.write_text("A.TXT")
    os.utime(path, (1_000_000_000, 1_000_000_000))

    after = query(client, root, **spec)["files"]

    assert text(before[0]) == hashlib.sha1(b"a.txt").hexdigest()
    assert text(after[0]) == hashlib.sha1(b"A.TXT").hexdigest()


def test_a_cursor_moves_when_it_is_asked(client: WatchmanClient, root: Path) -> None:
    """It is a fresh instance at first."""
    assert query(client, root, since="n:mine")["is_fresh_instance"]
    (root / "a.txt").write_text("changed")

    assert names(query(client, root, since="n:mine")) == ["a.txt"]
    assert query(client, root, since="n:mine")["files"] == []
    assert query(client, root, since="n:other")["is_fresh_instance"]


def test_ignored_directories_are_left_out(client: WatchmanClient, root: Path) -> None:
    """By the settings of the tree, which are read when it is watched."""
    (root / ".watchmanconfig").write_text('{"ignore_dirs": ["sub"]}')
    client.ask("watch-del", str(root))
    client.ask("watch", str(root))

    clock = query(client, root)["clock"]
    (root / "sub" / "d").touch()
    (root / "a.txt").write_text("changed")

    assert names(query(client, root, since=clock)) == ["a.txt"]
    assert client.ask("get-config", str(root))["config"]["ignore_dirs"]


@EACH_ENCODING
def test_a_name_that_is_no_text(client: WatchmanClient, root: Path) -> None:
    """It arrives as it is, and can be asked for."""
    (root / "caf\udce9").touch()

    assert "caf\udce9" in names(query(client, root))
    assert names(query(client, root, expression=["name", "caf\udce9"])) == ["caf\udce9"]


def test_a_part_of_a_worktree_can_be_watched(server: Path, root: Path) -> None:
    """Its names are relative to it; fsmond's daemon watches the whole worktree."""
    (root / ".git" / "objects").mkdir(parents=True)
    (root / ".git" / "refs").mkdir()
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    with WatchmanClient(server) as client:
        assert client.ask("watch", str(root / "sub"))["watch"] == os.fsencode(root / "sub")
        clock = query(client, root / "sub")["clock"]
        (root / "a.txt").write_text("changed")
        (root / "sub" / "c.js").write_text("changed")

        assert names(query(client, root / "sub", since=clock)) == ["c.js"]
        with pytest.raises(WatchmanError, match="git directory"):
            client.ask("watch", str(root / ".git" / "refs"))

        client.ask("watch-del", str(root / "sub"))
        project = client.ask("watch-project", str(root / "sub"))
        assert (text(project["watch"]), text(project["relative_path"])) == (str(root), "sub")


def test_clocks_outlive_both_processes(tmp_path: Path, root: Path) -> None:
    """The server's end, and the daemon's: only what changed is reported."""
    with serving(tmp_path) as socket, WatchmanClient(socket) as client:
        client.ask("watch", str(root))
        clock = query(client, root)["clock"]
    fsmond("stop", root)
    (root / "a.txt").write_text("changed while nobody watched")
    os.rename(root / "sub", root.parent / "elsewhere")

    with serving(tmp_path) as socket, WatchmanClient(socket) as client:
        client.ask("watch", str(root))
        answer = query(client, root, since=clock)

    assert not answer["is_fresh_instance"]
    assert names(answer) == ["a.txt", "sub", "sub/c.js"]


@pytest.mark.parametrize("damage", ["removed", "cut", "changed", "fifo", "writable"])
def test_what_is_stored_and_cannot_be_trusted_is_not_used(
    tmp_path: Path, root: Path, damage: str
) -> None:
    """Then a directory that went means a fresh instance: what was in it is not known."""
    with serving(tmp_path) as socket, WatchmanClient(socket) as client:
        client.ask("watch", str(root))
        clock = query(client, root)["clock"]
    (stored,) = (tmp_path / "watchman.state.trees").iterdir()
    _spoil(stored, damage)
    os.rename(root / "sub", root.parent / "elsewhere")

    with serving(tmp_path) as socket, WatchmanClient(socket) as client:
        client.ask("watch", str(root))
        answer = query(client, root, since=clock)

    assert answer["is_fresh_instance"]
    assert names(answer) == ["a.txt", "b.js"]


def _spoil(stored: Path, damage: str) -> None:
    data = stored.read_bytes()
    match damage:
        case "cut":
            stored.write_bytes(data[:-1])
        case "changed":
            stored.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))
        case "writable":
            stored.chmod(0o666)
        case "removed":
            stored.unlink()
        case "fifo":
            stored.unlink()
            vars(os)["mkfifo"](stored)


def test_what_was_watched_is_watched_again(tmp_path: Path, root: Path) -> None:
    """A client that holds a clock finds its directory."""
    with serving(tmp_path) as socket, WatchmanClient(socket) as client:
        client.ask("watch", str(root))
    with serving(tmp_path) as socket, WatchmanClient(socket) as client:
        from support.running import until

        until(lambda: client.ask("watch-list")["roots"] == [str(root)])


def test_a_directory_that_is_gone_is_watched_no_longer(client: WatchmanClient, root: Path) -> None:
    """Clients look for these words."""
    with pytest.raises(WatchmanError, match=r"unable to resolve root .* is not watched"):
        query(client, root / "sub")

    fsmond("stop", root)
    shutil.rmtree(root)

    assert client.ask("watch-list")["roots"] == []
    with pytest.raises(WatchmanError, match="unable to resolve root"):
        query(client, root)
    root.mkdir()
