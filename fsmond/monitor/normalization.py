"""Names with two Unicode normalization forms, of which Git compares only one.

`unicodedata` is imported only when it is needed: a client that starts a daemon waits for its
imports.
"""

import os
import sys

HAS_TWO_FORMS = sys.platform == "darwin"
"""Whether a file is found by both forms: on macOS Git uses NFC, whatever form the disk has."""


def with_both_forms(paths: list[bytes]) -> list[bytes]:
    """Return the paths, each followed by its other normalization form if that differs."""
    import unicodedata

    found = dict.fromkeys(paths)
    for path in paths:
        if not path.isascii():
            text = os.fsdecode(path)
            found[os.fsencode(unicodedata.normalize("NFC", text))] = None
            found[os.fsencode(unicodedata.normalize("NFD", text))] = None
    return list(found)
