from pathlib import Path

from bench.results import KEPT, Results, Series, load, pooled, save, thinned


def test_saved_results_load_unchanged(results: Results, tmp_path: Path) -> None:
    """The report can be rendered again from the file."""
    save(results, tmp_path / "results.json")

    assert load(tmp_path / "results.json") == results


def test_each_series_is_one_line_of_the_file(results: Results, tmp_path: Path) -> None:
    """So a diff between two runs can be read."""
    save(results, tmp_path / "results.json")

    lines = (tmp_path / "results.json").read_text(encoding="utf-8").splitlines()
    assert sum('"section"' in line for line in lines) == len(results.series)


def test_many_values_are_reduced_to_quantiles() -> None:
    """They include the extremes: the tail is a part of the distribution."""
    kept = thinned([float(value) for value in range(10_000, -1, -1)])

    assert len(kept) == KEPT
    assert (kept[0], kept[KEPT // 2], kept[-1]) == (0.0, 5000.0, 10_000.0)


def test_runs_are_pooled_by_row_and_program() -> None:
    """Each remark stays, once."""
    row = Series("s", "w", "who", "ms", (1.0, 2.0), 5, "it was late")
    again = row._replace(values=(3.0,), run=1)
    other = row._replace(who="another", said="", run=1)

    assert pooled([row, again, other, again._replace(said="it failed")]) == [
        row._replace(values=(1.0, 2.0, 3.0, 3.0), said="it was late; it failed"),
        other._replace(run=0),
    ]


def test_few_values_keep_their_order() -> None:
    """It shows whether the first ones were different."""
    assert Series.of("s", "w", "who", "ms", [3, 1, 2]).values == (3.0, 1.0, 2.0)
