"""Draw all plots there are results for."""

from collections.abc import Callable
from pathlib import Path

import bench_plots_speed as speed
import bench_plots_truth as told
from bench_results import Results

PLOTS: dict[str, tuple[str, Callable[[Results, Path], Path]]] = {
    "latency": ("latency", speed.latency),
    "latency-changes": ("latency", speed.changes),
    "clients": ("clients", speed.clients),
    "growth": ("growth", speed.growth),
    "memory": ("memory", speed.memory),
    "bursts": ("bursts", told.bursts),
    "writers": ("writers", told.writers),
    "overflow": ("overflow", told.overflow),
    "truth": ("truth", told.truth),
    "status": ("status", told.status),
    "ipc": ("ipc", told.ipc),
}


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw them as SVG into the folder; a section that was not measured has none."""
    measured = {each.section for each in results.series if each.values}
    return [
        make(results, folder / f"{name}.svg")
        for name, (section, make) in PLOTS.items()
        if section in measured
    ]
