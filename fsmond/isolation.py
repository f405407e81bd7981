"""Restrict imports to Python, this package, and the packages installed with them.

Neither the environment nor the current directory may provide modules: a repository that was just
cloned may hold a `watchdog.py`.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

INSTALL_PATH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""The directory or archive that contains the packages `fsmond` and `ipc`."""

# Variables with these prefixes change which code runs, and differ between the clients that may
# start the daemon.
_PREFIXES = ("PYTHON", "LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "GIT_")
_KEPT = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH")
# These have no effect on which code runs.
_HARMLESS = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONIOENCODING")


def scrubbed(environment: "Mapping[str, str]") -> dict[str, str]:
    """Return the environment for a daemon, without the variables of the client that starts it."""
    return {
        name: value
        for name, value in environment.items()
        if name in _KEPT or not name.startswith(_PREFIXES)
    }


def is_tainted() -> bool:
    """Return whether this process may run code that the environment names."""
    for name in os.environ:
        if name.startswith("PYTHON"):
            if not sys.flags.ignore_environment and name not in _HARMLESS:
                return True
        elif name.startswith(_PREFIXES) and not name.startswith("GIT_"):
            return True
    # HOME says where the user's own packages are, and it may be another user's.
    own = getattr(sys.modules.get("site"), "USER_SITE", None)
    return own in sys.path and own != INSTALL_PATH


def isolate() -> None:
    """Restrict further imports to trusted places; call it early in a program of ours."""
    places = [each for each in trusted(sys.path) if each != INSTALL_PATH]
    sys.path[:] = [INSTALL_PATH, *places]
    import ipc  # noqa: F401 - ours, whatever else has that name

    sys.path[:] = [*places, INSTALL_PATH]


def trusted(paths: "Iterable[str]") -> list[str]:
    """Return those entries of a `sys.path` from which modules may be imported."""
    refused = {_folder_of_program(), *_named(), _current()}
    site = sys.modules.get("site")
    sure = {os.path.dirname(os.__file__), INSTALL_PATH, *(site.getsitepackages() if site else ())}
    return [each for each in paths if each in sure or (os.path.isabs(each) and each not in refused)]


def libraries(root: str) -> list[str]:
    """Return the places outside of the tree where this process finds the daemon's dependencies.

    A program may set up `sys.path` itself, with a place for each package; an isolated Python
    would not find them.
    """
    if "site" not in sys.modules:
        return []  # only the standard library is found here
    from importlib.machinery import PathFinder  # slow to import

    within = os.path.join(root, "")
    places = [each for each in trusted(sys.path) if not f"{each}{os.sep}".startswith(within)]
    found = [PathFinder.find_spec(name, places) for name in ("watchdog", "platformdirs")]
    files = [spec.origin for spec in found if spec is not None and spec.origin is not None]
    return list(dict.fromkeys(os.path.dirname(os.path.dirname(file)) for file in files))


def _named() -> list[str]:
    """Return the entries of PYTHONPATH as Python puts them in `sys.path`."""
    named = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
    return [os.path.abspath(each) for each in named.split(os.pathsep) if each]


def _folder_of_program() -> str | None:
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.dirname(os.path.abspath(file)) if file else None


def _current() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None  # it was removed
