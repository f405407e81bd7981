"""Subscriptions, states and triggers, by a client of the protocol."""

import json
import os
import select
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.running import LONG, until
from support.watchman.client import WatchmanClient, WatchmanError, await_change

QUIET = 0.3  # seconds in which nothing must come

EACH_ENCODING = pytest.mark.parametrize(
    "client", [0, 1, 2], indirect=True, ids=["json", "bser-1", "bser-2"]
)


def text(name: bytes | str) -> str:
    """Return a name of any encoding as text."""
    return name if isinstance(name, str) else os.fsdecode(name)


def subscribe(client: WatchmanClient, root: Path, name: str = "sub", **spec: Any) -> dict[str, Any]:
    """Subscribe to names; return the first message."""
    client.ask("subscribe", str(root), name, {"fields": ["name"], **spec})
    message = client.next_unasked()
    assert message is not None
    return message


def changes(client: WatchmanClient, name: str = "sub") -> list[str]:
    """Return the names in the next message with changes."""
    return sorted(map(text, await_change(client, name)))


@EACH_ENCODING
def test_the_first_message_has_everything(client: WatchmanClient, root: Path) -> None:
    """And later ones what changed, without being asked."""
    first = subscribe(client, root)
    assert first["is_fresh_instance"]
    assert sorted(map(text, first["files"])) == ["a.txt", "b.js", "sub", "sub/c.js"]

    (root / "a.txt").write_text("changed")

    message = client.next_unasked()
    assert message is not None
    assert list(map(text, message["files"])) == ["a.txt"]
    assert message["unilateral"]
    assert text(message["since"]) == text(first["clock"])
    assert text(message["root"]) == str(root)


def test_since_a_clock_the_baseline_is_not_repeated(client: WatchmanClient, root: Path) -> None:
    """What changed before the subscription is told, and no more."""
    clock = client.ask("clock", str(root), {"sync_timeout": 1000})["clock"]
    (root / "b.js").write_text("changed")

    first = subscribe(client, root, since=clock)

    assert list(map(text, first["files"])) == ["b.js"]


def test_what_is_not_selected_wakes_nobody(client: WatchmanClient, root: Path) -> None:
    """Nor does anything after the end of a subscription."""
    subscribe(client, root, expression=["suffix", "js"])
    (root / "a.txt").write_text("changed")
    assert client.next_unasked(QUIET) is None

    (root / "b.js").write_text("changed")
    assert changes(client) == ["b.js"]

    assert client.ask("unsubscribe", str(root), "sub")["deleted"]
    (root / "b.js").write_text("again")
    assert client.next_unasked(QUIET) is None


def test_two_clients_and_many_subscriptions(
    client: WatchmanClient, server: Path, root: Path
) -> None:
    """Each gets its own."""
    with WatchmanClient(server) as other:
        subscribe(client, root, "one", expression=["name", "a.txt"])
        subscribe(client, root, "two", expression=["name", "b.js"])
        subscribe(other, root, "one", expression=["name", "b.js"])
        (root / "b.js").write_text("changed")

        assert changes(client, "two") == ["b.js"]
        assert changes(other, "one") == ["b.js"]
        (root / "a.txt").write_text("changed")
        assert changes(client, "one") == ["a.txt"]


def test_a_state_defers(client: WatchmanClient, server: Path, root: Path) -> None:
    """What changed meanwhile is told when it is left, or its owner has gone."""
    with WatchmanClient(server) as owner:
        subscribe(client, root, defer=["busy"])
        owner.ask("state-enter", str(root), {"name": "busy", "metadata": {"why": "test"}})
        entered = client.next_unasked()
        assert entered is not None
        assert text(entered["state-enter"]) == "busy"
        assert text(entered["metadata"]["why"]) == "test"

        (root / "a.txt").write_text("changed")
        assert client.next_unasked(QUIET) is None
        with pytest.raises(WatchmanError, match="already"):
            owner.ask("state-enter", str(root), "busy")

    left = client.next_unasked()
    assert left is not None
    assert text(left["state-leave"]) == "busy"
    assert left["abandoned"]
    assert changes(client) == ["a.txt"]


def test_a_state_drops(client: WatchmanClient, root: Path) -> None:
    """What changed meanwhile is never told; what changes afterwards is."""
    subscribe(client, root, drop=["busy"])
    client.ask("state-enter", str(root), "busy")
    (root / "a.txt").write_text("changed")
    client.ask("state-leave", str(root), "busy")
    (root / "b.js").write_text("changed")

    assert changes(client) == ["b.js"]


def test_a_lock_of_version_control_defers(client: WatchmanClient, root: Path) -> None:
    """Until it is removed; unless the client does not want that."""
    (root / ".hg").mkdir()
    subscribe(client, root, "waits", expression=["name", "a.txt"])
    subscribe(client, root, "hurries", expression=["name", "a.txt"], defer_vcs=False)
    (root / ".hg" / "wlock").touch()
    (root / "a.txt").write_text("changed")

    assert changes(client, "hurries") == ["a.txt"]
    assert client.next_unasked(QUIET) is None
    (root / ".hg" / "wlock").unlink()
    assert changes(client, "waits") == ["a.txt"]


def test_a_flush_is_told_at_once(client: WatchmanClient, root: Path) -> None:
    """Before the response, whatever has settled."""
    subscribe(client, root, defer=["busy"])
    client.ask("state-enter", str(root), "busy")
    (root / "a.txt").write_text("changed")

    response = client.ask("flush-subscriptions", str(root), {"sync_timeout": 1000})

    assert list(map(text, response["synced"])) == ["sub"]
    found = [each for each in client.unasked if "files" in each]
    assert [list(map(text, each["files"])) for each in found] == [["a.txt"]]


def test_the_end_of_a_directory_is_told(client: WatchmanClient, root: Path) -> None:
    """The subscription is cancelled."""
    subscribe(client, root)
    shutil.rmtree(root)

    deadline = time.monotonic() + 20
    while not (message := client.next_unasked() or {}).get("canceled"):
        assert time.monotonic() < deadline, message
    root.mkdir()


def test_a_client_that_does_not_read_holds_up_nobody(
    client: WatchmanClient, server: Path, root: Path
) -> None:
    """Nothing is kept for it in memory either."""
    for number in range(3000):
        (root / f"{number:0200}").touch()
    slow = socket.socket(vars(socket)["AF_UNIX"])
    slow.connect(str(server))
    request = ["subscribe", str(root), "slow", {"fields": ["name", "oclock", "cclock"]}]
    slow.sendall(json.dumps(request).encode() + b"\n")
    slow.sendall(json.dumps(["query", str(root), {}]).encode() + b"\n")
    select.select([slow], [], [], LONG)  # the server is sending what is not read

    subscribe(client, root, expression=["name", "a.txt"])
    (root / "a.txt").write_text("changed")

    assert changes(client) == ["a.txt"]
    slow.close()


def test_a_trigger_runs_a_command(client: WatchmanClient, root: Path, tmp_path: Path) -> None:
    """With the names on its standard input, and facts in its environment."""
    output = tmp_path / "output"
    program = (
        "import json, os, sys; "
        "names = sys.stdin.read().split(); "
        f"open({str(output)!r}, 'a').write(json.dumps([os.environ['WATCHMAN_TRIGGER'], names]))"
    )
    spec = {
        "name": "build",
        "command": [sys.executable, "-c", program],
        "expression": ["suffix", "js"],
        "stdin": "NAME_PER_LINE",
    }
    assert text(client.ask("trigger", str(root), spec)["disposition"]) == "created"
    assert text(client.ask("trigger", str(root), spec)["disposition"]) == "already_defined"
    until(output.exists)
    until(lambda: output.read_text().endswith("]]"))
    trigger, listed = json.loads(output.read_text())
    assert trigger == "build"
    assert sorted(listed) == ["b.js", "sub/c.js"]
    output.unlink()

    (root / "a.txt").write_text("changed")
    (root / "b.js").write_text("changed")

    until(lambda: output.exists() and output.read_text() == '["build", ["b.js"]]')
    assert len(client.ask("trigger-list", str(root))["triggers"]) == 1
    assert client.ask("trigger-del", str(root), "build")["deleted"]
    assert not client.ask("trigger-del", str(root), "build")["deleted"]


@pytest.mark.parametrize(
    "data",
    [
        b"rubbish\n",
        b"\0\1\6" + (10 << 30).to_bytes(8, "little"),
        b"\0\2\0\0\0\0\3\5\0\5\xff\xff\xff\x7f",
        b"[" * 50_000 + b"\n",
        b"\0\1\3\1\x63",
    ],
)
def test_bad_input_ends_its_connection_alone(server: Path, root: Path, data: bytes) -> None:
    """With an error that says why."""
    with WatchmanClient(server, 0) as bad, WatchmanClient(server) as good:
        bad.send_bytes(data)
        if data[:1] == b"\0":
            assert bad._socket.recv(1000).count(b"failed to parse request") == 1
        else:
            assert "failed to parse request" in bad.message()["error"]

        assert good.ask("watch-project", str(root))["watch"]


@pytest.mark.parametrize(
    "request_", [[], {}, "query", [5], ["query"], ["query", 5], ["watch"], ["nope"], [None], None]
)
def test_a_command_that_is_none_is_an_error(server: Path, request_: Any) -> None:
    """The connection goes on."""
    with WatchmanClient(server, 2) as client:
        client.send(request_)
        with pytest.raises(WatchmanError):
            client.response()

        assert client.ask("version")["version"]
