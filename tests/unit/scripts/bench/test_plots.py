from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from bench.results import Results

pytest.importorskip("matplotlib", reason="plots need matplotlib: pip install '.[bench]'")

from bench.report.plots import PLOTS, draw


def test_every_plot_is_svg_without_a_date(results: Results, tmp_path: Path) -> None:
    """Otherwise each run would make a diff."""
    drawn = draw(results, tmp_path)

    assert {path.stem for path in drawn} == PLOTS.keys()
    for path in drawn:
        assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        assert "<dc:date>" not in path.read_text(encoding="utf-8")


def test_a_section_that_was_not_measured_has_no_plot(results: Results, tmp_path: Path) -> None:
    """An empty plot would look like a result."""
    only = [each for each in results.series if each.section == "truth"]

    assert [path.name for path in draw(results._replace(series=only), tmp_path)] == ["truth.svg"]


def test_the_same_results_make_the_same_plots(results: Results, tmp_path: Path) -> None:
    """The identifiers in the file come from a fixed salt."""
    few = [each for each in results.series if each.section in ("latency", "overflow")]
    results = results._replace(series=few)

    first = [path.read_bytes() for path in draw(results, tmp_path)]

    assert [path.read_bytes() for path in draw(results, tmp_path)] == first
