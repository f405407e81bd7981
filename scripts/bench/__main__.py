"""Measure fsmond and its peers in one run, and write the report.

The environment variable FSMOND_MODERN_GIT names the git whose daemon is measured (2.55 or newer on
Linux).  The report lists the peers that are absent, and how to get them.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform == "linux"  # for the type checker; the benchmark compares inotify watchers

import argparse
import gc
import importlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from cleaning import ignore_signals

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))  # for `support.trees`

from bench.machine import facts
from bench.names import GIT_DAEMON, WATCHFILES, WATCHMAN
from bench.peers.daemons import COMMAND
from bench.peers.programs import MeasurementError, clean_environment
from bench.report import page
from bench.report.figures import Figures
from bench.report.texts import label
from bench.results import Results, Series
from bench.setting import FAILURES, Setting, available_daemons, available_libraries

SECTIONS = (  # each is a module of `bench.sections`
    "latency",
    "clients",
    "growth",
    "memory",
    "bursts",
    "writers",
    "overflow",
    "stalls",
    "truth",
    "status",
    "restart",
    "storing",
    "telling",
    "watchman",
    "ipc",
)
PROFILE = "profile"
_ONCE = ("memory", "stalls", "storing")  # take minutes, and have one round
_RUNS = 2  # from which the report takes the spread of each ratio
_DOCS = Path(__file__).parents[2] / "docs"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the usual tmpfs; only our own files
_PREFIX = "fsmond-bench-"


def main() -> int:
    """Measure, write the report, and return the exit status."""
    options = _options()
    if not COMMAND.exists():
        print(
            f"bench: there is no {COMMAND}; try: {sys.executable} -m pip install .", file=sys.stderr
        )
        return 1
    gc.disable()  # its pauses would count as the daemons' time
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        with ExitStack() as stack:
            results = measured(options, _scratch(options.directory, stack), stack)
    except (MeasurementError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.only and options.output is None:
        print(f"\n{page.render(results, set())}")
        if results.texts:
            print(page.render_profile(results))
        return 0
    print("\nwritten:", *page.write(results, options.output or _DOCS))
    return 0


def measured(options: argparse.Namespace, scratch: Path, stack: ExitStack) -> Results:
    """Return the results of all sections, or of those that the options name."""
    began = time.monotonic()
    environment = clean_environment(scratch)
    modern = os.environ.get("FSMOND_MODERN_GIT")
    absent = _absent(modern, environment)
    tmpfs = scratch
    if os.access(_SHARED_MEMORY, os.W_OK):
        tmpfs = _scratch(str(_SHARED_MEMORY), stack)
    setting = Setting(
        scratch,
        tmpfs,
        environment,
        shutil.which("git") or "git",
        available_daemons(modern, environment, watchman=WATCHMAN not in absent),
        available_libraries(environment, watchfiles=WATCHFILES not in absent),
        options.quick,
        options.runs,
    )
    found = {"run": "quick: fewer rounds, smaller trees" if options.quick else "full"}
    found |= facts(scratch, setting.git, modern, environment)
    wanted = options.only or [*SECTIONS, PROFILE]
    series: list[Series] = []
    for run in range(options.runs):
        names = [name for name in wanted if name in (options.again if run else SECTIONS)]
        for name in names if run % 2 == 0 else reversed(names):
            found_now = _section(name, setting._replace(is_first=not run))
            series += [each._replace(run=run) for each in found_now]
    texts = _profile(setting) if PROFILE in wanted else {}
    once = [name for name in wanted if name in SECTIONS and name not in options.again]
    found["runs"] = f"{options.runs}; of {', '.join(once)} one" if once else f"{options.runs}"
    found["time it took"] = f"{(time.monotonic() - began) / 60:.0f} minutes"
    return Results(found, absent, series, texts)


def _section(name: str, setting: Setting) -> Iterator[Series]:
    """Measure a section and print each series; a failure of the section is a result as well."""
    began = time.monotonic()
    print(f"\n{name}", flush=True)
    measure: Callable[[Setting], Iterator[Series]] = importlib.import_module(
        f"bench.sections.{name}"
    ).measure
    try:
        for each in measure(setting):
            figures = f"{Figures.of(each.values)} {each.unit}" if each.values else ""
            at = "" if each.at is None else f"{each.at:,.0f}"
            print(
                f"  {label(each.what):58.58} {at:>8}  {each.who:30} {figures} {each.said}",
                flush=True,
            )
            yield each
    except FAILURES as error:
        print(f"  {name} failed: {error}", flush=True)
        yield Series(name, "the section", "all", "", (), None, f"it failed: {error}")
    print(f"  ({time.monotonic() - began:.0f} s)", flush=True)


def _profile(setting: Setting) -> dict[str, str]:
    from bench.profiling import profile

    print(f"\n{PROFILE}", flush=True)
    try:
        return profile(setting.git, quick=setting.quick, environment=setting.environment)
    except FAILURES as error:
        return {"Not profiled": str(error)}


def _absent(modern: str | None, environment: dict[str, str]) -> dict[str, str]:
    """Return the peers that are absent, and how to get them."""
    found = {}
    if not modern:
        found[GIT_DAEMON] = "set FSMOND_MODERN_GIT to a git of 2.55 or newer"
    else:
        words = [modern, "version", "--build-options"]
        build = subprocess.check_output(words, env=environment, text=True)
        if "feature: fsmonitor--daemon" not in build:
            raise MeasurementError(f"{modern} was built without a daemon: {build.splitlines()[0]}")
    if not shutil.which("watchman"):
        found[WATCHMAN] = "apt-get install watchman"
    if not find_spec("watchfiles"):
        found[WATCHFILES] = f"{sys.executable} -m pip install watchfiles"
    return found


def _scratch(directory: str, stack: ExitStack) -> Path:
    made = tempfile.TemporaryDirectory(
        prefix=_PREFIX, dir=directory or None, ignore_cleanup_errors=True
    )
    return Path(stack.enter_context(made)).resolve()


def _end(_: int, __: object) -> NoReturn:
    """Start the cleanup; a second signal must not interrupt it."""
    ignore_signals()
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__.partition("\n")[0] if __doc__ else None
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds on smaller trees; takes two minutes"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[*SECTIONS, PROFILE],
        metavar="SECTION",
        help=f"measure only some of {', '.join([*SECTIONS, PROFILE])}; "
        "the report is printed, unless there is --output",
    )
    parser.add_argument(
        "--runs",
        type=int,
        metavar="N",
        help=f"of each section, which share its rounds (default: {_RUNS}, or 1 if --quick)",
    )
    again = [name for name in SECTIONS if name not in _ONCE]
    parser.add_argument(
        "--again",
        nargs="+",
        choices=SECTIONS,
        default=again,
        metavar="SECTION",
        help=f"what all runs but the first measure (default: {' '.join(again)})",
    )
    parser.add_argument("--directory", default="", help="where to make the trees (default: TMPDIR)")
    parser.add_argument(
        "--output", type=Path, help="where to write benchmarks.md and benchmarks/ (default: docs)"
    )
    options = parser.parse_args()
    options.runs = max(1, options.runs or (1 if options.quick else _RUNS))
    return options


if __name__ == "__main__":
    sys.exit(main())
