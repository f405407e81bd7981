"""A daemon's life where it differs on Windows, as the person who starts it sees it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import FSMOND, LONG, fsmond, make_repository, no_daemon_left, status, until
from support.wine import NAMES_OF_THE_ROOT, fails_on_wine, scan_reports_less

from fsmond.client import Client
from fsmond.process.alive import is_running

if sys.platform != "win32":
    pytest.skip("only for Windows", allow_module_level=True)

assert sys.platform == "win32"

PRESS_KEY = """
import ctypes, signal, subprocess, sys, time
key, *command = sys.argv[1:]
for each in (signal.SIGINT, signal.SIGBREAK):
    signal.signal(each, lambda *_: None)
process = subprocess.Popen(command, stderr=subprocess.PIPE)
line = process.stderr.readline()
time.sleep(0.5)
if not ctypes.windll.kernel32.GenerateConsoleCtrlEvent({"C": 0, "BREAK": 1}[key], 0):
    process.kill()
sys.stderr.buffer.write(line + process.stderr.read())
sys.exit(process.wait())
"""
SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_a_daemon_keeps_nothing_of_its_parent(repository: Path) -> None:
    """A pipe that stays open makes a shell wait for ever; a directory cannot be renamed."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    subprocess.run(
        [*FSMOND, "start", "."], cwd=repository, close_fds=False, check=True, timeout=LONG
    )
    os.close(writer)

    assert os.read(reader, 1) == b""
    os.close(reader)
    pid = status(repository)["pid"]
    repository.rename(repository.with_name("moved"))
    until(lambda: not is_running(pid))


@pytest.mark.parametrize(
    "key",
    [
        "C",
        pytest.param("BREAK", marks=fails_on_wine("fails at Ctrl-Break, version 8.0")),
    ],
)
def test_a_key_ends_it_cleanly(repository: Path, key: str) -> None:
    """A clean stop is success."""
    # All processes of a console receive the key, so these get a console of their own.
    done = subprocess.run(
        [sys.executable, "-c", PRESS_KEY, key, *FSMOND, "run", str(repository)],
        capture_output=True,
        creationflags=subprocess.CREATE_NO_WINDOW,
        timeout=LONG,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    name = {"C": b"SIGINT", "BREAK": b"SIGBREAK"}[key]
    assert b"ended by signal " + name in done.stderr


@pytest.mark.parametrize("written", [str.upper, lambda path: path.replace("\\", "/")])
def test_all_spellings_of_a_path_lead_to_the_same_daemon(watched: Path, written) -> None:  # type: ignore[no-untyped-def]
    """Windows ignores case, and accepts both slashes."""
    done = fsmond("status", "--json", written(str(watched)))

    assert done.returncode == 0
    assert Client(written(str(watched))).place.root == os.fsencode(watched)


def test_lines_end_as_on_unix(watched: Path) -> None:
    """A carriage return would be part of a name."""
    token = Client(watched).query().token
    (watched / "dir" / "new").touch()

    def output_of(*arguments: str) -> bytes:
        done = subprocess.run(
            [*FSMOND, *arguments], cwd=watched, capture_output=True, timeout=LONG, check=True
        )
        return done.stdout.partition(b"\0" if b"\0" in done.stdout else b"\n")[2]

    # A scan reports the directory as well.
    assert output_of("query", "--since", token) in (b"dir/new\n", b"dir/new\ndir/\n")
    wire = output_of("query", "-z", "--since", token)
    assert wire == output_of("hook", "2", token)
    assert wire in (b"dir/new\0", b"dir/new\0dir/\0")


def test_its_log_can_be_renamed_and_removed(watched: Path) -> None:
    """By a person, or by `fsmond uninstall`; the daemon continues."""
    log = Path(status(watched)["log"])

    log.rename(log.with_name("aside"))

    assert fsmond("query", watched).returncode == 0
    log.with_name("aside").unlink()


@scan_reports_less(NAMES_OF_THE_ROOT)
def test_a_linked_worktree_has_a_daemon_of_its_own(watched: Path) -> None:
    """Git writes forward slashes in the files that connect the two."""
    linked, gitdir = watched.parent / "linked", watched / ".git" / "worktrees" / "linked"
    linked.mkdir()
    gitdir.mkdir(parents=True)
    (linked / ".git").write_text(f"gitdir: {gitdir.as_posix()}\n")
    for name, text in (
        ("HEAD", "ref: refs/heads/linked\n"),
        ("commondir", "../..\n"),
        ("gitdir", f"{(linked / '.git').as_posix()}\n"),
    ):
        (gitdir / name).write_text(text)
    with no_daemon_left(linked):
        token = Client(linked).query().token
        (linked / "new").touch()

        done = fsmond("hook", "2", token, cwd=linked)

        assert done.stdout.split("\0")[1:] == ["new", ""]
        assert status(linked)["socket"] == str(gitdir / "fsmonitor--daemon.ipc")
        assert status(linked)["pid"] != status(watched)["pid"]


def test_the_command_is_found_without_its_suffix(watched: Path, tmp_path: Path) -> None:
    """As installed: the installer writes the path of the Python into the scripts."""
    folder = tmp_path / "bin with space"
    folder.mkdir()
    text = (SCRIPTS / "fsmond").read_text().replace("#!python", f"#!{sys.executable}", 1)
    (folder / "fsmond").write_text(text)
    shutil.copy(SCRIPTS / "fsmond.cmd", folder)
    for package in ("fsmond", "ipc"):  # PYTHONPATH is ignored
        shutil.copytree(SCRIPTS.parent / package, tmp_path / package)

    line = f'cmd /c ""{folder}\\fsmond" query --no-start "{watched}""'
    done = subprocess.run(line, capture_output=True, timeout=LONG, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"fsmond:")
    assert fsmond("stop", watched).returncode == 0
    assert subprocess.run(line, capture_output=True, timeout=LONG, check=False).returncode == 3


def test_reading_a_file_does_not_prevent_git_from_replacing_it(tmp_path: Path) -> None:
    """Even while it is open."""
    from fsmond.git.worktree import opener

    make_repository(tmp_path)
    index = tmp_path / ".git" / "index"
    index.write_text("old")
    with open(index, "rb", opener=opener) as file:
        (tmp_path / ".git" / "index.lock").write_text("new")
        index.rename(index.with_name("before"))
        (tmp_path / ".git" / "index.lock").rename(index)

        assert file.read() == b"old"
    assert index.read_text() == "new"
