"""The report, from results alone: it can be written again without measuring.

python scripts/bench/report/page.py docs/benchmarks/results.json
"""
# the path is set first, so that this runs as a program as well

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import TextWrapper

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])  # scripts

from bench.report import tables
from bench.report.behind import gaps
from bench.report.standing import standing
from bench.report.targets import check_targets
from bench.report.texts import BEHIND, STANDING, TEXTS, Text
from bench.results import Results, Series, load, pooled, save

_WIDTH = 100  # columns
_BEGIN, _END = "<!-- begin: written by `make bench` -->", "<!-- end: written by `make bench` -->"
_INTRO = """\
# Measured beside the peers

`make bench` writes this page, its plots and `benchmarks/results.json`. The programs take turns in alternating order, in two runs in a
row of what does not take too long: see *runs* under [the machine](#the-machine). `make bench QUICK=1` makes one run in a few minutes,
with fewer rounds on smaller trees. Nothing here was typed by hand. Figures are medians over all runs, with the tenth and the ninetieth
percentile in brackets.
"""
_PROFILE = """\
# Where the time goes

`make bench` writes this page; `python -m bench.profiling` in `scripts` prints it. The times are each function's own. The profiler makes
Python calls look more expensive than they are: the figure without it stands above each table.
"""


def write(results: Results, docs: Path) -> list[Path]:
    """Write the report, the plots, the profile and the results into the folder `docs`."""
    folder = docs / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    save(results, folder / "results.json")
    try:
        from bench.report.plots import draw  # needs matplotlib, which may be absent

        together = results._replace(series=pooled(results.series))
        plots = {plot.stem for plot in draw(together, folder)}
    except ImportError as error:
        plots = set()
        how = {"plots": f"{error}; try: pip install matplotlib"}
        results = results._replace(absent={**results.absent, **how})
    page = docs / "benchmarks.md"
    page.write_text(render(results, plots), encoding="utf-8")
    written = [page, folder]
    readme = docs.parent / "README.md"
    if readme.exists() and _quote(readme, _lines(tables.of_standing(standing(results.series)))):
        written.append(readme)
    if results.texts:
        profile = docs / "profile.md"
        profile.write_text(render_profile(results), encoding="utf-8")
        written.append(profile)
    return written


def _quote(readme: Path, table: str) -> bool:
    """Put the table between its marks in another document; return whether that has them."""
    head, begin, rest = readme.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        return False
    readme.write_text(f"{head}{begin}\n\n{table}\n\n{end}{tail}", encoding="utf-8")
    return True


def render(results: Results, plots: set[str]) -> str:
    """Return the page with these plots."""
    parts = [_INTRO]
    if rows := standing(results.series):
        parts += ["## Won, lost and open", STANDING, _lines(tables.of_standing(rows))]
    parts += _machine(results)
    together = pooled(results.series)
    parts += ["## The targets", _lines(tables.of_targets(check_targets(together)))]
    if behind := gaps(together):
        parts += ["## Where fsmond is behind", BEHIND, _lines(tables.of_gaps(behind))]
    for name, text in TEXTS.items():
        series = [each for each in together if each.section == name]
        if series:
            parts += _section(name, text, series, plots)
    return "\n\n".join(_wrapped(part.strip("\n")) for part in parts if part) + "\n"


def render_profile(results: Results) -> str:
    """Return the page of the profiles."""
    parts = [_wrapped(_PROFILE.strip())]
    for title, text in results.texts.items():
        parts.append(f"## {title}\n\n```\n{text}\n```")
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _machine(results: Results) -> Iterator[str]:
    yield "## The machine"
    yield _lines(tables.table(["what", "on this machine"], results.facts.items()))
    if results.absent:
        yield "Not measured:"
        yield _lines([f"- **{who}**: {how}" for who, how in results.absent.items()])


def _section(name: str, text: Text, series: Sequence[Series], plots: set[str]) -> Iterator[str]:
    yield f"## {text.title}"
    yield text.intro
    for plot in text.plots:
        if plot in plots:
            yield f"![{plot}](benchmarks/{plot}.svg)"
    yield _lines(tables.of_section(series))
    if name in ("latency", "clients"):
        yield _lines(tables.of_tails(series))
    if name == "growth":
        yield _lines(tables.of_slopes(series))
    notes = [f"- {note}" for note in text.notes]
    yield _lines(notes)
    if said := tables.remarks(series):
        yield "Remarks:"
        yield _lines(said)


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines)


def _wrapped(part: str) -> str:
    """Wrap the paragraphs and the list items of a part; tables and headings stay."""
    if part.startswith(("|", "!")):
        return part
    return "\n\n".join("\n".join(map(_filled, _items(block))) for block in part.split("\n\n"))


def _items(block: str) -> list[str]:
    """Return a paragraph as it is, and a list as its items."""
    items = [""]
    for line in block.splitlines():
        if line.startswith("- ") and items[-1]:
            items.append("")
        items[-1] = f"{items[-1]} {line}".strip()
    return items


def _filled(text: str) -> str:
    if text.startswith("#"):
        return text
    indent = "  " if text.startswith("- ") else ""
    return TextWrapper(
        _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ).fill(text)


def main() -> int:
    """Write the report of a results file again, beside it; return the exit status."""
    if len(sys.argv) != 2:
        print("usage: page.py docs/benchmarks/results.json", file=sys.stderr)
        return 2
    path = Path(sys.argv[1])
    print(*write(load(path), path.resolve().parents[1]), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
