"""Tables for people: aligned and coloured on a terminal, plain text with tabs elsewhere."""

import sys
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fsmond.manage.daemons import NOT_ANSWERING, Daemon
from fsmond.printable import printable
from fsmond.screen.status_text import LABEL

_COLORS = {"ready": "green", NOT_ANSWERING: "bold red"}
_UNKNOWN = "?"
_WIDE = 1000  # columns, where there is no terminal: nothing is wrapped
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))  # seconds


def show(table: Table, write_line: Callable[[str], None], *, color: str = "auto") -> None:
    """Print a table; where there is no terminal, by `write_line`.

    `color`: auto (on a terminal, unless NO_COLOR is set), always or never.
    """
    console = console_for(color)
    if console.is_terminal:
        console.print(table)
        return
    columns = [[_plain(cell) for cell in column.cells] for column in table.columns]
    for row in zip(*columns, strict=True):
        write_line("\t".join(row))


def console_for(color: str) -> Console:
    """Return a console for standard output."""
    return Console(
        file=sys.stdout,
        no_color=True if color == "never" else False if color == "always" else None,
        force_terminal=True if color == "always" else None,
        highlight=False,
        width=None if sys.stdout.isatty() or color == "always" else _WIDE,
    )


def show_status(lines: str, *, color: str) -> None:
    """Print a daemon's status on a terminal: see `format_status`."""
    console_for(color).print(colored_status(lines), soft_wrap=True)


def colored_status(lines: str) -> Text:
    """Return a daemon's status with what it is about in bold, and its state in a colour."""
    found = Text(lines)
    title = lines.partition("\n")[0]
    found.stylize("bold", 0, len(title))
    at = len(title) + 1
    for line in lines.split("\n")[1:]:
        name, value = line[:LABEL].strip(), line[LABEL:]
        found.stylize("bold", at, at + LABEL)
        if name == "index":
            found.stylize(_COLORS.get(value, "yellow"), at + LABEL, at + len(line))
        elif name in ("unreadable", "last error") and value != "none":
            found.stylize("bold red", at + LABEL, at + len(line))
        at += len(line) + 1
    return found


def daemon_table(daemons: Sequence[Daemon]) -> Table:
    """Return a table with a line for each daemon."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("TREE", "PROCESS", "STATE", "DIRECTORIES", "MEMORY", "RUNNING"):
        is_number = name in ("PROCESS", "DIRECTORIES", "MEMORY", "RUNNING")
        table.add_column(
            name, justify="right" if is_number else "left", overflow="fold", no_wrap=is_number
        )
    for each in daemons:
        shown = each.to_object()
        table.add_row(
            Text(printable(each.place.root)),
            _number(each.pid),
            Text(printable(each.state), _COLORS.get(each.state, "yellow")),
            _number(shown["directories"]),
            size_text(shown["memory_bytes"]),
            time_text(shown["uptime_seconds"]),
        )
    return table


def size_text(value: object) -> str:
    """Return a number of bytes in megabytes."""
    return f"{value / 1e6:.1f} MB" if isinstance(value, int | float) else _UNKNOWN


def time_text(value: object) -> str:
    """Return seconds in the largest unit that fits."""
    if not isinstance(value, int | float):
        return _UNKNOWN
    for seconds, unit in _UNITS:
        if value >= seconds:
            return f"{value / seconds:.0f} {unit}"
    return f"{value:.0f} s"


def _number(value: object) -> str:
    return str(value) if isinstance(value, int) else _UNKNOWN


def _plain(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)
