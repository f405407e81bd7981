from pathlib import Path

import pytest
from bench_names import DESIGN, GIT_DAEMON, IDLE, MEMORY, OURS, OVERFLOWS
from bench_report import render, render_profile, write
from bench_results import Results, Series
from bench_targets import judge


def _verdict(series: list[Series], what: str) -> str:
    return next(each.word for each in judge(series) if each.target.what == what)


@pytest.mark.parametrize(("ours", "word"), [(40.0, "reached"), (40.1, "**MISSED**")])
def test_a_target_is_so_many_times_the_rivals(ours: float, word: str) -> None:
    """The design wants 0.4 times what git's daemon takes in the same run."""
    series = [
        Series("latency", IDLE, OURS, "µs", (ours,), 0),
        Series("latency", IDLE, GIT_DAEMON, "µs", (100.0,), 0),
    ]

    assert _verdict(series, "query, nothing changed") == word


def test_a_target_on_a_curve_is_that_of_the_designs_tree() -> None:
    """A small tree says nothing of it."""
    series = [Series("growth", MEMORY, OURS, "MB", (23.0,), 1000)]

    assert _verdict(series, "memory after start, same tree") == "not measured"
    series.append(Series("growth", MEMORY, OURS, "MB", (33.0,), DESIGN))
    assert _verdict(series, "memory after start, same tree") == "**MISSED**"


def test_a_loss_in_one_round_misses_the_target() -> None:
    """A median would hide what was lost in two rounds of five."""
    series = [Series("bursts", OVERFLOWS, OURS, "", (0.0, 0.0, 0.0, 1.0, 2.0))]

    assert _verdict(series, "the same: overflows of the queue") == "**MISSED**"


def test_without_a_rival_nothing_is_reached() -> None:
    """What was not measured is not claimed."""
    series = [Series("latency", IDLE, OURS, "µs", (1.0,), 0)]

    assert _verdict(series, "query, nothing changed") == "not measured"


def test_the_page_names_who_is_absent_and_how_to_get_it(results: Results) -> None:
    """A peer that is left out silently would look beaten."""
    assert "- **Watchman**: apt-get install watchman" in render(results, set())


def test_the_page_repeats_what_one_that_failed_said(results: Results) -> None:
    """Its place in the table is empty, and why has to be known."""
    assert "- git's daemon, lost: it ended" in render(results, set())


def test_the_page_has_medians_and_spread(results: Results) -> None:
    """One without the other can't be judged."""
    lines = render(results, set()).splitlines()

    assert any(line.startswith("| nothing changed, µs | 44 (41 – 47)") for line in lines)  # noqa: RUF001


def test_the_page_shows_the_plots_there_are(results: Results) -> None:
    """Without matplotlib there are none, and no broken pictures."""
    assert "benchmarks/truth.svg" in render(results, {"truth"})
    assert ".svg" not in render(results, set())


def test_a_profile_is_kept_as_it_is(results: Results) -> None:
    """Columns of text need a fence around them."""
    page = render_profile(results._replace(texts={"In the daemon": "a   b\n1   2"}))

    assert "## In the daemon\n\n```\na   b\n1   2\n```" in page


def test_what_is_written_can_be_written_again(results: Results, tmp_path: Path) -> None:
    """The same results make the same files, or each run would change everything."""
    few = [each for each in results.series if each.section in ("truth", "memory")]
    results = results._replace(series=few)

    write(results, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    write(results, tmp_path)

    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before
