"""Daemons from the login on: units, agents and tasks, and a real systemd that runs them."""

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from support.running import FSMOND, LONG, fsmond, make_repository, skip_missing

from fsmond.service import launchd, systemd, task_scheduler

COMMAND = ["/usr/bin/python3", "-I", '/opt/odd %s $HOME "dir"/fsmond/__main__.py']
NO_MANAGER = 99  # exit status of the script
SCRIPT = Path(__file__).with_name("user_manager.sh")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs systemd")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a tree with a name that must be escaped."""
    root = tmp_path / "a tree-with %d $HOME"
    make_repository(root)
    return root


def under_systemd(home: Path, program: str, *arguments: str | Path) -> str:
    """Run a shell's program under a user manager; return its output."""
    if not Path("/lib/systemd/systemd").exists():
        skip_missing("needs systemd: apt-get install systemd")
    namespaces = ["--mount", "--pid", "--fork", "--mount-proc"]
    if getattr(os, "geteuid", lambda: 0)():
        namespaces += ["--user", "--map-root-user"]
    within = ["unshare", *namespaces]
    if subprocess.run([*within, "true"], check=False, capture_output=True).returncode:
        skip_missing("needs namespaces, to run a systemd in")
    command = [*within, "sh", str(SCRIPT), "sh", "-euxc", program, "sh", *map(str, arguments)]
    done = subprocess.run(
        command,
        env={
            **os.environ,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "FSMOND": " ".join(FSMOND),
        },
        capture_output=True,
        text=True,
        timeout=3 * LONG,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    if done.returncode == NO_MANAGER and "--user" in namespaces:
        pytest.skip("only root may make control groups, without which systemd does not start")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


WHOLE_LIFE = """
$FSMOND start "$1"  # one that runs already does no harm
$FSMOND service install "$1"
unit=$(ls "$HOME/.config/systemd/user/default.target.wants")
$FSMOND service status
systemctl --user show --property=MainPID --value "$unit"
$FSMOND list --json
systemctl --user kill --signal=KILL "$unit"
for try in $(seq 100); do
  $FSMOND status "$1" >/dev/null && break
  sleep 0.1
done
$FSMOND status "$1" | head -n 1
$FSMOND service uninstall "$1"
$FSMOND status "$1" || true
find "$HOME/.config/systemd" -type f -o -type l
"""


@linux_only
def test_a_real_systemd_starts_restarts_and_ends_it(root: Path, tmp_path: Path) -> None:
    """Installed, killed, uninstalled; nothing is left."""
    home = tmp_path / "home"
    home.mkdir()

    lines = under_systemd(home, WHOLE_LIFE, root).splitlines()

    assert lines[0].startswith(f"fsmond watches {root} from each login on, and now (fsmond@")
    assert lines[1].split("\t")[:2] == [str(root), "active"]
    assert f'"pid": {lines[2]}' in lines[3]
    assert lines[4].endswith(f"is watching {root}")
    assert lines[5] == f"fsmond no longer watches {root} from the login on"
    assert lines[6:] == [f"fsmond is not watching {root}"]


@linux_only
def test_a_service_needs_a_tree(tmp_path: Path) -> None:
    """Nothing is installed for one that is not there."""
    done = fsmond("service", "install", tmp_path / "gone")

    assert done.returncode == 1
    assert "no such directory" in done.stderr


@linux_only
def test_without_a_manager_nothing_is_installed(root: Path, tmp_path: Path) -> None:
    """And what to look at is said."""
    done = subprocess.run(
        [*FSMOND, "service", "install", root],
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_RUNTIME_DIR": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )

    assert done.returncode == 1
    assert "systemd" in done.stderr
    assert not (tmp_path / "systemd" / "user" / "fsmond@.service").exists()


@linux_only
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """Without a warning."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        skip_missing("needs systemd-analyze")
    path = tmp_path / "fsmond@tmp.service"
    path.write_text(systemd.unit([sys.executable, "-I", "it"], 252).replace("man:fsmond(1)", ""))

    done = subprocess.run(
        [str(analyze), "--user", "verify", str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )

    ours = [line for line in done.stderr.splitlines() if "fsmond@tmp" in line]
    assert (done.returncode, ours) == (0, [])  # of other units it may say something


def test_words_of_a_unit_are_quoted() -> None:
    """For systemd `%` and `$` have a meaning."""
    lines = systemd.unit(COMMAND, 254).splitlines()

    assert (
        'ExecStart="/usr/bin/python3" "-I" '
        '"/opt/odd %%s $$HOME \\"dir\\"/fsmond/__main__.py" run --replace %f'
    ) in lines
    assert "RestartSteps=5" in lines


def test_an_agent_is_a_property_list_that_launchd_knows() -> None:
    """With the keys of launchd.plist(5), and their types."""
    found = plistlib.loads(launchd.agent(COMMAND, b"/a tree", "io.github.fsmond.x"))

    assert found["ProgramArguments"] == [*COMMAND, "run", "--replace", "/a tree"]
    types = {
        "Label": str,
        "ProgramArguments": list,
        "RunAtLoad": bool,
        "KeepAlive": dict,
        "ThrottleInterval": int,
        "ProcessType": str,
        "Umask": int,
    }
    assert {key: type(value) for key, value in found.items()} == types
    assert found["KeepAlive"] == {"SuccessfulExit": False}  # of several, one would be enough
    assert found["ProcessType"] in ("Background", "Standard", "Adaptive", "Interactive")


SCHEMA = {  # element → what may be in it, of the Task Scheduler Schema that is used here
    "Task": {"RegistrationInfo", "Triggers", "Settings", "Principals", "Actions"},
    "RegistrationInfo": {"Description"},
    "Triggers": {"LogonTrigger"},
    "LogonTrigger": {"Enabled", "UserId"},
    "Settings": {
        "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries",
        "MultipleInstancesPolicy",
        "ExecutionTimeLimit",
        "RestartOnFailure",
    },
    "RestartOnFailure": {"Interval", "Count"},
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "RunLevel"},
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments"},
}


def test_a_task_has_what_its_schema_has() -> None:
    """In its name space; and the arguments are one text, quoted as Windows does."""
    top = fromstring(task_scheduler.task(COMMAND, b"C:\\a tree"))

    space = f"{{{task_scheduler._SCHEMA}}}"
    for element in top.iter():
        name = element.tag.removeprefix(space)
        assert element.tag.startswith(space)
        assert {each.tag.removeprefix(space) for each in element} <= SCHEMA.get(name, set())
    assert top.findtext(f".//{space}Command") == COMMAND[0]
    arguments = top.findtext(f".//{space}Arguments") or ""
    assert arguments.endswith('run --replace "C:\\a tree"')


def test_tasks_are_found_again() -> None:
    """Among those of other programs."""
    ours = task_scheduler.task(COMMAND, b"C:\\a tree").decode("utf-16").partition("?>")[2]
    other = ours.replace("fsmond: C", "other: C")

    found = task_scheduler.read_tasks(f"<Tasks>{other}{ours}</Tasks>")

    assert [each.root for each in found] == [b"C:\\a tree"]
