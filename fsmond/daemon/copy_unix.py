"""Start a daemon's process as a copy of this one.  A person waits: few imports."""

import sys

assert sys.platform != "win32"

import os

from fsmond.daemon.begin import begin
from fsmond.daemon.spawn_unix import Child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Copy(Child):
    """A process that begins as a copy of this one, and whose output is heard here."""

    def _begin(self, arguments: list[str], nothing: int, said: int) -> int:
        pid = os.fork()
        if not pid:
            _be(arguments, nothing, said)
        return pid


def _be(arguments: list[str], nothing: int, said: int) -> "NoReturn":
    """Do what another Python would do, and end; whatever this one had begun is none of ours."""
    status = 1
    try:
        for descriptor, meant in ((nothing, 0), (said, 1), (said, 2)):
            os.dup2(descriptor, meant)
        if not sys.flags.safe_path:
            del sys.path[0]  # where the program is, or the current directory
        sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
        status = begin(arguments)
    except BaseException:  # noqa: BLE001 - told to whoever hears us, and nobody else is there
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)
