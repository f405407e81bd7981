"""No process of ours runs what is in the directory where somebody stands, or in the environment.

A repository that was just cloned may hold modules of any name, and an empty entry in PYTHONPATH,
which `PYTHONPATH=$PYTHONPATH:/x` leaves where it was not set, means the current directory.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from running import LONG, git, is_served, no_daemon_left, status, until
from source_files import ROOT

# Each says who imported it.
MODULES = "ipc fsmond watchdog platformdirs logging hashlib json select fcntl errno tqdm gc signal"
AT_BEGIN = "sitecustomize usercustomize"  # by Python itself, before a program can do anything
TELLING = """\
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
    "one that is named": {"PYTHONPATH": "TREE"},
    "another Python's parts": {"PYTHONHOME": "/usr", "PYTHONPLATLIBDIR": "none"},
    "a talkative Python": {"PYTHONVERBOSE": "1"},
    "a library": {"LD_PRELOAD": "/no/such.so"},
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a repository that holds modules of all names."""
    root = tmp_path / "tree"
    root.mkdir()
    git(root, "init", "--quiet")
    for name in f"{MODULES} {AT_BEGIN}".split():
        (root / f"{name}.py").write_text(TELLING.format(mark=str(tmp_path / "mark")))
    return root


def imported(root: Path) -> list[tuple[str, str]]:
    """Return what was imported of the tree, each with the command line of who did."""
    mark = root.with_name("mark")
    lines = mark.read_text().splitlines() if mark.exists() else []
    found = [line.partition("\0")[::2] for line in lines]
    return [(name, " ".join(line.split("\0"))) for name, line in found]


def environment_for(root: Path, variables: dict[str, str]) -> dict[str, str]:
    """Return the test's own environment with these, and without Python's others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {name: value.replace("TREE", str(root)) for name, value in variables.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("which", ["an empty entry", "a relative one", "one that is named"])
def test_a_command_imports_nothing_of_the_tree(tree: Path, way: str, which: str) -> None:
    """But what Python imports before us; nor does the daemon that it starts."""
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
    assert {name for name, _ in found} <= set(AT_BEGIN.split())
    assert [line for _, line in found if "--detached" in line] == []


def test_a_module_that_is_run_takes_only_its_package_from_where_one_stands(tree: Path) -> None:
    """Python looks there for what `-m` names, and nothing is to be done about that."""
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
def test_the_hook_and_its_daemon_are_as_everywhere(tree: Path, which: str) -> None:
    """Whatever the environment is in which somebody runs Git."""
    with no_daemon_left(tree):
        subprocess.run(
            ["git", "-c", f"core.fsmonitor={shlex.join(HOOK)}", "status"],
            cwd=tree,
            env=environment_for(tree, ENVIRONMENTS[which]),
            capture_output=True,
            timeout=LONG,
            check=True,
        )
        until(lambda: is_served(tree))
        environment = Path(f"/proc/{status(tree)['pid']}/environ").read_bytes()

    assert imported(tree) == []
    names = {each.partition(b"=")[0].decode() for each in environment.split(b"\0")}
    assert not names & set(ENVIRONMENTS[which])
    assert not any(name.startswith(("PYTHON", "GIT_DIR", "GIT_INDEX")) for name in names)


def test_a_programs_own_places_are_not_the_daemons(tree: Path, tmp_path: Path) -> None:
    """A program may have put anything into its `sys.path`, and stand anywhere."""
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


def test_where_libraries_are_is_handed_on(tmp_path: Path) -> None:
    """Some programs have a place for each, of which Python by itself does not know."""
    root = tmp_path / "tree"
    root.mkdir()
    code = (
        "import sys\n"
        "import fsmond.daemon.spawn as spawning\n"
        "child = spawning.Child.__init__\n"
        "spawning.Child.__init__ = lambda self, words, *rest: child(\n"
        "    self, [words[0], '-S', *words[1:]], *rest)\n"
        f"sys.argv = ['fsmond', 'query', {str(root)!r}]\n"
        "from fsmond.door import run; run()\n"
    )
    with no_daemon_left(root):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=LONG, check=False
        )

        assert (done.returncode, done.stderr) == (0, "")
