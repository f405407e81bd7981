"""Start a daemon's process as a copy of this one.  A person waits: few imports."""

import sys

assert sys.platform != "win32"

import os

from fsmond.daemon.begin import begin
from fsmond.daemon.spawn_unix import Child
from fsmond.isolation import isolate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn


class Copy(Child):
    """A process that begins as a copy of this one, and whose output is heard here."""

    def _begin(
        self,
        arguments: list[str],
        environment: "Mapping[str, str]",
        standard: tuple[int, int, int],
    ) -> int:
        pid = os.fork()
        if not pid:
            _be(arguments, environment, standard)
        return pid


def _be(
    arguments: list[str], environment: "Mapping[str, str]", standard: tuple[int, int, int]
) -> "NoReturn":
    """Do what another Python would do, and end; whatever this one had begun is none of ours."""
    status = 1
    try:
        for meant, descriptor in enumerate(standard):
            os.dup2(descriptor, meant)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        isolate()
        status = begin(arguments)
    except BaseException:  # noqa: BLE001 - told to whoever hears us, and nobody else is there
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)
