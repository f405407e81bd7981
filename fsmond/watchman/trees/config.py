"""The settings of a tree: its file `.watchmanconfig`; and which directory is a project."""

import json
import os
from typing import NamedTuple

from fsmond.watchman.errors import CommandError, RootError

NAME = ".watchmanconfig"
ROOT_FILES = (NAME, ".hg", ".git", ".svn")
"""The directory that has one of them is the root of a project."""
POLICY_VARIABLE = "WATCHMAN_CONFIG_FILE"
_POLICY_FILE = "/etc/watchman.json"
_MAX_SETTLE = 1e9  # milliseconds
_VCS = (".git", ".svn", ".hg")
_MAX_SIZE = 1 << 20  # bytes


class Config(NamedTuple):
    """The settings that this server takes notice of."""

    fields: dict[str, object]
    """All that the file has, for `get-config`."""
    settle: float | None
    """Seconds without a change before subscribers are told; None: they are told at once."""
    ignored: tuple[bytes, ...]
    """Directories, with a final slash, of which nothing is reported."""
    shallow: tuple[bytes, ...]
    """The same of which only what is directly in them is reported."""
    case_sensitive: bool
    """Whether names that differ in case are different ones."""
    unique_names: bool
    """Whether a client must not use a subscription's name again."""

    @property
    def beginnings(self) -> tuple[bytes, ...]:
        """How each path begins of which nothing is to be reported."""
        return (*(each[:-1] for each in self.ignored), *self.shallow)

    def is_ignored(self, path: bytes) -> bool:
        """Return whether nothing is to be reported of a path."""
        return (path + b"/").startswith(self.ignored) or any(
            path.startswith(each) and b"/" in path[len(each) :] for each in self.shallow
        )


def read(root: bytes) -> Config:
    """Return the settings of a tree; raise RootError if the file is not valid."""
    try:
        with open(os.path.join(root, os.fsencode(NAME)), "rb") as file:
            data = file.read(_MAX_SIZE)
    except OSError:
        data = b""  # there need not be one
    try:
        fields = dict(json.loads(data or b"{}"))
        return Config(
            fields,
            _milliseconds(fields["settle"]) if "settle" in fields else None,
            _directories(fields, "ignore_dirs", ()),
            _directories(fields, "ignore_vcs", _VCS),
            not _folds_case(root),
            fields.get("enforce_unique_subscription_names") is True,
        )
    except (ValueError, TypeError, RecursionError) as error:
        reason = f"failed to parse json from {os.fsdecode(root)}/{NAME}: {error}"
        raise RootError(os.fsdecode(root), reason) from error


class Policy(NamedTuple):
    """Which directories may be watched."""

    root_files: tuple[str, ...] = ROOT_FILES
    """A project has one of them in its root."""
    is_enforced: bool = False
    """Whether nothing else may be watched."""

    def refuse(self, directory: str) -> None:
        """Raise RootError if a directory must not be watched."""
        if self.is_enforced and not is_root(directory, self.root_files):
            raise RootError(
                directory,
                "Your watchman administrator has configured watchman to prevent watching path "
                f"`{directory}`.  None of the files listed in global config root_files are present "
                f"in path `{directory}` or any of its parent directories.  root_files is defined "
                f"by the {policy_file()} config file and includes `{'`, `'.join(self.root_files)}`",
            )


def policy() -> Policy:
    """Return what an administrator has set; raise CommandError if that is not valid."""
    path = policy_file()
    try:
        with open(path, "rb") as file:
            fields = dict(json.loads(file.read(_MAX_SIZE)))
    except FileNotFoundError:
        return Policy()
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise CommandError(f"failed to parse json from {path}: {error}") from error
    restrict = fields.get("root_restrict_files")
    files = restrict if restrict is not None else fields.get("root_files", list(ROOT_FILES))
    if not isinstance(files, list) or not all(isinstance(each, str) for each in files):
        raise CommandError(f"{path}: root_files must be an array of strings")
    is_enforced = restrict is not None or fields.get("enforce_root_files") is True
    return Policy(tuple(dict.fromkeys((NAME, *files))), is_enforced)


def policy_file() -> str:
    """Return the file with what an administrator has set."""
    return os.environ.get(POLICY_VARIABLE) or _POLICY_FILE


def is_root(directory: str, root_files: tuple[str, ...]) -> bool:
    """Return whether a directory is the root of a project."""
    return any(os.path.lexists(os.path.join(directory, name)) for name in root_files)


def project_of(directory: str, root_files: tuple[str, ...] = ROOT_FILES) -> str | None:
    """Return the nearest directory, from this one upwards, that is the root of a project.

    One of a file that is listed earlier is preferred to a nearer one.
    """
    above = [directory]
    while (parent := os.path.dirname(above[-1])) != above[-1]:
        above.append(parent)
    found = (each for name in root_files for each in above if is_root(each, (name,)))
    return next(found, None)


def directory_of(path: object) -> str:
    """Return the directory that a client names, without symbolic links; raise CommandError."""
    if not isinstance(path, str):
        raise CommandError(f"expected the path of a directory, not {str(path)[:80]!a}")
    if not os.path.isabs(path):
        raise RootError(path, f"path {path!a} must be absolute")
    try:
        real = os.path.realpath(path, strict=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RootError(path, f"{path}: {reason}") from error
    if not os.path.isdir(real):
        raise RootError(path, f"{path}: not a directory")
    if os.path.dirname(real) == real:
        raise RootError(path, f"cannot watch {path!a}: it is everything")
    return real


def _milliseconds(value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value < _MAX_SETTLE:
        raise ValueError("settle must be a number of milliseconds")
    return value / 1000


def _folds_case(root: bytes) -> bool:
    """Return whether the file system takes names that differ in case for the same."""
    above, name = os.path.split(root)
    try:
        return name != name.swapcase() and os.path.samefile(
            root, os.path.join(above, name.swapcase())
        )
    except OSError:
        return False


def _directories(
    fields: dict[str, object], name: str, default: tuple[str, ...]
) -> tuple[bytes, ...]:
    value = fields.get(name, list(default))
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"{name} must be an array of strings")
    return tuple(each.strip("/").encode(errors="surrogateescape") + b"/" for each in value)
