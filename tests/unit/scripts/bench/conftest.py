from contextlib import suppress
from pathlib import Path

import pytest
from bench.names import (
    AFTER_REST,
    ALL_CHANGES,
    BARE_WALK,
    DESIGN,
    EMPTY_PROGRAM,
    EXACT_AFTER,
    FIRST_ANSWER,
    FIRST_BY_NAME,
    FIRST_STATUS,
    HOOK,
    IDLE,
    IDLE_TIME,
    LATENCY,
    LOST,
    MEMORY_BY_EVENTS,
    NO_WATCHER,
    ONE,
    RATE,
    RECOVERY,
    SEVERAL,
    START_MEMORY,
    START_TIME,
    STORED_BYTES,
)
from bench.results import Results, Series

OURS, GITS = "fsmond", "git's daemon"


def _both(
    section: str, what: str, unit: str, value: float, at: float | None = None
) -> list[Series]:
    return [
        Series(section, what, OURS, unit, (value, value * 1.1, value * 1.2), at),
        Series(section, what, GITS, unit, (value * 2, value * 3, value * 4), at),
    ]


@pytest.fixture(scope="session", autouse=True)
def fonts(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let matplotlib open its fonts, which it never closes, before a test counts descriptors."""
    with suppress(ImportError):
        from bench.report.canvas import Sheet

        Sheet(1).save(Path(tmp_path_factory.mktemp("fonts")) / "plot.svg", "title")


@pytest.fixture
def results() -> Results:
    """Return a few results of each section, of two programs."""
    series = _both("latency", IDLE, "µs", 40, 0) + _both("latency", ONE, "µs", 60, 1)
    series += _both("latency", AFTER_REST, "µs", 90) + _both(
        "latency", "after 100 changes", "µs", 9, 100
    )
    series.append(Series("latency", f"{IDLE}, process", EMPTY_PROGRAM, "ms", (7.0,), 0))
    series.append(Series("latency", f"{IDLE}, process", HOOK, "ms", (11.0,), 0))
    series.append(Series("latency", f"{ONE}, process", HOOK, "ms", (11.0, 12.0), 1))
    for clients in (1, 8):
        series += _both("clients", RATE, "/s", 9000, clients)
        series += _both("clients", LATENCY, "µs", 100, clients)
    for size in (1000, DESIGN):
        for what, unit in (
            (FIRST_ANSWER, "ms"),
            (FIRST_BY_NAME, "ms"),
            (START_MEMORY, "MB"),
            (START_TIME, "ms"),
            (IDLE_TIME, "%"),
        ):
            series += _both("growth", what, unit, size / 500, size)
    series += _both("memory", MEMORY_BY_EVENTS, "MB", 25, 0) + _both(
        "memory", MEMORY_BY_EVENTS, "MB", 26, 1000
    )
    for what in (LOST, "answered after", "the burst took"):
        series += _both("bursts", f"a build: {what}", "ms", 5)
    series += _both("writers", "a build", "ms", 30)
    series.append(Series("writers", "a build", NO_WATCHER, "ms", (29.0, 30.0)))
    series.append(Series("overflow", LOST, OURS, "%", (0.0,)))
    series.append(Series("overflow", LOST, GITS, "%", (), None, "it ended"))
    series += _both("overflow", RECOVERY, "ms", 80)
    for kind in (ALL_CHANGES, SEVERAL, "exchange"):
        series.append(Series("truth", kind, OURS, "% missed", (0.0,)))
        series.append(Series("truth", kind, GITS, "% missed", (12.5,)))
    series += _both("status", "git 2.55.0, nothing changed", "ms", 6)
    for size in (1000, DESIGN):
        series.append(Series("restart", BARE_WALK, "Python", "ms", (9.0,), size))
        series.append(Series("restart", f"{EXACT_AFTER}: 0", OURS, "ms", (20.0, 30.0), size))
        series.append(Series("restart", f"{EXACT_AFTER}: 0", GITS, "ms", (), size, "everything"))
    series += _both("restart", FIRST_STATUS, "ms", 90)
    series.append(Series("storing", f"{STORED_BYTES}: a build", OURS, "MB", (9.0,)))
    series += _both("ipc", "round trip, anywhere", "µs", 20)
    return Results({"machine": "a small one"}, {"Watchman": "apt-get install watchman"}, series, {})
