"""The first code of the daemon's process.  Its parent waits: few imports."""

import gc
import sys

from fsmond.process.detach import detach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.process.spawn import Child
    from fsmond.rendezvous import Place

_LIBRARY_OPTION = "--library="


def start_process(place: "Place", *, replace: bool = False) -> "Child":
    """Start the daemon's process, as a fork of this one if possible; see `process.spawn`."""
    from fsmond.process.spawn import fork

    return fork(place, main=main, replace=replace)


def main(arguments: list[str]) -> int:
    """Be the daemon of the place that the arguments name; return the exit status."""
    libraries = [each for each in arguments if each.startswith(_LIBRARY_OPTION)]
    # Last in the search path: they are only for what Python does not find by itself.
    sys.path += [each.removeprefix(_LIBRARY_OPTION) for each in libraries]
    try:
        detach()
    except OSError as error:
        sys.stderr.write(f"the system allows no more processes: {error.strerror}\n")
        return 1
    gc.disable()  # imports leave hardly any garbage; `serve` enables it
    from fsmond.daemon import lifecycle

    return lifecycle.run_detached(arguments[len(libraries) :])
