"""Compare answers with the tree, over random changes, for FSMOND_FUZZ_SECONDS per mode."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.backends import skip_without_fanotify
from support.running import LONG, skip_missing

SECONDS = float(os.environ.get("FSMOND_FUZZ_SECONDS", "1"))  # for each mode
SOON = 240.0  # seconds in which a defect must be found; most are within twenty
PRECISION = 1.5  # reported paths for each that changed, at most
DOUBTFUL = 0.6  # of the paths that are the same file, reported as created
PROGRAM = Path(__file__).with_name("differential.py")
OWN_LIMITS = ["unshare", "--user", "--map-root-user"]
MODES = {
    "linux": [
        *("events", "fanotify", "marks", "spare", "few", "scan", "overflow"),
        *("links", "links-few", "links-scan", "links-overflow", "links-marks"),
        "links-fanotify",
        *("restart", "kill", "watchman"),
    ],
    "win32": ["events", "scan", "overflow", "restart"],
}.get(sys.platform, ["events", "scan", "restart"])


def run(mode: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program; it prints the seed with which it can be run again."""
    if mode.endswith(("fanotify", "marks", "spare")):
        skip_without_fanotify()
    within = OWN_LIMITS if mode.endswith(("few", "spare")) else []
    if within and subprocess.run([*within, "true"], check=False, capture_output=True).returncode:
        skip_missing("needs user namespaces, to lower inotify's limits")
    return subprocess.run(
        [*within, sys.executable, PROGRAM, "--mode", mode, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS + SOON + LONG,
        check=False,
    )


@pytest.mark.parametrize("mode", MODES)
def test_no_change_is_missed(mode: str) -> None:
    """For any change and any way of watching; each time with another seed."""
    done = run(mode, "--seconds", str(SECONDS))

    assert done.returncode == 0, done.stderr


def test_hardly_more_is_reported_than_what_changed() -> None:
    """To report everything each time would never miss anything."""
    done = run("events", "--seed", "1", "--seconds", "2")

    figures = re.search(r": (\d+) paths changed, (\d+) reported", done.stdout)
    assert figures, done.stderr
    assert int(figures[2]) <= PRECISION * int(figures[1])


def test_few_changed_files_are_called_created() -> None:
    """Those that were moved away and back are, but to call all so would never be found wrong."""
    done = run("events", "--seed", "1", "--seconds", "2")

    figures = re.search(r"(\d+) paths were the same file as before, (\d+) of", done.stdout)
    assert figures, done.stderr
    assert int(figures[2]) <= DOUBTFUL * int(figures[1])


@pytest.mark.skipif(sys.platform != "linux", reason="the defects are of inotify's watcher")
@pytest.mark.parametrize(
    ("defect", "mode"),
    [
        ("mask", "events"),
        ("names", "events"),
        ("renames", "fanotify"),
        ("renames", "marks"),
        ("itself", "spare"),
        ("overflow", "overflow"),
        ("unwatched", "few"),
        ("signature", "scan"),
        ("first-file", "links"),
        ("former", "links"),
        ("not-stored", "restart"),
        ("not-stored", "kill"),
        ("not-again", "restart"),
        ("not-again", "kill"),
        ("any-tree", "restart"),
        ("not-watched", "restart"),
        ("not-helped", "restart"),
        ("lifetimes", "events"),
        ("lifetimes", "restart"),
    ],
)
def test_a_defect_is_found(defect: str, mode: str) -> None:
    """Else to find none would prove nothing."""
    done = run(mode, "--plant", defect, "--seconds", str(SOON))

    assert done.returncode == 1, "it was not found"
    assert "not reported" in done.stderr
