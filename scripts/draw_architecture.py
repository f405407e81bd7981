"""Draw the rooms of the code, and which imports which, into `docs/architecture.md`.

The picture is Mermaid text, which GitHub shows as a graph and a diff shows line by line.  The
arrows come from the imports, the sentences from the docstrings; only the layers are written here.
"""

import argparse
import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- begin: written by `make architecture` -->\n"
END = "<!-- end: written by `make architecture` -->\n"
CURE = "run: make architecture"
TABLE_HEAD = "| room | what it is | files |\n|---|---|---|\n"


class ArchitectureError(Exception):
    """The picture cannot be drawn; the message says what to change."""


class Room(NamedTuple):
    """One box of the picture: a package with all below it, or a few modules."""

    name: str
    modules: tuple[str, ...]
    sentence: str = ""
    """What it is, where no single docstring says so."""


class Layer(NamedTuple):
    """Rooms that stand at the same height."""

    name: str
    rooms: tuple[Room, ...]


HELPERS = Room(
    "helpers",
    (
        "fsmond",  # the version
        "fsmond.errors",
        "fsmond.folders",
        "fsmond.isolation",
        "fsmond.paths",
        "fsmond.printable",
        "fsmond.windows",
    ),
    "What several rooms need: the errors, private folders, printable text, files on Windows.",
)
LAYERS = (
    Layer(
        "the command and the client",
        (
            Room("entry_point", ("fsmond.entry_point", "fsmond.__main__")),
            Room("cli", ("fsmond.cli",)),
            Room("execute", ("fsmond.execute",)),
            Room("mcp", ("fsmond.mcp",)),
            Room("watchman", ("fsmond.watchman",)),
            Room("screen", ("fsmond.screen",)),
            Room("manage", ("fsmond.manage",)),
            Room(
                "client",
                ("fsmond.client", "fsmond.aio", "fsmond.listening", "fsmond.results"),
                "Queries, and waiting for changes, from Python; what the answers say.",
            ),
        ),
    ),
    Layer(
        "how a daemon is reached",
        (
            Room(
                "exchange",
                ("fsmond.exchange", "fsmond.rendezvous", "fsmond.protocol", "fsmond.diagnosis"),
                "Where the daemon of a tree is, what is said to it, and what an error means.",
            ),
        ),
    ),
    Layer(
        "processes",
        (
            Room("daemon", ("fsmond.daemon",)),
            Room("process", ("fsmond.process",)),
            Room("helping", ("fsmond.helping",)),
            Room("presence", ("fsmond.presence",)),
            Room("service", ("fsmond.service",)),
        ),
    ),
    Layer(
        "what clients ask",
        (Room("answering", ("fsmond.answering",)), Room("filters", ("fsmond.filters",))),
    ),
    Layer("the history of one tree", (Room("monitor", ("fsmond.monitor",)),)),
    Layer(
        "what a history is made of",
        (
            Room("watching", ("fsmond.watching",)),
            Room("index", ("fsmond.index",)),
            Room("journal", ("fsmond.journal",)),
            Room("storage", ("fsmond.storage",)),
        ),
    ),
    Layer("Git", (Room("git", ("fsmond.git",)),)),
    Layer("bytes and connections", (Room("ipc", ("ipc",)),)),
    Layer("for all rooms; arrows to it are left out", (HELPERS,)),
)
ROOMS = tuple(room for layer in LAYERS for room in layer.rooms)
# Which program sends requests, and where to: no import shows that.
OUTSIDE = """\
    people(["people, at a terminal"])
    git_program(["Git"])
    programs(["programs in Python"])
"""
ASKING = """\
    people ==> entry_point
    git_program == "the hook" ==> entry_point
    git_program == "Simple-IPC" ==> ipc
    programs ==> client
"""


def main(arguments: list[str] | None = None, *, page: Path = PAGE) -> int:
    """Write the picture into the page, or check it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it is stale")
    options = parser.parse_args(arguments)
    try:
        text = page.read_text(encoding="utf-8")
        wanted = with_picture(text, drawn(modules_of(ROOT)))
    except ArchitectureError as error:
        print(f"draw_architecture: {error}", file=sys.stderr)
        return 1
    if wanted == text:
        return 0
    if options.check:
        print(f"{page.name}: the picture is not what the code gives; {CURE}", file=sys.stderr)
        return 1
    page.write_text(wanted, encoding="utf-8", newline="\n")
    return 0


def modules_of(root: Path) -> dict[str, ast.Module]:
    """Return the modules of `fsmond` and `ipc`, by their files: `ipc.__init__` for the package."""
    paths = sorted(path for name in ("fsmond", "ipc") for path in (root / name).rglob("*.py"))
    found = {".".join(path.relative_to(root).with_suffix("").parts): path for path in paths}
    return {name: ast.parse(path.read_bytes()) for name, path in found.items()}


def drawn(modules: Mapping[str, ast.Module]) -> str:
    """Return the picture and the table, for modules that are named by their files."""
    return f"\n{_graph(modules)}\n{_table(modules)}\n"


def with_picture(text: str, picture: str) -> str:
    """Return a page with this picture in the place of the one that it has."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ArchitectureError(f"{PAGE.name} needs these lines, once each: {BEGIN}{END}")
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + picture + END + rest.partition(END)[2]


def room_of(module: str) -> Room:
    """Return the room that a module is in, of a module that is named as in an import."""
    for room in ROOMS:
        for each in room.modules:
            # Whatever is in no other room is not in `fsmond` by that alone.
            if module == each or (each != "fsmond" and module.startswith(f"{each}.")):
                return room
    raise ArchitectureError(f"{module} is in no room: add it to LAYERS in {Path(__file__).name}")


def _graph(modules: Mapping[str, ast.Module]) -> str:
    lines = ["```mermaid\n", "flowchart TD\n", OUTSIDE]
    for number, layer in enumerate(LAYERS):
        lines.append(f'    subgraph layer{number}["{layer.name}"]\n')
        lines += [f'        {room.name}["{_label(room, modules)}"]\n' for room in layer.rooms]
        lines.append("    end\n")
    lines.append(ASKING)
    always, sometimes = _arrows(modules)
    for one in ROOMS:
        for other in ROOMS:
            if (one, other) in always:
                lines.append(f"    {one.name} --> {other.name}\n")
            elif (one, other) in sometimes:
                lines.append(f"    {one.name} -.-> {other.name}\n")
    lines.append("```\n")
    return "".join(lines)


def _label(room: Room, modules: Mapping[str, ast.Module]) -> str:
    shown = [_path(name, modules) for name in room.modules if name not in _NOT_SHOWN]
    return "<br>".join(path.removeprefix("fsmond/") for path in shown)


def _path(module: str, modules: Mapping[str, ast.Module]) -> str:
    return module.replace(".", "/") + ("/" if f"{module}.__init__" in modules else ".py")


_NOT_SHOWN = ("fsmond", "fsmond.__main__")  # as boxes; they hold next to nothing
_Arrows = set[tuple[Room, Room]]


def _arrows(modules: Mapping[str, ast.Module]) -> tuple[_Arrows, _Arrows]:
    """Return which rooms import which: whenever they are imported, and only when needed."""
    always: _Arrows = set()
    sometimes: _Arrows = set()
    for name, tree in modules.items():
        room = room_of(name.removesuffix(".__init__"))
        for imported, is_deferred in _imports(tree):
            if f"{imported}.".startswith(("fsmond.", "ipc.")):
                other = _room_of_imported(imported, modules)
                if other not in (room, HELPERS):
                    (sometimes if is_deferred else always).add((room, other))
    return always, sometimes


def _room_of_imported(name: str, modules: Mapping[str, ast.Module]) -> Room:
    """Return the room of what is imported: a module, or a name in one."""
    is_module = name in modules or f"{name}.__init__" in modules
    return room_of(name if is_module else name.rpartition(".")[0])


def _imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield what is imported, and whether only in a function or for the type checker."""
    pending: list[tuple[ast.AST, bool]] = [(tree, False)]
    while pending:
        node, is_deferred = pending.pop()
        if isinstance(node, ast.Import):
            yield from ((each.name, is_deferred) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{each.name}", is_deferred) for each in node.names)
        else:
            inside = is_deferred or _defers(node)
            pending += [(child, inside) for child in ast.iter_child_nodes(node)]


def _defers(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def _table(modules: Mapping[str, ast.Module]) -> str:
    packages = sorted(name.removesuffix(".__init__") for name in modules if name[-8:] == "__init__")
    packages.remove("fsmond")
    lines = [TABLE_HEAD]
    for room in ROOMS:
        inside = [each for each in packages if room_of(each) == room]
        for package in inside:
            count = sum(name.rpartition(".")[0] == package for name in modules)
            sentence = _sentence(modules[f"{package}.__init__"])
            lines.append(f"| `{_path(package, modules)}` | {sentence} | {count} |\n")
        if not inside:
            shown = ", ".join(f"`{_path(name, modules)}`" for name in room.modules)
            sentence = room.sentence or _sentence(modules[room.modules[0]])
            lines.append(f"| {shown} | {sentence} | {len(room.modules)} |\n")
    return "".join(lines)


def _sentence(tree: ast.Module) -> str:
    """Return the first paragraph of a docstring, fit for a table."""
    text = (ast.get_docstring(tree) or "").partition("\n\n")[0]
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    raise SystemExit(main())
