"""`python -m fsmond`, or this file run by its path, which needs no `site` and no installation."""

import sys

if not __package__:
    if not sys.flags.safe_path:
        del sys.path[0]  # the folder of this file: its modules are not top-level modules
    # Put this place first for our two packages only: it may be site-packages, with many others.
    sys.path.insert(0, __file__.rpartition("fsmond")[0] or ".")
    import fsmond  # noqa: F401 - ours, before any other place is searched
    import ipc  # noqa: F401 - the same

    sys.path.append(sys.path.pop(0))

if not sys.flags.isolated:
    # The current directory, or one from the environment, may come first, and may hold any module.
    from fsmond.isolation import isolate

    isolate()

from fsmond.entry_point import run

if __name__ == "__main__":
    run()
