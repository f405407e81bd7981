"""The first that a daemon's process does.  Whoever started it waits: few imports."""

import gc

from fsmond.daemon.detach import detach


def begin(said: list[str]) -> int:
    """Be the daemon of the place that the arguments say; return the exit status."""
    detach()
    gc.disable()  # hardly anything that is made by imports goes away
    from fsmond.daemon import process

    gc.freeze()
    gc.enable()
    return process.run_detached(said)
