"""Names that have two spellings in Unicode, of which Git compares one.

`unicodedata` is imported when it is needed: whoever starts a daemon waits for its imports.
"""

import os
import sys

TWO = sys.platform == "darwin"
"""Whether a file is found by either: Git there knows the composed one, whatever the disk has."""


def both(paths: list[bytes]) -> list[bytes]:
    """Return the paths, each with its other spelling behind if that differs."""
    import unicodedata

    found = dict.fromkeys(paths)
    for path in paths:
        if not path.isascii():
            text = os.fsdecode(path)
            found[os.fsencode(unicodedata.normalize("NFC", text))] = None
            found[os.fsencode(unicodedata.normalize("NFD", text))] = None
    return list(found)
