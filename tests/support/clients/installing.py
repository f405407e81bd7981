"""Install clients from their registries, each into a folder of its own.

Where there is no `npm`, or a registry cannot be reached, tests are skipped everywhere: neither is
the project's own.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.watchman.locking import locked

LONGEST = 300.0  # seconds that a registry has for one client with all that it needs


class Clients:
    """Installs each client at its first use, below `folder`; later runs find it there."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = {**env, "npm_config_cache": str(folder / "npm-cache")}

    def python(self, *requirements: str) -> Path:
        """Return the folder of the programs of an environment that has these Python packages."""
        with self._installed(f"python3.{sys.version_info.minor}", requirements) as (folder, is_new):
            if is_new:
                self._run([sys.executable, "-m", "venv", str(folder)])
                pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
                self._run([*pip, "--disable-pip-version-check", *requirements])
        return folder / "bin"

    def node(self, *packages: str) -> Path:
        """Return a folder `node_modules` that has these npm packages."""
        for program in ("node", "npm"):
            if not shutil.which(program):
                pytest.skip(f"needs {program}, for {packages[0]}")
        with self._installed("node", packages) as (folder, is_new):
            if is_new:
                folder.mkdir(exist_ok=True)
                (folder / "package.json").write_text('{"private": true}')
                npm = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund"]
                self._run([*npm, "--loglevel=error", *packages])
        return folder / "node_modules"

    @contextmanager
    def _installed(self, kind: str, names: Sequence[str]) -> Iterator[tuple[Path, bool]]:
        """Give a folder, and whether to install into it now; other processes wait meanwhile."""
        folder = self._folder / re.sub(r"[^\w.]+", "-", " ".join([kind, *names]))
        complete = folder.with_name(f"{folder.name}.complete")
        with locked(folder.with_name(f"{folder.name}.lock")):
            is_new = not complete.exists()
            yield folder, is_new
            complete.touch()

    def _run(self, command: Sequence[str]) -> None:
        """Run an installer; skip the test if it fails, which it does without a network."""
        try:
            done = subprocess.run(
                command, env=self._env, capture_output=True, timeout=LONGEST, check=False
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"cannot install in {LONGEST:.0f} s: {' '.join(command)}")
        if done.returncode:
            errors = done.stderr.decode(errors="replace").strip()
            pytest.skip(f"cannot install: {' '.join(command)}: {errors[-500:]}")
