import sys
from pathlib import Path

import pytest
from bench.names import (
    ALL_CHANGES,
    DESIGN,
    FIRST_BY_NAME,
    GIT_DAEMON,
    IDLE,
    MEMORY_GROWTH,
    NO_WATCHER,
    OURS,
    OVERFLOWS,
    RATE,
    START_MEMORY,
)
from bench.report import tables
from bench.report.behind import gaps
from bench.report.page import render, render_profile, write
from bench.report.standing import standing
from bench.report.targets import check_targets
from bench.report.texts import LABELS
from bench.results import Results, Series
from support.source_files import ROOT


def _result(series: list[Series], what: str) -> str:
    return next(each.word for each in check_targets(series) if each.target.what == what)


@pytest.mark.parametrize(("ours", "word"), [(40.0, "reached"), (40.1, "**MISSED**")])
def test_a_target_is_a_multiple_of_the_peer(ours: float, word: str) -> None:
    """The design allows 0.4 times what git's daemon takes in the same run."""
    series = [
        Series("latency", IDLE, OURS, "µs", (ours,), 0),
        Series("latency", IDLE, GIT_DAEMON, "µs", (100.0,), 0),
    ]

    assert _result(series, "query, nothing changed") == word


def test_a_target_on_a_curve_is_checked_at_the_designs_tree() -> None:
    """A smaller tree does not count."""
    series = [Series("growth", START_MEMORY, OURS, "MB", (23.0,), 1000)]

    assert _result(series, "memory after start, same tree") == "not measured"
    series.append(Series("growth", START_MEMORY, OURS, "MB", (33.0,), DESIGN))
    assert _result(series, "memory after start, same tree") == "**MISSED**"


def test_a_loss_in_one_round_misses_the_target() -> None:
    """A median would hide a loss in two of five rounds."""
    series = [Series("bursts", OVERFLOWS, OURS, "", (0.0, 0.0, 0.0, 1.0, 2.0))]

    assert _result(series, "the same: overflows of the queue") == "**MISSED**"


def test_without_a_peer_a_target_is_not_reached() -> None:
    """The report claims nothing that was not measured."""
    series = [Series("latency", IDLE, OURS, "µs", (1.0,), 0)]

    assert _result(series, "query, nothing changed") == "not measured"


def test_the_page_lists_absent_peers_and_how_to_get_them(results: Results) -> None:
    """A peer that is silently left out would seem to be slower."""
    assert "- **Watchman**: apt-get install watchman" in render(results, set())


def test_the_page_has_the_remark_of_a_failure(results: Results) -> None:
    """The cell in the table is empty, and the reader needs the reason."""
    assert "- git's daemon, lost: it ended" in render(results, set())


def test_the_page_has_medians_and_spread(results: Results) -> None:
    """A median without its spread cannot be judged."""
    lines = render(results, set()).splitlines()

    assert any(line.startswith("| nothing changed, µs | 44 (41 – 47)") for line in lines)  # noqa: RUF001


def test_the_page_shows_only_plots_that_exist(results: Results) -> None:
    """Without matplotlib there are none, and no broken links."""
    assert "benchmarks/truth.svg" in render(results, {"truth"})
    assert ".svg" not in render(results, set())


def test_a_profile_is_shown_unchanged(results: Results) -> None:
    """Columns of text need a fence around them."""
    page = render_profile(results._replace(texts={"In the daemon": "a   b\n1   2"}))

    assert "## In the daemon\n\n```\na   b\n1   2\n```" in page


def test_writing_a_report_twice_makes_the_same_files(results: Results, tmp_path: Path) -> None:
    """Otherwise each run would change all files."""
    few = [each for each in results.series if each.section in ("truth", "memory")]
    results = results._replace(series=few)

    write(results, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    write(results, tmp_path)

    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_the_page_lists_the_rows_in_which_a_peer_is_better() -> None:
    """A reader must not have to search for them; baselines are not peers."""
    series = [
        *(Series("growth", FIRST_BY_NAME, OURS, "ms", (60.0 * at,), at) for at in (10, 20)),
        *(Series("growth", FIRST_BY_NAME, GIT_DAEMON, "ms", (600.0,), at) for at in (10, 20)),
        Series("clients", RATE, OURS, "/s", (100.0,), 4),
        Series("clients", RATE, GIT_DAEMON, "/s", (150.0,), 4),
        Series("latency", IDLE, OURS, "µs", (40.0,), 0),
        Series("latency", IDLE, GIT_DAEMON, "µs", (100.0,), 0),
        Series("writers", "a build", OURS, "ms", (40.0,)),
        Series("writers", "a build", NO_WATCHER, "ms", (30.0,)),
    ]

    found = {gap.what: (gap.at, gap.ratio, gap.curve) for gap in gaps(series)}

    assert found == {FIRST_BY_NAME: (20, 2.0, ((20, 2.0),)), RATE: (4, 1.5, ((4, 1.5),))}
    assert "start until a change is reported by name: 20" in render(
        Results({}, {}, series, {}), set()
    )


SPREAD = ((0, 60.0), (1, 100.0))
STANDINGS = [
    *(Series("growth", FIRST_BY_NAME, OURS, "ms", (60.0 * at,), at) for at in (5, 20)),
    *(Series("growth", FIRST_BY_NAME, GIT_DAEMON, "ms", (600.0,), at) for at in (5, 20)),
    Series("clients", RATE, OURS, "/s", (100.0,), 4),
    Series("clients", RATE, GIT_DAEMON, "/s", (150.0,), 4),
    Series("latency", IDLE, OURS, "µs", (40.0,), 0),
    Series("latency", IDLE, GIT_DAEMON, "µs", (100.0,), 0),
    Series("truth", ALL_CHANGES, OURS, "%", (0.0,)),
    Series("truth", ALL_CHANGES, GIT_DAEMON, "%", (0.0,)),
    Series("truth", "append", OURS, "%", (0.0,)),
    Series("truth", "append", GIT_DAEMON, "%", (3.0,)),
]


def test_each_row_is_won_lost_or_open() -> None:
    """Of a curve, all points decide; less is better, but of rates."""
    found = {row.shown.what: (row.word, row.ratios) for row in standing(STANDINGS)}

    assert found == {
        FIRST_BY_NAME: ("open", (0.5, 2.0)),
        RATE: ("lost", (1.5,)),
        IDLE: ("won", (0.4,)),
        ALL_CHANGES: ("equal", (1.0,)),
    }


def test_a_row_is_won_only_in_each_run() -> None:
    """The spread of the ratios is shown beside that of both runs."""
    series = [
        *(Series("latency", IDLE, OURS, "µs", (value,), 0, run=run) for run, value in SPREAD),
        *(Series("latency", IDLE, GIT_DAEMON, "µs", (100.0,), 0, run=run) for run, _ in SPREAD),
        Series("memory", MEMORY_GROWTH, OURS, "MB", (1.0,), 10),
        Series("memory", MEMORY_GROWTH, GIT_DAEMON, "MB", (2.0,), 10),
    ]

    first, second = standing(series)

    assert (first.word, first.ratios, first.shown_runs) == ("open", (0.8,), (0.6, 1.0))
    assert (second.word, second.ratios, second.shown_runs) == ("won", (0.5,), (0.5,))
    assert "| 80 µs | 100 µs (git's daemon) | 0.80 | 0.60, 1.00 |" in "".join(
        tables.of_standing([first])
    )


def test_a_row_is_compared_with_the_floor_of_its_run() -> None:
    """The row's own, or a bare socket's for answers, or a walk's for starts; of rates as well."""
    bare, walk = "bare socket", "os.walk, and lstat of everything"
    series = [
        *_row("ipc", "round trip, anywhere", "µs", ours=60.0, peer=80.0),
        Series("ipc", "round trip, anywhere", bare, "µs", (40.0,)),
        *_row("ipc", "round trips a second, 16 clients", "/s", ours=100.0, peer=90.0),
        Series("ipc", "round trips a second, 16 clients", bare, "/s", (150.0,)),
        *_row("latency", IDLE, "ms", ours=0.1, peer=0.2, at=0),
        *_row("latency", f"{IDLE}, process", "ms", ours=9.0, peer=8.0, at=0),
        *_row("growth", FIRST_BY_NAME, "ms", ours=90.0, peer=80.0, at=DESIGN),
        Series("restart", walk, "Python", "ms", (30.0,), DESIGN),
        *_row("memory", MEMORY_GROWTH, "MB", ours=1.0, peer=2.0, at=10),
    ]

    found = {row.shown.what: row.floor for row in standing(series)}

    assert found == {
        "round trip, anywhere": (bare, 1.5),
        "round trips a second, 16 clients": (bare, 1.5),
        IDLE: (bare, pytest.approx(2.5)),
        f"{IDLE}, process": None,
        FIRST_BY_NAME: (walk, 3.0),
        MEMORY_GROWTH: None,
    }


def _row(
    section: str, what: str, unit: str, *, ours: float, peer: float, at: float | None = None
) -> list[Series]:
    who = "ipc" if section == "ipc" else OURS
    return [
        Series(section, what, who, unit, (ours,), at),
        Series(section, what, GIT_DAEMON, unit, (peer,), at),
    ]


def test_the_readme_quotes_the_table_of_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, and whatever else it says stays."""
    monkeypatch.setitem(sys.modules, "bench.report.plots", None)  # there is nothing to draw
    begin, end = "<!-- begin: written by `make bench` -->", "<!-- end: written by `make bench` -->"
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    assert begin in (ROOT / "README.md").read_text(encoding="utf-8")

    write(Results({}, {}, STANDINGS, {}), tmp_path / "docs")

    text = readme.read_text(encoding="utf-8")
    page = (tmp_path / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 5
    assert all(row in page for row in rows)
    assert text.startswith(f"before\n{begin}\n")
    assert text.endswith(f"{end}\nafter\n")
    assert "old" not in text


def test_every_label_is_for_a_name_that_is_measured() -> None:
    """A key that is no longer measured would leave the old words in the report."""
    paths = (ROOT / "scripts" / "bench").rglob("*.py")
    text = "".join(
        path.read_text(encoding="utf-8") for path in paths if path.parent.name != "report"
    )

    assert [key for key in LABELS if key not in text] == []
