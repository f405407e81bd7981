"""The package contains and requires everything that it needs."""

import ast
import sys
import tomllib

from support.source_files import MODULES, ROOT, imports

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
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
    assert {known.get(each, each) for each in others} == declared
