from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from bench_results import Results

pytest.importorskip("matplotlib", reason="plots need matplotlib: pip install '.[bench]'")

from bench_plots import PLOTS, draw


def test_every_plot_is_svg_without_a_date(results: Results, tmp_path: Path) -> None:
    """Else each run would be a difference."""
    drawn = draw(results, tmp_path)

    assert {path.stem for path in drawn} == PLOTS.keys()
    for path in drawn:
        assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        assert "<dc:date>" not in path.read_text(encoding="utf-8")


def test_what_was_not_measured_is_not_drawn(results: Results, tmp_path: Path) -> None:
    """An empty plot says that there was nothing to see."""
    only = [each for each in results.series if each.section == "truth"]

    assert [path.name for path in draw(results._replace(series=only), tmp_path)] == ["truth.svg"]


def test_the_same_results_are_drawn_the_same(results: Results, tmp_path: Path) -> None:
    """The identifiers inside come from a fixed salt."""
    few = [each for each in results.series if each.section in ("latency", "overflow")]
    results = results._replace(series=few)

    first = [path.read_bytes() for path in draw(results, tmp_path)]

    assert [path.read_bytes() for path in draw(results, tmp_path)] == first
