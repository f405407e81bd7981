"""Print a shell's completion for the command line."""

import argparse
from collections.abc import Iterable

import shtab


def completion(
    parser: argparse.ArgumentParser, directories: Iterable[argparse.Action], shell: str
) -> str:
    """Return a shell's program; `directories` are the arguments that name one."""
    for action in directories:
        action.complete = shtab.DIRECTORY  # type: ignore[attr-defined] # how shtab is told
    return shtab.complete(parser, shell)
