"""How a process is started on Windows; it needs some, unlike its neighbours."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running import until
from wine import wine_fails

if sys.platform != "win32":
    pytest.skip("only Windows has that", allow_module_level=True)

assert sys.platform == "win32"

import msvcrt

from fsmond.daemon.spawn_windows import Child

ARGUMENTS = ["a", "", "a b", "C:\\", "C:\\a b\\", 'say "x"', 'a\\"b\\\\', "\u00e9 \u2603", "\ud800"]
LONG = 20.0  # seconds
IN_A_JOB = """
import sys, win32api, win32job
from fsmond.daemon.spawn_windows import Child
job = win32job.CreateJobObject(None, "")
limits = win32job.QueryInformationJobObject(job, win32job.JobObjectExtendedLimitInformation)
limits["BasicLimitInformation"]["LimitFlags"] = (
    win32job.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | win32job.JOB_OBJECT_LIMIT_BREAKAWAY_OK)
win32job.SetInformationJobObject(job, win32job.JobObjectExtendedLimitInformation, limits)
win32job.AssignProcessToJobObject(job, win32api.GetCurrentProcess())
Child([sys.executable, "-c", *sys.argv[1:]]).leave()
"""
CHILD = "import sys, time; time.sleep(1); open(sys.argv[1], 'w').close()"


def heard(code: str, *arguments: str, seconds: float = LONG) -> bytes | None:
    """Return what a program says."""
    return Child([sys.executable, "-c", code, *arguments]).hear(time.monotonic() + seconds)


def test_arguments_arrive_as_they_are() -> None:
    """There they are one line, which is to be taken apart in the same way."""
    assert heard("import sys; print(ascii(sys.argv[1:]))", *ARGUMENTS) == (
        ascii(ARGUMENTS).encode() + b"\r\n"
    )


def test_it_inherits_nothing_but_its_output() -> None:
    """A pipe that stays open makes whoever reads it wait for ever."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    handle = msvcrt.get_osfhandle(writer)
    code = f"import _winapi; _winapi.WriteFile({handle}, b'x')"

    said = heard(code)
    os.close(writer)

    assert os.read(reader, 1) == b""
    os.close(reader)
    assert b"Error" in (said or b"")


def test_it_holds_no_directory_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in which somebody is can't be removed, or renamed."""
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path / "tree")
    child = Child([sys.executable, "-c", "print('ready'); input()"])
    monkeypatch.chdir(tmp_path)

    (tmp_path / "tree").rename(tmp_path / "moved")

    child.hear(time.monotonic() + LONG)


def test_it_is_heard_when_it_is_ready_whoever_else_may_speak() -> None:
    """Below a venv's Python there is the real one, and both have the pipe open."""
    code = "import os, time; os.write(1, b'ready\\n'); time.sleep(3)"
    begun = time.monotonic()

    assert heard(code) == b"ready\n"
    assert time.monotonic() - begun < 3


def test_what_takes_too_long_is_left_alone() -> None:
    """It goes on by itself."""
    assert heard("import time; time.sleep(2)", seconds=0.5) is None


def test_a_program_that_is_none_is_an_error() -> None:
    """Nothing is left open then."""
    with pytest.raises(FileNotFoundError):
        Child([r"C:\no\such.exe"])


def test_no_window_opens_for_it() -> None:
    """It has a console all the same, so that none opens for what it starts either."""
    code = (
        "import ctypes; k = ctypes.windll.kernel32; u = ctypes.windll.user32\n"
        "w = k.GetConsoleWindow(); print(k.GetConsoleCP() != 0, bool(w and u.IsWindowVisible(w)))"
    )

    assert heard(code) == b"True False\r\n"


@wine_fails("its server crashes when a job ends, version 8.0")
def test_it_stays_when_the_job_of_who_started_it_ends(tmp_path: Path) -> None:
    """If the job lets it go; those of terminals and editors do."""
    mark = tmp_path / "mark"

    done = subprocess.run([sys.executable, "-c", IN_A_JOB, CHILD, str(mark)], check=False)

    assert done.returncode == 0
    until(mark.exists)
