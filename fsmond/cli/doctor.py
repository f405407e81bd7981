"""`fsmond doctor`: print what was found, and what to do about it."""

import argparse
import json

from rich.console import Console
from rich.text import Text

from fsmond.cli.output import write_line
from fsmond.manage.doctor import examine
from fsmond.manage.findings import Finding
from fsmond.screen.tables import console_for

_MARKS = {
    "ok": ("ok", "green"),
    "note": ("note", "yellow"),
    "problem": ("problem", "bold red"),
}
_WIDTH = max(len(mark) for mark, _ in _MARKS.values())
_CHECK_WIDTH = 12
_INDENT = " " * (_WIDTH + 2)


def doctor(options: argparse.Namespace) -> int:
    """Print the findings; return 1 if anything needs doing."""
    found = examine(options.path)
    problems = sum(each.level == "problem" for each in found)
    if options.json:
        checks = [each.to_object() for each in found]
        write_line(json.dumps({"problems": problems, "checks": checks}))
    else:
        print_findings(found, console_for(options.color))
    return 1 if problems else 0


def print_findings(found: list[Finding], console: Console) -> None:
    """Print findings for people."""
    for each in found:
        mark, style = _MARKS[each.level]
        line = Text(f"{mark:<{_WIDTH}}  ", style)
        line.append(f"{each.check:<{_CHECK_WIDTH}} ", "default")
        line.append(each.message, "default")
        console.print(line, soft_wrap=True)
        if each.advice:
            advice = Text(f"{_INDENT}{'':<{_CHECK_WIDTH}} do: ", "default")
            advice.append(each.advice, "bold")
            console.print(advice, soft_wrap=True)
    problems = sum(each.level == "problem" for each in found)
    summary = f"{problems or 'no'} problem{'s' * (problems != 1)}"
    console.print(Text(summary, "bold red" if problems else "green"), soft_wrap=True)
