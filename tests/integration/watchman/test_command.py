"""The command `watchman`, and `fsmond watchman`, as shells and clients call them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import LONG, fsmond, pause, skip_missing
from support.watchman import bser
from support.watchman.client import WatchmanClient
from support.watchman.locking import only_server
from support.watchman.serving import PROGRAM

from fsmond.watchman import launch, program
from fsmond.watchman.errors import CommandError


def watchman(
    *arguments: str | Path, given: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        input=given,
        cwd=cwd,
        capture_output=True,
        timeout=LONG,
        check=False,
    )


def at(server: Path) -> list[str]:
    """Return options that name the server."""
    return [f"--sockname={server}", "--no-spawn", "--no-pretty"]


def test_it_says_where_the_server_is(server: Path) -> None:
    """In each encoding that clients ask for."""
    answer = json.loads(watchman(*at(server), "get-sockname").stdout)
    assert answer["sockname"] == str(server)

    for name, head in (("bser", 2), ("bser-v2", 6)):
        done = watchman(*at(server), f"--output-encoding={name}", "get-sockname")
        reader = bser.Reader(done.stdout[head:])
        assert reader.value() == len(reader.data) - reader.at
        assert reader.value()["sockname"] in (str(server), bytes(server))


def test_it_reads_a_command_from_standard_input(server: Path, root: Path) -> None:
    """JSON of one line or several, or BSER, which is answered in BSER."""
    watchman(*at(server), "watch", root)
    command = ["query", str(root), {"fields": ["name"], "expression": ["name", "a.txt"]}]

    for text in (json.dumps(command), json.dumps(command, indent=2) + "\n"):
        done = watchman(*at(server), "-j", given=text.encode())
        assert json.loads(done.stdout)["files"] == ["a.txt"], done.stderr

    done = watchman(*at(server), "-j", given=bser.pack(command, 2))
    reader = bser.Reader(done.stdout[6:])
    reader.value()
    assert reader.value()["files"] == [b"a.txt"]


def test_a_relative_path_is_that_of_the_current_directory(server: Path, root: Path) -> None:
    """The server has another one."""
    done = watchman(*at(server), "watch", ".", cwd=root)

    assert json.loads(done.stdout)["watch"] == str(root)


def test_an_error_is_an_answer(server: Path) -> None:
    """Clients read it from the output; without a server there is none."""
    done = watchman(*at(server), "nope")
    assert (done.returncode, "nope" in json.loads(done.stdout)["error"]) == (0, True)

    done = watchman("--no-spawn", "--sockname=/no/such/socket", "version")
    assert done.returncode == 1
    assert b"/no/such/socket" in done.stderr


def test_a_server_that_does_not_answer_is_given_up(
    server: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Git waits for its hook, and the hook for this."""
    with WatchmanClient(server) as client:
        pid = client.ask("get-pid")["pid"]
    pause(pid)
    monkeypatch.setattr(program, "_ANSWER_TIMEOUT", 0.3)

    assert program.main([f"--sockname={server}", "get-pid"]) == 1

    assert "does not answer" in capsys.readouterr().err
    os.kill(pid, signal.Signals["SIGCONT"])


def test_it_stays_and_prints_what_comes(server: Path, root: Path) -> None:
    """Until it is ended, or the server is."""
    command = [sys.executable, "-c", PROGRAM, *at(server), "-p", "-j"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        watchman(*at(server), "watch", root)
        subscribe = ["subscribe", str(root), "sub", {"fields": ["name"]}]
        process.stdin.write(json.dumps(subscribe).encode())
        process.stdin.close()
        assert json.loads(process.stdout.readline())["subscribe"] == "sub"
        assert json.loads(process.stdout.readline())["is_fresh_instance"]
        (root / "a.txt").write_text("changed")
        assert json.loads(process.stdout.readline())["files"] == ["a.txt"]
        watchman(*at(server), "shutdown-server")
        process.stdout.read()


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Evaluate `fsmond watchman env`; at the end, stop the server that was started."""
    monkeypatch.delenv("WATCHMAN_SOCK", raising=False)
    with only_server():
        if fsmond("watchman", "status").returncode == 0:
            skip_missing("needs to run a server: end yours by `fsmond watchman stop`")
        environment = _evaluated()
        yield environment
        fsmond("watchman", "stop")
        shutil.rmtree(Path(environment["WATCHMAN_SOCK"]).parent)


def _evaluated() -> dict[str, str]:
    """Return the environment of a shell that evaluated what is printed for it."""
    script = f'{fsmond("watchman", "env").stdout}echo "$WATCHMAN_SOCK"; echo "$PATH"'
    lines = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return {**os.environ, "WATCHMAN_SOCK": lines[0], "PATH": lines[1]}


def test_the_command_starts_a_server_when_one_is_needed(
    own_server: dict[str, str], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name, as clients find it; the server stays."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["watchman", *arguments],
            env=own_server,
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )

    assert run("--no-spawn", "version").returncode == 1
    assert fsmond("watchman", "status").returncode == 1

    done = run("watch-project", str(root))

    assert json.loads(done.stdout)["watch"] == str(root), done.stderr
    assert str(root) in fsmond("watchman", "status").stdout
    assert fsmond("watchman", "start").returncode == 0  # it runs already
    with WatchmanClient(own_server["WATCHMAN_SOCK"]) as client:
        assert client.ask("watch-del-all")["roots"]
        pid = client.ask("get-pid")["pid"]
    pause(pid)
    monkeypatch.setattr(launch, "_TIMEOUT", 0.5)
    with pytest.raises(CommandError, match="does not answer"):
        launch.ask(own_server["WATCHMAN_SOCK"], "watch-list")
    os.kill(pid, signal.Signals["SIGCONT"])
    assert os.stat(own_server["WATCHMAN_SOCK"]).st_mode & 0o077 == 0
    assert fsmond("watchman", "stop").returncode == 0
    assert not os.path.exists(own_server["WATCHMAN_SOCK"])
    assert fsmond("watchman", "stop").returncode == 0
