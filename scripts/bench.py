"""Measure fsmond beside its peers, in one run, and write the report.

Git's daemon is that of the git named by the environment variable FSMOND_MODERN_GIT (2.55 or newer
on Linux).  Who is absent is named in the report, with how to get it.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "linux"  # tells the type checker; inotify is what is compared

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

import bench_report as report
from bench_daemons import COMMAND, MeasurementError, clean_environment
from bench_figures import Figures
from bench_machine import facts
from bench_names import GIT_DAEMON, WATCHFILES, WATCHMAN
from bench_results import Results, Series
from bench_setting import MEASURED, Setting, collectors, contestants
from cleaning import ignore_signals

SECTIONS = {
    "latency": "bench_latency",
    "clients": "bench_clients",
    "growth": "bench_growth",
    "memory": "bench_memory",
    "bursts": "bench_bursts",
    "writers": "bench_writers",
    "overflow": "bench_overflow",
    "stalls": "bench_stalls",
    "truth": "bench_truth",
    "status": "bench_git",
    "ipc": "bench_ipc",
}
PROFILE = "profile"
_DOCS = Path(__file__).parents[1] / "docs"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the usual place of a tmpfs; files of ours only
_PREFIX = "fsmond-bench-"


def main() -> int:
    """Measure; return the exit status."""
    options = _options()
    if not COMMAND.exists():
        print(f"bench: no {COMMAND}; try: {sys.executable} -m pip install .", file=sys.stderr)
        return 1
    gc.disable()  # its pauses would be counted as the daemons'
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
        print(f"\n{report.render(results, set())}")
        if results.texts:
            print(report.render_profile(results))
        return 0
    print("\nwritten:", *report.write(results, options.output or _DOCS))
    return 0


def measured(options: argparse.Namespace, scratch: Path, stack: ExitStack) -> Results:
    """Return what was measured, in all sections or those that are asked for."""
    began = time.monotonic()
    environment = clean_environment(scratch)
    modern = os.environ.get("FSMOND_MODERN_GIT")
    absent = _absent(modern, environment)
    fast = scratch
    if os.access(_SHARED_MEMORY, os.W_OK):
        fast = _scratch(str(_SHARED_MEMORY), stack)
    setting = Setting(
        scratch,
        fast,
        environment,
        shutil.which("git") or "git",
        contestants(modern, environment, watchman=WATCHMAN not in absent),
        collectors(environment, watchfiles=WATCHFILES not in absent),
        options.quick,
    )
    told = {"run": "quick: fewer rounds, smaller trees" if options.quick else "full"}
    told |= facts(scratch, setting.git, modern, environment)
    wanted = options.only or [*SECTIONS, PROFILE]
    series: list[Series] = []
    for name in wanted:
        if name in SECTIONS:
            series += _section(name, setting)
    texts = _profile(setting) if PROFILE in wanted else {}
    told["time it took"] = f"{(time.monotonic() - began) / 60:.0f} minutes"
    return Results(told, absent, series, texts)


def _section(name: str, setting: Setting) -> Iterator[Series]:
    """Measure a section, printing what comes; if it breaks off, that is a result, too."""
    began = time.monotonic()
    print(f"\n{name}", flush=True)
    measure: Callable[[Setting], Iterator[Series]] = importlib.import_module(SECTIONS[name]).measure
    try:
        for each in measure(setting):
            figures = f"{Figures.of(each.values)} {each.unit}" if each.values else ""
            at = "" if each.at is None else f"{each.at:,.0f}"
            print(f"  {each.what:58.58} {at:>8}  {each.who:30} {figures} {each.said}", flush=True)
            yield each
    except MEASURED as error:
        print(f"  {name} broke off: {error}", flush=True)
        yield Series(name, "the section", "all", "", (), None, f"it broke off: {error}")
    print(f"  ({time.monotonic() - began:.0f} s)", flush=True)


def _profile(setting: Setting) -> dict[str, str]:
    from bench_profile import profile

    print(f"\n{PROFILE}", flush=True)
    try:
        return profile(setting.git, quick=setting.quick, environment=setting.environment)
    except MEASURED as error:
        return {"Not profiled": str(error)}


def _absent(modern: str | None, environment: dict[str, str]) -> dict[str, str]:
    """Return who is not there, and how to get it."""
    found = {}
    if not modern:
        found[GIT_DAEMON] = "let FSMOND_MODERN_GIT name a git of 2.55 or newer"
    else:
        words = [modern, "version", "--build-options"]
        told = subprocess.check_output(words, env=environment, text=True)
        if "feature: fsmonitor--daemon" not in told:
            raise MeasurementError(f"{modern} was built without a daemon: {told.splitlines()[0]}")
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
    """Have everything clean up, which no second signal may disturb."""
    ignore_signals()
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="less of everything, in two minutes")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[*SECTIONS, PROFILE],
        metavar="SECTION",
        help=f"of {', '.join([*SECTIONS, PROFILE])}; the report is printed, unless --output",
    )
    parser.add_argument("--directory", default="", help="where to make the trees (else: TMPDIR)")
    parser.add_argument(
        "--output", type=Path, help="where to write benchmarks.md and benchmarks/ (else: docs)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
