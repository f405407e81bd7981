"""The source files of the project, and what they import."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [ROOT / name for name in ("fsmond", "ipc", "scripts", "tests")]
FILES = sorted(path for folder in FOLDERS for path in folder.rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in FILES
    if path.relative_to(ROOT).parts[0] in ("fsmond", "ipc")
}


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the names of all imports, at any level: `a` and `a.b` for `from a import b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}"
            yield from (f"{node.module}.{each.name}" for each in node.names)
