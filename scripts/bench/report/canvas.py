"""How plots are drawn: a colour and a marker for each program, and files with small diffs."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from bench.report.figures import Figures
from bench.report.texts import label
from bench.results import Results, Series

mpl.use("svg")  # needs no screen

_STYLE: dict[Any, object] = {
    "svg.hashsalt": "fsmond",  # otherwise the names inside differ from run to run
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
}
mpl.rcParams.update(_STYLE)

# Okabe and Ito's colours, which colour-blind people can distinguish; the markers differ as well.
_BLUE, _VERMILION, _GREEN, _PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
_ORANGE, _SKY, _GREY, _BLACK = "#E69F00", "#56B4E9", "#888888", "#000000"
_STYLES = {
    "git's": (_VERMILION, "s"),
    "watchman": (_GREEN, "^"),
    "watchdog": (_PURPLE, "D"),
    "watchfiles": (_ORANGE, "v"),
    "fsmond, python": (_SKY, "o"),
    "fsmond query": (_SKY, "P"),
    "fsmond hook": (_BLUE, "X"),
    "fsmond by its": (_SKY, "X"),
    "fsmond, 100 files": (_SKY, "P"),
    "fsmond, 10,000 files": (_PURPLE, "D"),
    "fsmond": (_BLUE, "o"),
    "nobody": (_BLACK, "."),
    "ipc": (_BLUE, "o"),
    "multiprocessing": (_VERMILION, "s"),
}


class Sheet:
    """A figure with panels, saved as SVG."""

    def __init__(
        self, columns: int, rows: int = 1, *, width: float = 9.5, height: float = 4
    ) -> None:
        self.figure: Any = Figure(figsize=(width, height * rows))
        grid = self.figure.subplots(rows, columns, squeeze=False)
        self.panels: list[Any] = [panel for row in grid for panel in row]

    def save(self, path: Path, title: str) -> Path:
        """Save it with a title."""
        self.figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        self.figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
        return path


def style_of(who: str) -> dict[str, str]:
    """Return the colour and the marker of a program."""
    for beginning, (colour, marker) in _STYLES.items():
        if who.lower().startswith(beginning):
            return {"color": colour, "marker": marker}
    return {"color": _GREY, "marker": "x"}


def pick(results: Results, section: str, what: str | None = None) -> list[Series]:
    """Return the series of a section, or of one of its rows, that have values."""
    return [
        each
        for each in results.series
        if each.section == section and each.values and what in (None, each.what)
    ]


def curve(panel: Any, series: Sequence[Series], factor: float = 1.0) -> None:
    """Draw a line for each program, with its spread."""
    for who in whos(series):
        points = sorted(
            (each.at or 0.0, Figures.of(each.values)) for each in series if each.who == who
        )
        x = [at for at, _ in points]
        low = [figures.p10 * factor for _, figures in points]
        high = [figures.p90 * factor for _, figures in points]
        style = style_of(who)
        middle = [figures.median * factor for _, figures in points]
        panel.plot(x, middle, label=label(who), markersize=5, linewidth=1.6, **style)
        panel.fill_between(x, low, high, color=style["color"], alpha=0.15, linewidth=0)


def dots(panel: Any, series: Sequence[Series], factor: float = 1.0) -> None:
    """Draw a dot, its spread and its number for each program, one below the other."""
    for at, each in enumerate(series):
        figures = Figures.of([value * factor for value in each.values])
        style = style_of(each.who)
        panel.plot(
            [figures.p10, figures.p90], [at, at], color=style["color"], linewidth=2, alpha=0.5
        )
        panel.plot([figures.median], [at], markersize=7, **style)
        panel.annotate(
            str(Figures(figures.median, figures.median, figures.median)),
            (figures.p90, at),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    panel.set_yticks(range(len(series)), [label(each.who) for each in series])
    panel.set_ylim(len(series) - 0.5, -0.5)


def whos(series: Sequence[Series]) -> list[str]:
    """Return the programs in the order of the series."""
    return list(dict.fromkeys(each.who for each in series))


def logarithmic(panel: Any, axes: str = "xy") -> None:
    """Give axes a logarithmic scale with plain numbers."""
    for name in axes:
        getattr(panel, f"set_{name}scale")("log")
        axis = getattr(panel, f"{name}axis")
        low, high = axis.get_view_interval()
        subs = (1, 2, 5) if high < 100 * low else (1,)
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(lambda value, _: f"{value:,g}")
        axis.set_minor_formatter(NullFormatter())


def panels_of(sheet: Sheet, groups: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield each panel with its group, and remove the panels that are left over."""
    yield from zip(sheet.panels, groups, strict=False)
    for panel in sheet.panels[len(groups) :]:
        panel.remove()
