"""Whether somebody looks at how far something has come."""

import os
import sys

import pytest

from fsmond.cli.progress import at_terminal


def test_nobody_looks_at_what_goes_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows calls it a terminal; then `start` would wait for the whole tree, for nobody."""
    with open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stderr", nowhere)

        assert not at_terminal()
