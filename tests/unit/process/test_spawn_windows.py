"""Start a process on Windows; unlike other unit tests, these need processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.running import until
from support.wine import fails_on_wine

if sys.platform != "win32":
    pytest.skip("only for Windows", allow_module_level=True)

assert sys.platform == "win32"

import msvcrt

from fsmond.process.spawn_windows import Child

ARGUMENTS = ["a", "", "a b", "C:\\", "C:\\a b\\", 'say "x"', 'a\\"b\\\\', "\u00e9 \u2603", "\ud800"]
LONG = 20.0  # seconds
IN_A_JOB = """
import sys, win32api, win32job
from fsmond.process.spawn_windows import Child
job = win32job.CreateJobObject(None, "")
limits = win32job.QueryInformationJobObject(job, win32job.JobObjectExtendedLimitInformation)
limits["BasicLimitInformation"]["LimitFlags"] = (
    win32job.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | win32job.JOB_OBJECT_LIMIT_BREAKAWAY_OK)
win32job.SetInformationJobObject(job, win32job.JobObjectExtendedLimitInformation, limits)
win32job.AssignProcessToJobObject(job, win32api.GetCurrentProcess())
Child([sys.executable, "-c", *sys.argv[1:]]).disown()
"""
CHILD = "import sys, time; time.sleep(1); open(sys.argv[1], 'w').close()"


def output_of(code: str, *arguments: str, seconds: float = LONG) -> bytes | None:
    """Return the output of a program, up to READY."""
    return Child([sys.executable, "-c", code, *arguments]).read_until_ready(
        time.monotonic() + seconds
    )


def test_arguments_arrive_as_they_are() -> None:
    """Windows passes one string, which the program splits again."""
    assert output_of("import sys; print(ascii(sys.argv[1:]))", *ARGUMENTS) == (
        ascii(ARGUMENTS).encode() + b"\r\n"
    )


def test_it_inherits_nothing_but_its_output() -> None:
    """A pipe that stays open makes its reader wait for ever."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    handle = msvcrt.get_osfhandle(writer)
    code = f"import _winapi; _winapi.WriteFile({handle}, b'x')"

    output = output_of(code)
    os.close(writer)

    assert os.read(reader, 1) == b""
    os.close(reader)
    assert b"Error" in (output or b"")


def test_it_does_not_keep_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows cannot remove or rename the current directory of a process."""
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path / "tree")
    child = Child([sys.executable, "-c", "print('ready'); input()"])
    monkeypatch.chdir(tmp_path)

    (tmp_path / "tree").rename(tmp_path / "moved")

    child.read_until_ready(time.monotonic() + LONG)


def test_its_output_is_returned_at_ready_although_the_pipe_stays_open() -> None:
    """A venv's Python starts the real one, and both have the pipe open."""
    code = "import os, time; os.write(1, b'ready\\n'); time.sleep(3)"
    began = time.monotonic()

    assert output_of(code) == b"ready\n"
    assert time.monotonic() - began < 3


def test_at_the_deadline_it_is_left_running() -> None:
    """It continues by itself."""
    assert output_of("import time; time.sleep(2)", seconds=0.5) is None


def test_a_missing_program_is_an_error() -> None:
    """No handle stays open."""
    with pytest.raises(FileNotFoundError):
        Child([r"C:\no\such.exe"])


def test_it_opens_no_window() -> None:
    """It still has a console, so that its children open no window either."""
    code = (
        "import ctypes; k = ctypes.windll.kernel32; u = ctypes.windll.user32\n"
        "w = k.GetConsoleWindow(); print(k.GetConsoleCP() != 0, bool(w and u.IsWindowVisible(w)))"
    )

    assert output_of(code) == b"True False\r\n"


@fails_on_wine("its server crashes when a job ends, version 8.0")
def test_it_outlives_the_job_of_its_parent(tmp_path: Path) -> None:
    """If the job allows that; those of terminals and editors do."""
    mark = tmp_path / "mark"

    done = subprocess.run([sys.executable, "-c", IN_A_JOB, CHILD, str(mark)], check=False)

    assert done.returncode == 0
    until(mark.exists)
