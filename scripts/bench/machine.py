"""Facts about the machine: hardware, system limits, versions."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

import fsmond

_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
_QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


def facts(scratch: Path, git: str, modern: str | None, env: Mapping[str, str]) -> dict[str, str]:
    """Return facts about this machine, by name."""
    load = Path("/proc/loadavg").read_text(encoding="utf-8").split()[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    python = f"{platform.python_implementation()} {platform.python_version()}"
    found = {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB",
        "load when it began": load,
        "system": f"{platform.system()} {platform.release()}",
        "trees on": _file_system(scratch),
        "inotify": f"{_number(_WATCHES)} watches a user, {_number(_QUEUE)} events queued",
        "Python": python,
        "fsmond": fsmond.__version__,
        "git in PATH": _version([git, "version"], env),
    }
    if modern:
        found["git with a daemon"] = _version([modern, "version"], env)
    found["Watchman"] = _version(["watchman", "--version"], env)
    for package in ("watchdog", "watchfiles", "matplotlib"):
        found[package] = _installed(package)
    return found


def watches_allowed() -> int:
    """Return how many inotify watches a user may have."""
    return int(_WATCHES.read_text())


def queue_length() -> int:
    """Return how many unread events the kernel's queue holds."""
    return int(_QUEUE.read_text())


def _number(path: Path) -> str:
    return f"{int(path.read_text()):,}" if path.exists() else "unknown"


def _version(words: list[str], environment: Mapping[str, str]) -> str:
    try:
        return subprocess.check_output(words, text=True, env=environment).strip()
    except (OSError, subprocess.CalledProcessError):
        return "absent"


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.machine()


def _file_system(directory: Path) -> str:
    return subprocess.check_output(["stat", "-f", "-c", "%T", directory], text=True).strip()
