"""Start a daemon's process by forking this one.  A person waits: few imports."""

import sys

assert sys.platform != "win32"

import os

from fsmond.isolation import isolate
from fsmond.process.spawn_unix import Child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn


class ForkedChild(Child):
    """A fork of this process that runs `main`; its output can be read here."""

    def __init__(
        self,
        arguments: list[str],
        environment: "Mapping[str, str]",
        main: "Callable[[list[str]], int]",
    ) -> None:
        self._main = main
        super().__init__(arguments, environment)

    def _start(
        self,
        arguments: list[str],
        environment: "Mapping[str, str]",
        standard: tuple[int, int, int],
    ) -> int:
        pid = os.fork()
        if not pid:
            _run_and_exit(lambda: self._main(arguments), environment, standard)
        return pid


def has_one_thread() -> bool:
    """Return whether this process has one thread; in a fork, locks of others stay locked."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _run_and_exit(
    program: "Callable[[], int]",
    environment: "Mapping[str, str]",
    standard: tuple[int, int, int],
) -> "NoReturn":
    """Run a program as a new Python would, then exit without any cleanup of the parent's state."""
    status = 1
    try:
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        isolate()
        status = program()
    except BaseException:  # noqa: BLE001 - it goes to the parent's pipe; no caller is left to catch it
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)
