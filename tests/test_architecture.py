"""The architecture: which package may import which, where code may do what, how large it may be.

Each rule is a function, which is tested with source that breaks it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.source_files import FILES, MODULES, ROOT, imports

MAX_FILE = 400  # lines
MAX_BODY = 40  # lines of a function, without its docstring
MAX_BRANCHES = 8  # as ruff's max-complexity of 9
MAX_PARAMETERS = 5  # without self and cls
# What a package may import of ours besides itself.  One that imports nothing can be read, tested
# and replaced alone; the monitor can be used in any program.
MAY_IMPORT = {
    "ipc": "",
    "fsmond.journal": "",
    "fsmond.index": "",
    "fsmond.watching": "",
    "fsmond.git": "",
    "fsmond.storage": "",
    "fsmond.filters": "",
    "fsmond.helping": "fsmond.index",
    "fsmond.answering": "ipc fsmond.monitor fsmond.filters fsmond.protocol fsmond.journal.token"
    " fsmond.index.difference fsmond.results",
    "fsmond.monitor": "fsmond.journal fsmond.index fsmond.watching fsmond.storage",
    "fsmond.process": "ipc fsmond.errors fsmond.exchange fsmond.folders fsmond.isolation"
    " fsmond.protocol fsmond.rendezvous",
}
# For any package.
COMMON = "fsmond.windows fsmond.paths fsmond.printable"
# From where a package may be imported.
IMPORTED_BY = {
    "ipc._server": "ipc.server",
    "fsmond.journal": "fsmond.monitor fsmond.answering fsmond.daemon",
    "fsmond.index": "fsmond.monitor fsmond.answering fsmond.helping",
    "fsmond.helping": "fsmond.daemon",
    "fsmond.watching": "fsmond.monitor fsmond.daemon fsmond.manage",
    "fsmond.storage": "fsmond.monitor fsmond.daemon",
    "fsmond.monitor": "fsmond.answering fsmond.daemon",
    "fsmond.filters": "fsmond.answering fsmond.daemon",
    "fsmond.answering": "fsmond.daemon",
    "fsmond.git": "fsmond.daemon fsmond.cli fsmond.rendezvous fsmond.manage fsmond.screen"
    " fsmond.presence",
    "fsmond.process": "fsmond.daemon fsmond.cli fsmond.client fsmond.entry_point fsmond.manage"
    " fsmond.watchman",
    "fsmond.presence": "fsmond.daemon fsmond.manage",
    "fsmond.manage": "fsmond.cli fsmond.screen",
    "fsmond.screen": "fsmond.cli",
    "fsmond.service": "fsmond.cli fsmond.daemon",
    "fsmond.execute": "fsmond.cli",
    "fsmond.mcp": "fsmond.cli",
    "fsmond.watchman": "fsmond.cli",
    "fsmond.daemon": "fsmond.cli fsmond.entry_point",
    "fsmond.cli": "fsmond.entry_point",
}
MAX_MODULES = 16  # in a folder, with its `__init__`
PURE = ("ipc.pktline", "ipc.errors", "fsmond.journal")  # no I/O, no clock, no thread
HARMLESS = "ipc.errors fsmond.journal bisect collections itertools operator typing"

PLATFORM = {  # the modules that may check the platform, and what they decide by it
    "fsmond.entry_point": "how a process ends without `os`",
    "fsmond.index.tree": "how a directory is opened",
    "fsmond.index.status": "how the status of a file is read",
    "fsmond.watching.choice": "which watcher there is",
    "fsmond.daemon.clients": "whether there are mount namespaces, and directories with two paths",
    "fsmond.manage.doctor": "which limits there are, and whether sockets are files",
    "fsmond.service.choice": "which manager of services there is",
    "fsmond.presence.title": "whether a daemon may be forked",
    "fsmond.process.alive": "how a running process is recognized",
    "fsmond.process.alive_unix": "whether there is /proc",
    "fsmond.process.detach": "how a process is detached from its parent",
    "fsmond.process.lock": "how a directory is locked",
    "fsmond.daemon.parts": "whether a second process helps to compare",
    "fsmond.daemon.history": "how the type of a file system is found",
    "fsmond.daemon.log.file": "how a file is opened that others may remove",
    "fsmond.daemon.memory": "whether the C library may be glibc",
    "fsmond.process.spawn": "how a process is started",
    "fsmond.paths": "whether a name has two Unicode spellings",
    "fsmond.daemon.lifecycle": "which signals there are",
    "fsmond.cli.git_daemon": "whether a process can leave its session",
    "fsmond.cli.output": "how bytes are written to a console",
    "fsmond.cli.hook": "how the environment is read without `os`",
    "fsmond.git.program": "how a program is found, and run without a window",
    "fsmond.git.worktree": "how a file is opened that Git may replace",
    "fsmond.git.socket_path": "how a network file system is recognized",
    "fsmond.folders": "who may own a folder, and where it is",
    "fsmond.rendezvous": "how a directory is identified, and whether its file system is on a disk",
    "fsmond.storage.file": "how a file is opened and locked, and whose it may be",
    "fsmond.storage.identity": "whether there are file handles",
    "fsmond.cli.listen": "whether the end of a pipe can be waited for",
    "fsmond.execute.loop": "how a command and its children are ended",
    "fsmond.watchman.places": "where a server listens, and how a shell is told",
    "fsmond.watchman.serving.capabilities": "which source of events there is",
    "fsmond.watchman.serving.listening": "how clients reach the server",
    "ipc.aio": "how asyncio uses a connection",
    "ipc.client": "how a server is reached",
    "ipc.server": "how clients reach it",
    "ipc._server.unix.listen": "whether a shutdown wakes threads that accept",
}
# Types whose values can be changed, and their methods that do so.
MUTABLE = (
    "deque defaultdict Counter array bytearray dict list set count local Queue SimpleQueue"
    " Lock RLock Condition Event Semaphore Thread cache lru_cache"
)
MUTATORS = "append add update setdefault pop popitem clear remove discard extend insert"
Rule = Callable[[str, ast.Module], list[str]]


def _within(name: str, *packages: str) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def forbidden_imports(module: str, tree: ast.Module) -> list[str]:
    """Return the modules of ours that it imports and must not."""
    ours = [name for name in imports(tree) if _within(name, "fsmond", "ipc")]
    found = []
    for package, allowed in MAY_IMPORT.items():
        if _within(module, package):
            known = (package, *allowed.split(), *COMMON.split())
            found += [name for name in ours if name != "fsmond" and not _within(name, *known)]
    for package, importers in IMPORTED_BY.items():
        if not _within(module, package, *importers.split()):
            found += [name for name in ours if _within(name, package)]
    return found


def impurities(module: str, tree: ast.Module) -> list[str]:
    """Return the modules it imports that could do I/O, if it must not."""
    names = imports(tree) if _within(module, *PURE) else ()
    return [name for name in names if not _within(name, *HARMLESS.split())]


def platform_checks(module: str, tree: ast.Module) -> list[str]:
    """Return its checks of the platform, if unlisted; an assert is for the type checker only."""
    nodes = [
        each for line in tree.body if not isinstance(line, ast.Assert) for each in ast.walk(line)
    ]
    used = [ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)]
    checks = ("sys.platform", "os.name", "os.uname", "platform")
    return [name for name in [*used, *imports(tree)] if name in checks and module not in PLATFORM]


def excesses(_: str, tree: ast.Module) -> list[str]:
    """Return its functions that have too many lines, branches or parameters."""
    branching = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
    found = []
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            first = each.body[-1 if len(each.body) == 1 else ast.get_docstring(each) is not None]
            lines = (each.end_lineno or 0) - first.lineno + 1
            branches = sum(isinstance(node, branching) for node in ast.walk(each))
            arguments = [*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs]
            parameters = sum(argument.arg not in ("self", "cls") for argument in arguments)
            if lines > MAX_BODY or branches > MAX_BRANCHES or parameters > MAX_PARAMETERS:
                found.append(
                    f"{each.name}: {lines} lines, {branches} branches, {parameters} parameters"
                )
    return found


def state(module: str, tree: ast.Module) -> list[str]:
    """Return the mutable state of a module or a class: one process may host many monitors.

    A list, dict or set is a constant if its name is in capitals, and if `changes` finds nothing.
    """
    displays = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    found = []
    for name, value in _assigned(tree) if _within(module, "fsmond") else ():
        variable = isinstance(value, displays) and not name.isupper()
        if variable or (isinstance(value, ast.Call) and _last_name(value.func) in MUTABLE.split()):
            found.append(name)
    return found


def changes(module: str, tree: ast.Module) -> list[str]:
    """Return the module's and class's state that functions change, and functions with a cache."""
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
    nodes = [node for function in functions for node in ast.walk(function)]
    found = [name for node in nodes if isinstance(node, ast.Global) for name in node.names]
    for each in functions:
        found += {_last_name(wrapper) for wrapper in each.decorator_list} & {*MUTABLE.split()}
    constants = {name for name, _ in _assigned(tree)}
    for node in nodes:
        if (isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)) or (
            isinstance(node, ast.Attribute) and node.attr in MUTATORS.split()
        ):
            found += {ast.unparse(node.value)} & constants
    return found if _within(module, "fsmond") else []


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a module or a class in it assigns, with the values."""
    for scope in ast.walk(tree):
        for line in scope.body if isinstance(scope, ast.Module | ast.ClassDef) else ():
            if isinstance(line, ast.Assign):
                yield from ((ast.unparse(each), line.value) for each in line.targets)
            elif isinstance(line, ast.AnnAssign) and line.value is not None:
                yield ast.unparse(line.target), line.value


def recursions(_: str, tree: ast.Module) -> list[str]:
    """Return its functions that call themselves, directly or through others of the module.

    Trees, chains of renamed directories and JSON of others may have any depth.
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
    """Return everything that a function calls, directly or indirectly."""
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
    forbidden_imports,
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
    """The rule returns what to mend."""
    assert rule(module, ast.parse(MODULES[module].read_bytes())) == []


@pytest.mark.parametrize(
    ("rule", "module", "source"),
    [
        (forbidden_imports, "ipc.client", "import fsmond.errors"),
        (forbidden_imports, "fsmond.monitor.monitor", "from fsmond.process import launch"),
        (forbidden_imports, "fsmond.monitor.monitor", "from fsmond.git.worktree import find"),
        (forbidden_imports, "fsmond.process.launch", "from fsmond.daemon.main import main"),
        (forbidden_imports, "ipc.client", "from ipc._server.unix.reply import Reply"),
        (forbidden_imports, "fsmond.journal.token", "from fsmond.git import hook"),
        (forbidden_imports, "fsmond.git.hook", "def f():\n    from ipc.client import connect"),
        (forbidden_imports, "fsmond.client", "import fsmond.journal.token"),
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
    """A rule that cannot fail is useless."""
    assert rule(module, ast.parse(source)) != []


@pytest.mark.parametrize("module", PLATFORM)
def test_a_module_that_is_listed_for_the_platform_checks_it(module: str) -> None:
    """A listed module without a check would hide one that is added later."""
    assert platform_checks("", ast.parse(MODULES[module].read_bytes())) != []


def import_cycles(modules: dict[str, ast.Module]) -> list[str]:
    """Return the modules that import each other, also indirectly or in a function."""
    known: dict[str, set[str]] = {}
    for module, tree in modules.items():
        names = {name for name in imports(tree) if name in modules}
        # `from a import b` names a as well, which is not imported if b is a module.
        packages = {name.rpartition(".")[0] for name in names}
        known[module] = names - {module} - (packages & set(modules))
    return [module for module in known if module in _reached(module, known)]


def test_no_modules_import_each_other() -> None:
    """If two do, neither can be understood or tested without the other."""
    trees = {name: ast.parse(path.read_bytes()) for name, path in MODULES.items()}
    assert import_cycles(trees) == []


def test_an_import_cycle_is_found() -> None:
    """Also if an import is in a function, or for the type checker only."""
    sources = {
        "p": "",
        "p.a": "from p import b",
        "p.b": "def f():\n    import p.c",
        "p.c": "if TYPE_CHECKING:\n    from p.a import x",
        "p.d": "from p import a",
    }
    trees = {name: ast.parse(source) for name, source in sources.items()}
    assert import_cycles(trees) == ["p.a", "p.b", "p.c"]


FOLDERS = sorted({path.parent for path in FILES})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    """A folder that needs a long table to explain its files should be two or three."""
    assert len(list(folder.glob("*.py"))) <= MAX_MODULES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_not_too_long(path: Path) -> None:
    """A single file of a thousand lines makes a project hard to read."""
    assert path.read_bytes().count(b"\n") <= MAX_FILE


PACKAGES = [path.parent for path in FILES if path.name == "__init__.py"]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_the_docstring_of_a_package_is_a_map_of_it(package: Path) -> None:
    """A reader starts there; a wrong map is worse than none."""
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_bytes())) or ""
    inside = {path.stem for path in package.glob("*.py")}
    inside |= {path.parent.name for path in package.glob("*/__init__.py")}

    listed = {line.split()[0] for line in text.splitlines() if re.match(r"\w+  +\S", line)}

    assert listed == {name for name in inside if not name.startswith("_")}
