"""What the unit tests of the server for Watchman's clients share."""

import pytest

pytest.importorskip("wcmatch", reason="needs fsmond[watchman]")
