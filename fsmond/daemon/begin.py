"""The first that a daemon's process does.  Whoever started it waits: few imports."""

import gc
import sys

from fsmond.daemon.detach import detach

_LIBRARY = "--library="


def begin(said: list[str]) -> int:
    """Be the daemon of the place that the arguments say; return the exit status."""
    libraries = [each for each in said if each.startswith(_LIBRARY)]
    # Behind all others: they are for what Python does not find by itself.
    sys.path += [each.removeprefix(_LIBRARY) for each in libraries]
    try:
        detach()
    except OSError as error:
        sys.stderr.write(f"the system allows no more processes: {error.strerror}\n")
        return 1
    gc.disable()  # hardly anything that is made by imports goes away
    from fsmond.daemon import process

    gc.freeze()
    gc.enable()
    return process.run_detached(said[len(libraries) :])
