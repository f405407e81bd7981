"""fsmond imports no module from the current directory, nor from where the environment points.

A repository that was just cloned may hold modules of any name.  An empty entry in PYTHONPATH means
the current directory; `PYTHONPATH=$PYTHONPATH:/x` creates one if PYTHONPATH was not set.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import LONG, git, is_served, no_daemon_left, status, until
from support.source_files import ROOT

# The tree has modules of these names; each logs which process imported it.
MODULES = "ipc fsmond watchdog platformdirs logging hashlib json select fcntl errno tqdm gc signal"
AT_STARTUP = "sitecustomize usercustomize"  # Python imports them before it runs a program
LOGGING_MODULE = """\
with open({mark!r}, "a") as mark, open("/proc/self/cmdline") as line:
    mark.write(__name__ + "\\0" + line.read() + "\\n")
raise ImportError("not this one")
"""
SCRIPT = [sys.executable, str(ROOT / "scripts" / "fsmond")]
MAIN = str(ROOT / "fsmond" / "__main__.py")
HOOK = [sys.executable, "-I", "-S", MAIN, "hook"]
CLIENT = """\
import sys
import fsmond.client
sys.path += ["", "relative", sys.argv[1]]
print(fsmond.client.Client(sys.argv[1]).query().everything)
"""
WAYS = {
    "start": [*SCRIPT, "start"],
    "query": [*SCRIPT, "query"],
    "status": [*SCRIPT, "status"],
    "query --json": [*SCRIPT, "query", "--json"],
    "by its path": [sys.executable, MAIN, "query"],
}
ENVIRONMENTS = {
    "an empty entry": {"PYTHONPATH": ":/no/such"},
    "a relative one": {"PYTHONPATH": "."},
    "the tree itself": {"PYTHONPATH": "TREE"},
    "parts of another Python": {"PYTHONHOME": "/usr", "PYTHONPLATLIBDIR": "none"},
    "a verbose Python": {"PYTHONVERBOSE": "1"},
    "a library": {"LD_PRELOAD": "/no/such.so"},
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a repository that holds modules of all names."""
    root = tmp_path / "tree"
    root.mkdir()
    git(root, "init", "--quiet")
    for name in f"{MODULES} {AT_STARTUP}".split():
        (root / f"{name}.py").write_text(LOGGING_MODULE.format(mark=str(tmp_path / "mark")))
    return root


def imported(root: Path) -> list[tuple[str, str]]:
    """Return the modules that were imported from the tree, with the processes' command lines."""
    mark = root.with_name("mark")
    lines = mark.read_text().splitlines() if mark.exists() else []
    found = [line.partition("\0")[::2] for line in lines]
    return [(name, " ".join(line.split("\0"))) for name, line in found]


def environment_for(root: Path, variables: dict[str, str]) -> dict[str, str]:
    """Return the test's environment with these variables, and without Python's other ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {name: value.replace("TREE", str(root)) for name, value in variables.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("which", ["an empty entry", "a relative one", "the tree itself"])
def test_a_command_imports_nothing_from_the_tree(tree: Path, way: str, which: str) -> None:
    """Except what Python imports at startup.  Nor does the daemon that it starts."""
    with no_daemon_left(tree):
        done = subprocess.run(
            [*WAYS[way], "."],
            cwd=tree,
            env=environment_for(tree, ENVIRONMENTS[which]),
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )

    assert done.returncode == (1 if way == "status" else 0), done.stderr
    found = imported(tree)
    assert {name for name, _ in found} <= set(AT_STARTUP.split())
    assert [line for _, line in found if "--detached" in line] == []


def test_python_m_takes_only_the_package_from_the_current_directory(tree: Path) -> None:
    """Python looks there for what `-m` names; fsmond cannot prevent that."""
    (tree / "fsmond.py").unlink()
    with no_daemon_left(tree):
        done = subprocess.run(
            [sys.executable, "-m", "fsmond", "query"],
            cwd=tree,
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert imported(tree) == []


@pytest.mark.parametrize("which", ENVIRONMENTS)
def test_the_hook_and_its_daemon_ignore_the_environment(tree: Path, which: str) -> None:
    """Whatever Git's environment is."""
    with no_daemon_left(tree):
        subprocess.run(
            ["git", "-c", f"core.fsmonitor={shlex.join(HOOK)}", "status"],
            cwd=tree,
            # The title of the process leaves the environment where it can be read.
            env=environment_for(tree, {**ENVIRONMENTS[which], "SPT_NOENV": "1"}),
            capture_output=True,
            timeout=LONG,
            check=True,
        )
        until(lambda: is_served(tree))
        environment = Path(f"/proc/{status(tree)['pid']}/environ").read_bytes()

    assert imported(tree) == []
    names = {each.partition(b"=")[0].decode() for each in environment.split(b"\0")}
    assert {"PATH", "SPT_NOENV"} <= names  # it was read
    assert not names & set(ENVIRONMENTS[which])
    assert not any(name.startswith(("PYTHON", "GIT_DIR", "GIT_INDEX")) for name in names)


def test_the_daemon_does_not_inherit_a_programs_search_path(tree: Path, tmp_path: Path) -> None:
    """A program may have any `sys.path`, and any current directory."""
    (tree / "fsmond.py").unlink()
    (tmp_path / "program.py").write_text(CLIENT)
    with no_daemon_left(tree):
        done = subprocess.run(
            [sys.executable, tmp_path / "program.py", tree],
            cwd=tree,
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )

    assert (done.stdout, done.stderr) == ("True\n", "")
    assert [line for _, line in imported(tree) if "--detached" in line] == []


def test_the_daemon_gets_the_folders_of_its_libraries(tmp_path: Path) -> None:
    """Some programs have a folder for each library, which Python by itself does not know."""
    root = tmp_path / "tree"
    root.mkdir()
    code = (
        "import sys\n"
        "from fsmond.process import spawn\n"
        "child = spawn.Child.__init__\n"
        "spawn.Child.__init__ = lambda self, words, *rest: child(\n"
        "    self, [words[0], '-S', *words[1:]], *rest)\n"
        f"sys.argv = ['fsmond', 'query', {str(root)!r}]\n"
        "from fsmond.entry_point import run; run()\n"
    )
    with no_daemon_left(root):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=LONG, check=False
        )

        assert (done.returncode, done.stderr) == (0, "")
