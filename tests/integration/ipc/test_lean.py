"""Every `git status` runs the client: this file fixes which modules it may import."""

import subprocess
import sys
from pathlib import Path

import ipc

ROOT = Path(ipc.__file__).parents[1]

OWN = {"ipc", "ipc.client", "ipc.errors", "ipc.pktline"}
if sys.platform == "win32":
    OWN |= {"ipc._connect_windows", "ipc._address_windows"}
    # All but the last are frozen: part of the interpreter.
    SYSTEM = {"os", "os.path", "ntpath", "genericpath", "stat", "_stat", "_collections_abc", "nt"}
    SYSTEM |= {"abc", "_abc", "_winapi"}
else:
    OWN |= {"ipc._connect_unix", "ipc._peer_unix"}
    SYSTEM = {"_socket", "errno"}


def imported_by(code: str) -> set[str]:
    """Return what some code imports, beyond the modules of a bare interpreter."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); before = set(sys.modules)\n{code}\n"
    script += "print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, check=True, text=True
    )
    return set(done.stdout.split())


def test_the_package_imports_nothing() -> None:
    """The modules of its names are imported on first use."""
    assert imported_by("import ipc") == {"ipc"}


def test_the_client_imports_few_modules() -> None:
    """Each costs a fifth of a millisecond; `socket` alone costs five."""
    assert imported_by("import ipc.client") <= OWN | SYSTEM


def test_a_request_imports_nothing_more(tmp_path: Path) -> None:
    """Not even for an answer in two packets, as Git's own daemon sends it."""
    with ipc.Server(tmp_path / "s", lambda message, reply: reply(message)):
        code = f"import ipc.client; ipc.client.send_command({str(tmp_path / 's')!r}, b'?', None, 5)"
        assert imported_by(code) <= OWN | SYSTEM
