from pathlib import Path

from bench_results import KEPT, Results, Series, load, save, thinned


def test_results_survive_a_file(results: Results, tmp_path: Path) -> None:
    """The report is rendered again from there."""
    save(results, tmp_path / "results.json")

    assert load(tmp_path / "results.json") == results


def test_a_series_is_a_line_of_the_file(results: Results, tmp_path: Path) -> None:
    """So a difference between two runs can be read."""
    save(results, tmp_path / "results.json")

    lines = (tmp_path / "results.json").read_text(encoding="utf-8").splitlines()
    assert sum('"section"' in line for line in lines) == len(results.series)


def test_of_many_values_the_quantiles_are_kept() -> None:
    """The extremes are among them: a distribution without its tail is none."""
    kept = thinned([float(value) for value in range(10_000, -1, -1)])

    assert len(kept) == KEPT
    assert (kept[0], kept[KEPT // 2], kept[-1]) == (0.0, 5000.0, 10_000.0)


def test_of_few_values_the_order_is_kept() -> None:
    """It tells whether the first ones were special."""
    assert Series.of("s", "w", "who", "ms", [3, 1, 2]).values == (3.0, 1.0, 2.0)
