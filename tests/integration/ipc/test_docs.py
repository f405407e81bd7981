"""The examples and numbers in docs/reference/ipc.md are true."""

import re
import subprocess
import sys
from pathlib import Path

import ipc

ROOT = Path(ipc.__file__).parents[1]
TEXT = (ROOT / "docs" / "reference" / "ipc.md").read_text(encoding="utf-8")


def example(name: str) -> str:
    """Return the source of one example."""
    code: str
    (code,) = re.findall(rf"```python\n# {name}\n(.*?)```", TEXT, re.DOTALL)
    return code


def test_the_server_and_the_client_of_the_document_work(tmp_path: Path) -> None:
    """Each has about ten lines."""
    server = subprocess.Popen(
        [sys.executable, "-c", example("server.py"), tmp_path / "s"], cwd=ROOT
    )
    client = subprocess.run(
        [sys.executable, "-c", example("client.py"), tmp_path / "s"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    try:
        assert client.stdout.splitlines() == ["b'you said: HELLO'", "b''"]
        assert server.wait(10) == 0
    finally:
        server.kill()
        server.wait()
    assert max(len(example(name).splitlines()) for name in ("server.py", "client.py")) <= 12


def test_every_public_name_is_in_the_document() -> None:
    """A reader can find each of them."""
    assert [name for name in ipc.__all__ if name not in TEXT] == []


def test_the_defaults_in_the_document_are_the_real_ones() -> None:
    """Users rely on these limits."""
    options = ipc.ServerOptions()

    assert f"| {options.nr_threads}, {options.max_threads} |" in TEXT
    assert f"| {options.max_request >> 20} MiB |" in TEXT
    assert f"| {options.max_memory >> 20} MiB for all" in TEXT
    assert f"| {options.request_timeout:.0f} s for the whole request |" in TEXT
    assert f"| {options.reply_timeout:.0f} s in total" in TEXT
    assert f"| {options.max_waiting} slow clients" in TEXT
