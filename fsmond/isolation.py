"""What a process of ours may be made of: Python, this package, and what these were installed with.

Not what the environment names, nor what is in the directory where somebody stands: a repository
that was just cloned may hold a `watchdog.py`.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""Where the packages `fsmond` and `ipc` are: a directory, or an archive."""

# They change what a program is, and are of whoever happens to be the first to ask.
_PREFIXES = ("PYTHON", "LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "GIT_")
_KEPT = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH")
# Of these, a process that began with them shows nothing.
_HARMLESS = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONIOENCODING")


def scrubbed(environment: "Mapping[str, str]") -> dict[str, str]:
    """Return the environment for a daemon, which many will ask."""
    return {
        name: value
        for name, value in environment.items()
        if name in _KEPT or not name.startswith(_PREFIXES)
    }


def is_tainted() -> bool:
    """Say whether this process may be made of what the environment named."""
    for name in os.environ:
        if name.startswith("PYTHON"):
            if not sys.flags.ignore_environment and name not in _HARMLESS:
                return True
        elif name.startswith(_PREFIXES) and not name.startswith("GIT_"):
            return True
    # The user's own packages are found by HOME, which may be another user's.
    own = getattr(sys.modules.get("site"), "USER_SITE", None)
    return own in sys.path and own != HOME


def isolate() -> None:
    """Have nothing more imported from elsewhere; for a program of ours, before it imports much."""
    places = [each for each in trusted(sys.path) if each != HOME]
    sys.path[:] = [HOME, *places]
    import ipc  # noqa: F401 - ours, whatever else has that name

    sys.path[:] = [*places, HOME]


def trusted(paths: "Iterable[str]") -> list[str]:
    """Return the places from which modules may come, of those in a `sys.path`."""
    refused = {_folder_of_program(), *_named(), _current()}
    site = sys.modules.get("site")
    sure = {os.path.dirname(os.__file__), HOME, *(site.getsitepackages() if site else ())}
    return [each for each in paths if each in sure or (os.path.isabs(each) and each not in refused)]


def libraries(root: str) -> list[str]:
    """Return where this process finds the packages that a daemon needs, outside of its tree.

    Some programs put these together themselves, each from a place of its own; then Python does
    not find them by itself.
    """
    if "site" not in sys.modules:
        return []  # only Python's own are found here
    from importlib.machinery import PathFinder  # slow to import

    within = os.path.join(root, "")
    places = [each for each in trusted(sys.path) if not f"{each}{os.sep}".startswith(within)]
    found = [PathFinder.find_spec(name, places) for name in ("watchdog", "platformdirs")]
    files = [spec.origin for spec in found if spec is not None and spec.origin is not None]
    return list(dict.fromkeys(os.path.dirname(os.path.dirname(file)) for file in files))


def _named() -> list[str]:
    """Return what PYTHONPATH names, as Python has it in `sys.path`."""
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
