"""Draw the man page from the command's own help; with --check, only say whether it is stale."""

import argparse
import sys
from pathlib import Path

from argparse_manpage.manpage import Manpage

from fsmond.cli.main import _parser

PAGE = Path(__file__).resolve().parents[1] / "docs" / "man" / "fsmond.1"
DATE = "2026"  # of the page; a day would make it stale by itself


def drawn() -> str:
    """Return the page."""
    parser = _parser()
    setattr(parser, "_manpage", [])  # noqa: B010 - further sections, for argparse-manpage
    page = Manpage(parser)
    page.date = DATE
    page.project = "fsmond"
    return str(page)


def main() -> int:
    """Write the page, or check it; return the exit status."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true")
    text = drawn()
    if options.parse_args().check:
        return 0 if PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
