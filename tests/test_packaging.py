"""The package contains and requires everything that it needs."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from support.running import skip_missing
from support.source_files import MODULES, ROOT, imports

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = {"mcp": {"mcp", "mcp_types"}, "watchman": {"wcmatch"}}  # with what they install
PYWIN32 = "pywintypes win32api win32con win32file win32pipe win32security"  # its modules


def test_every_package_is_installed() -> None:
    """One that is not listed works only in the checkout."""
    folders = {path.parent.relative_to(ROOT) for path in MODULES.values()}

    listed = PROJECT["tool"]["setuptools"]["packages"]

    assert sorted(".".join(folder.parts) for folder in folders) == sorted(listed)


def test_the_dependencies_are_those_that_are_imported() -> None:
    """A missing one fails for users only; an unused one is installed for nothing."""
    trees = [ast.parse(path.read_bytes()) for path in MODULES.values()]
    imported = {name.partition(".")[0] for tree in trees for name in imports(tree)}

    declared = {each.partition(">")[0] for each in PROJECT["project"]["dependencies"]}
    known = dict.fromkeys(PYWIN32.split(), "pywin32")

    others = imported - sys.stdlib_module_names - {"fsmond", "ipc", "_win32typing"}
    assert {known.get(each, each) for each in others.difference(*EXTRAS.values())} == declared


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_an_extra_requires_is_imported_in_its_room_alone(extra: str) -> None:
    """Everything else works without it."""
    users = {
        module
        for module, path in MODULES.items()
        if not EXTRAS[extra].isdisjoint(
            name.partition(".")[0] for name in imports(ast.parse(path.read_bytes()))
        )
    }

    assert {".".join(user.split(".")[:2]) for user in users} == {f"fsmond.{extra}"}
    assert extra in PROJECT["project"]["optional-dependencies"]


def test_the_man_page_is_not_stale() -> None:
    """It is drawn from the command's own help: make man."""
    pytest.importorskip("argparse_manpage", reason="needs argparse-manpage: make man")
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "draw_man_page.py", "--check"],
        env={**os.environ, "COLUMNS": "80"},
        check=False,
    )

    assert done.returncode == 0


@pytest.mark.slow
def test_a_wheel_and_an_sdist_have_what_they_should(tmp_path: Path) -> None:
    """A wheel has no script for another system; an sdist has all that its tests need."""
    if importlib.util.find_spec("build") is None:
        skip_missing("needs build")
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, source, ignore=ignored)
    for kind, environment in (("any", {}), ("win_amd64", {"FSMOND_WHEEL": "windows"})):
        subprocess.run(
            [sys.executable, "-m", "build", "--outdir", tmp_path / kind, source],
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
        )
    (unix,) = (tmp_path / "any").glob("*-any.whl")
    (windows,) = (tmp_path / "win_amd64").glob("*win_amd64*.whl")
    (sdist,) = (tmp_path / "any").glob("*.tar.gz")

    assert scripts_of(unix) == {"fsmond"}
    assert scripts_of(windows) == {"fsmond", "fsmond.cmd"}
    assert any(name.endswith("man1/fsmond.1") for name in zipfile.ZipFile(unix).namelist())
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {"Makefile", "docs/architecture.md", "tests/test_packaging.py", "setup.py"}
    assert names >= {"scripts/fsmond.cmd", "CHANGELOG.md"}


def scripts_of(wheel: Path) -> set[str]:
    """Return the scripts in a wheel."""
    names = zipfile.ZipFile(wheel).namelist()
    return {Path(name).name for name in names if ".data/scripts/" in name}
