"""The architecture: who may import whom, what may stand where, how large things may be.

Each rule is a function, and is tried on source that breaks it.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from source_files import FILES, MODULES, ROOT, imports

MAX_FILE = 400  # lines
MAX_BODY = 40  # lines of a function, without its docstring
MAX_BRANCHES = 8  # as ruff's max-complexity of 9
MAX_PARAMETERS = 5  # without self and cls
# These know nothing of ours but themselves: each can be read, tested and replaced alone.
STRANGERS = ("ipc", "fsmond.journal", "fsmond.index", "fsmond.watching", "fsmond.git")
COMMON = ("fsmond.files_windows", "fsmond.opening_windows")  # what any of them may know besides
# Who may enter a room: they meet in the daemon.
ENTERED_FROM = {
    "fsmond.journal": ("fsmond.daemon",),
    "fsmond.index": ("fsmond.daemon",),
    "fsmond.watching": ("fsmond.daemon",),
    "fsmond.git": ("fsmond.daemon", "fsmond.cli", "fsmond.rendezvous"),
    "fsmond.daemon": ("fsmond.cli", "fsmond.client", "fsmond.door"),
    "fsmond.cli": ("fsmond.door",),
}
PURE = ("ipc.pktline", "ipc.errors", "fsmond.journal")  # no I/O, no clock, no thread
HARMLESS = "ipc.errors fsmond.journal bisect collections itertools operator typing"

PLATFORM = {  # who may ask for it, to decide what
    "fsmond.door": "how a process ends without `os`",
    "fsmond.index.tree": "how a directory is opened",
    "fsmond.index.status": "how a file is looked at",
    "fsmond.watching.choice": "which watcher there is",
    "fsmond.daemon.askers": "whether a directory can be at two places",
    "fsmond.daemon.views": "whether there are mount namespaces",
    "fsmond.daemon.alive": "how a process is found to live",
    "fsmond.daemon.alive_unix": "whether processes are files as well",
    "fsmond.daemon.detach": "how one leaves its parent",
    "fsmond.daemon.lock": "how a directory is locked",
    "fsmond.daemon.log_file": "how a file is opened that others may remove",
    "fsmond.daemon.memory": "whether the C library may be glibc",
    "fsmond.daemon.spawn": "how a process is started",
    "fsmond.daemon.spelling": "whether a name has two spellings",
    "fsmond.daemon.process": "which signals there are",
    "fsmond.cli.git_daemon": "whether a process can leave its session",
    "fsmond.cli.output": "how a console is told bytes",
    "fsmond.cli.hook": "how the environment is read without `os`",
    "fsmond.git.program": "how a program is found, and run without a window",
    "fsmond.git.worktree": "how a file is opened that Git may replace",
    "fsmond.git.socket_path": "how a file system is known to be another machine's",
    "fsmond.folders": "whose a folder can be, and where it is",
    "fsmond.rendezvous": "how a directory is entered, and what is on a disk",
    "ipc.aio": "what asyncio takes for a connection",
    "ipc.client": "how a server is reached",
    "ipc.server": "how one is reached by clients",
    "ipc._listen_unix": "whether a shutdown wakes those who accept",
}
# What can be changed in place, and how.
KEEPERS = (
    "deque defaultdict Counter array bytearray dict list set count local Queue SimpleQueue"
    " Lock RLock Condition Event Semaphore Thread cache lru_cache"
)
CHANGERS = "append add update setdefault pop popitem clear remove discard extend insert"
Rule = Callable[[str, ast.Module], list[str]]


def _within(name: str, *packages: str) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def trespasses(module: str, tree: ast.Module) -> list[str]:
    """Return what it imports of ours that it should not know."""
    homes = [room for room in STRANGERS if _within(module, room)]
    closed = [room for room, doors in ENTERED_FROM.items() if not _within(module, room, *doors)]
    ours = [name for name in imports(tree) if _within(name, "fsmond", "ipc")]
    strange = [name for name in ours if homes and not _within(name, *homes, *COMMON)]
    return strange + [name for name in ours if _within(name, *closed)]


def impurities(module: str, tree: ast.Module) -> list[str]:
    """Return what it imports that could do I/O, if it must not."""
    names = imports(tree) if _within(module, *PURE) else ()
    return [name for name in names if not _within(name, *HARMLESS.split())]


def platform_checks(module: str, tree: ast.Module) -> list[str]:
    """Return where it asks for the platform, if unlisted; an assert only tells the type checker."""
    nodes = [
        each for line in tree.body if not isinstance(line, ast.Assert) for each in ast.walk(line)
    ]
    used = [ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)]
    asking = ("sys.platform", "os.name", "os.uname", "platform")
    return [name for name in [*used, *imports(tree)] if name in asking and module not in PLATFORM]


def excesses(_: str, tree: ast.Module) -> list[str]:
    """Return its functions that are too long, too branched, or want too much."""
    branching = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
    found = []
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            first = each.body[-1 if len(each.body) == 1 else ast.get_docstring(each) is not None]
            lines = (each.end_lineno or 0) - first.lineno + 1
            branches = sum(isinstance(node, branching) for node in ast.walk(each))
            arguments = [*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs]
            wanted = sum(argument.arg not in ("self", "cls") for argument in arguments)
            if lines > MAX_BODY or branches > MAX_BRANCHES or wanted > MAX_PARAMETERS:
                found.append(f"{each.name}: {lines} lines, {branches} branches, wants {wanted}")
    return found


def state(module: str, tree: ast.Module) -> list[str]:
    """Return what a module or a class keeps: one process may host many monitors.

    A list, dict or set is a constant if its name is in capitals, and if `changes` finds nothing.
    """
    displays = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    found = []
    for name, value in _assigned(tree) if _within(module, "fsmond") else ():
        variable = isinstance(value, displays) and not name.isupper()
        if variable or (isinstance(value, ast.Call) and _last_name(value.func) in KEEPERS.split()):
            found.append(name)
    return found


def changes(module: str, tree: ast.Module) -> list[str]:
    """Return what functions change, or have remembered, that is not an object's."""
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
    nodes = [node for function in functions for node in ast.walk(function)]
    found = [name for node in nodes if isinstance(node, ast.Global) for name in node.names]
    for each in functions:
        found += {_last_name(wrapper) for wrapper in each.decorator_list} & {*KEEPERS.split()}
    constants = {name for name, _ in _assigned(tree)}
    for node in nodes:
        if (isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)) or (
            isinstance(node, ast.Attribute) and node.attr in CHANGERS.split()
        ):
            found += {ast.unparse(node.value)} & constants
    return found if _within(module, "fsmond") else []


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a module or a class in it sets, and to what."""
    for scope in ast.walk(tree):
        for line in scope.body if isinstance(scope, ast.Module | ast.ClassDef) else ():
            if isinstance(line, ast.Assign):
                yield from ((ast.unparse(each), line.value) for each in line.targets)
            elif isinstance(line, ast.AnnAssign) and line.value is not None:
                yield ast.unparse(line.target), line.value


def recursions(_: str, tree: ast.Module) -> list[str]:
    """Return its functions that call themselves, be it by way of others of the module.

    What others make may be of any depth: trees, chains of renamed directories, JSON.
    """
    methods = {
        each for scope in ast.walk(tree) if isinstance(scope, ast.ClassDef) for each in scope.body
    }
    calls: dict[str, set[str]] = {}
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            called = {
                ast.unparse(node.func) for node in ast.walk(each) if isinstance(node, ast.Call)
            }
            local = {
                alias.asname or alias.name
                for node in ast.walk(each)
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            }
            name = f"self.{each.name}" if each in methods else each.name
            calls.setdefault(name, set()).update(called - local)
    return [name for name in calls if name in _reached(name, calls)]


def _reached(name: str, calls: dict[str, set[str]]) -> set[str]:
    """Return what a function calls, and what these call."""
    found: set[str] = set()
    pending = [name]
    while pending:
        new = calls.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return found


def _last_name(expression: ast.expr) -> str:
    return ast.unparse(expression).partition("(")[0].rpartition(".")[2]


RULES: list[Rule] = [
    trespasses,
    impurities,
    platform_checks,
    excesses,
    state,
    changes,
    recursions,
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("module", MODULES)
def test_a_module_keeps_the_rule(module: str, rule: Rule) -> None:
    """What the rule returns is what to mend."""
    assert rule(module, ast.parse(MODULES[module].read_bytes())) == []


@pytest.mark.parametrize(
    ("rule", "module", "source"),
    [
        (trespasses, "ipc.client", "import fsmond"),
        (trespasses, "fsmond.journal.token", "from fsmond import git"),
        (trespasses, "fsmond.git.hook", "def f():\n    from ipc.client import connect"),
        (trespasses, "fsmond.client", "import fsmond.journal.token"),
        (impurities, "ipc.pktline", "import os"),
        (impurities, "fsmond.journal", "from time import monotonic"),
        (platform_checks, "fsmond.client", "if sys.platform == 'linux': x = 1"),
        (platform_checks, "ipc.message", "windows = os.name == 'nt'"),
        (platform_checks, "ipc.message", "from sys import platform"),
        (platform_checks, "ipc.message", "import platform"),
        (excesses, "", "def f():\n" + "    pass\n" * (MAX_BODY + 1)),
        (excesses, "", "async def f():\n" + "    if x: pass\n" * (MAX_BRANCHES + 1)),
        (excesses, "", "class C:\n    def f(self, a, b, c, *, d, e, f): ..."),
        (state, "fsmond.x", "seen: dict[str, int] = {}"),
        (state, "fsmond.x", "class C:\n    seen = []"),
        (state, "fsmond.x", "_LOCK = threading.Lock()"),
        (changes, "fsmond.x", "_SEEN = {}\ndef f():\n    _SEEN['x'] = 1"),
        (changes, "fsmond.x", "_SEEN = {0}\ndef f():\n    _SEEN.add(1)"),
        (changes, "fsmond.x", "x = 1\ndef f():\n    global x"),
        (changes, "fsmond.x", "@functools.cache\ndef f(): ..."),
        (recursions, "", "def f(x):\n    return f(x - 1)"),
        (
            recursions,
            "",
            "class C:\n    def f(self):\n        self.g()\n    def g(self):\n        self.f()",
        ),
    ],
)
def test_a_rule_finds_what_breaks_it(rule: Rule, module: str, source: str) -> None:
    """A rule that can't fail is none."""
    assert rule(module, ast.parse(source)) != []


@pytest.mark.parametrize("module", PLATFORM)
def test_who_is_listed_for_the_platform_asks_for_it(module: str) -> None:
    """A list that holds more than there is hides what comes."""
    assert platform_checks("", ast.parse(MODULES[module].read_bytes())) != []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_can_be_read_at_one_sitting(path: Path) -> None:
    """The one file of a thousand lines is what makes a project heavy."""
    assert path.read_bytes().count(b"\n") <= MAX_FILE


@pytest.mark.parametrize(
    "package", [name for name in MODULES if MODULES[name].match("__init__.py")]
)
def test_the_first_lines_of_a_package_are_a_map_of_it(package: str) -> None:
    """Who looks for something begins there; a map that is not true is worse than none."""
    text = ast.get_docstring(ast.parse(MODULES[package].read_bytes())) or ""
    inside = [name for name in MODULES if name.rpartition(".")[0] == package]

    told = {line.split()[0] for line in text.splitlines() if line.startswith(f"{package}.")}

    assert told == {name for name in inside if not name.rpartition(".")[2].startswith("_")}
