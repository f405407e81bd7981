"""`python -m fsmond`, and this file by its path: that needs neither `site` nor an installation."""

import sys

if not __package__:
    if not sys.flags.safe_path:
        del sys.path[0]  # the folder of this file, whose modules are none of the top level
    # Our own two packages first, and only them: this may be site-packages, which holds much else.
    sys.path.insert(0, __file__.rpartition("fsmond")[0] or ".")
    import fsmond  # noqa: F401 - ours, before another place is looked in
    import ipc  # noqa: F401 - the same

    sys.path.append(sys.path.pop(0))

if not sys.flags.isolated:
    # The current directory may come first, or what the environment names: there may be anything.
    from fsmond.isolation import isolate

    isolate()

from fsmond.door import run

if __name__ == "__main__":
    run()
