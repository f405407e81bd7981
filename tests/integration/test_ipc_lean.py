"""The client is on the way of every `git status`: what it may load is fixed here."""

import subprocess
import sys
from pathlib import Path

import ipc

ROOT = Path(ipc.__file__).parents[1]

OWN = {"ipc", "ipc.client", "ipc.errors", "ipc.pktline"}
if sys.platform == "win32":
    OWN |= {"ipc._connect_windows", "ipc._address_windows"}
    # Of these all but the last are frozen, that is: part of the interpreter.
    SYSTEM = {"os", "os.path", "ntpath", "genericpath", "stat", "_stat", "_collections_abc", "nt"}
    SYSTEM |= {"abc", "_abc", "_winapi"}
else:
    OWN |= {"ipc._connect_unix", "ipc._peer_unix"}
    SYSTEM = {"_socket", "errno"}


def loaded_by(code: str) -> set[str]:
    """Return what a bare interpreter loads for some code, beyond what it loads anyway."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); before = set(sys.modules)\n{code}\n"
    script += "print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, check=True, text=True
    )
    return set(done.stdout.split())


def test_the_package_loads_nothing() -> None:
    """Its names are loaded when they are first asked for."""
    assert loaded_by("import ipc") == {"ipc"}


def test_the_client_loads_its_own_few_files() -> None:
    """Each costs a fifth of a millisecond; `socket` alone five."""
    assert loaded_by("import ipc.client") <= OWN | SYSTEM


def test_asking_loads_nothing_more(tmp_path: Path) -> None:
    """Not even for an answer that comes in two packets, as Git's own daemon sends them."""
    with ipc.Server(tmp_path / "s", lambda message, reply: reply(message)):
        code = f"import ipc.client; ipc.client.send_command({str(tmp_path / 's')!r}, b'?', None, 5)"
        assert loaded_by(code) <= OWN | SYSTEM
