"""Find the worktree that contains a path.  Every query does: it runs no git process, usually."""

import os
import sys

if sys.platform == "win32":
    from fsmond.windows.opening import to_read

    opener = to_read
    _FLAGS = os.O_RDONLY
else:
    opener = os.open
    # The type is checked first; if a FIFO then replaces the file, O_NONBLOCK avoids the wait.
    _FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SOCKET = b"fsmonitor--daemon.ipc"
"""The name of a worktree's socket in its git directory, where Git usually looks for it."""

_MAX_SIZE = 1 << 20  # bytes of a `.git` file, or another file with a path: Git's own limit
_MAX_CONFIG = 8 << 20  # bytes of a configuration file; most have a few hundred
_MIN_READ = 4096  # bytes that are read at least: some files report a size of 0
_REGULAR = 0o10  # the type of a regular file, in the upper bits of a mode
_SETTINGS = (b"worktree", b"bare")
# A value with one of these, or text with one of `_UNUSUAL`, is left to Git to parse.
_SPECIAL = b'"\\#;\t'  # Git versions differ about tabs
_UNUSUAL = bytes({*range(32), 127} - {*b"\t\n"})
_BOM = b"\xef\xbb\xbf"  # some editors put it before UTF-8
_NOT_SET = 1  # exit status of `git config`


class RefusedError(OSError):
    """Git would refuse the repository, or it cannot be read; the message says why, and the cure."""


class BareError(RefusedError):
    """It is a bare repository."""


class NotRegularError(OSError):
    """The file is not a regular file: to open or read it could block, or never end."""


class Worktree:
    """A directory with files, and the git directory that belongs to it alone."""

    __slots__ = ("gitdir", "is_from_environment", "root")

    def __init__(self, root: bytes, gitdir: bytes, *, is_from_environment: bool = False) -> None:
        self.root = root
        self.gitdir = gitdir
        self.is_from_environment = is_from_environment
        """Whether GIT_WORK_TREE named the root; then Git's settings say nothing about it."""


def find(directory: bytes, environment: "Mapping[str, str]") -> Worktree | None:
    """Return the worktree that contains `directory`, an absolute path without symbolic links.

    Git applies GIT_DIR and GIT_WORK_TREE to any directory.  This function applies them only to
    directories in the worktree that they name: hooks inherit them, and query other trees as well.
    Raise RefusedError for a bare repository, for another user's repository that Git would refuse,
    and if it cannot be known which directory is meant.
    """
    git_dir, work_tree = environment.get("GIT_DIR"), environment.get("GIT_WORK_TREE")
    # Both are relative to the current directory, not to `directory`.
    root = os.path.realpath(os.fsencode(work_tree)) if work_tree else None
    if git_dir:
        found = _from_environment(directory, os.fsencode(git_dir), root)
        if found is not None and is_within(directory, found.root):
            return found
        root = None  # GIT_WORK_TREE belongs to that git directory
    if root is not None and not is_within(directory, root):
        root = None
    return _search_upwards(directory, root)


def is_within(directory: bytes, root: bytes) -> bool:
    """Return whether a directory is the root or below it; both come from `os.path.realpath`."""
    directory, root = os.path.normcase(directory), os.path.normcase(root)
    return directory == root or directory.startswith(os.path.join(root, b""))


def gitdir_of(root: bytes) -> bytes | None:
    """Return the git directory that `.git` in `root` is, or names; None if there is none."""
    path = os.path.join(root, b".git")
    try:
        os.lstat(os.path.join(path, b"HEAD"))
    except OSError:  # also if `.git` is a file, which Windows reports as a missing HEAD
        return _named_gitdir(root, path)
    return path


def linked_file(gitdir: bytes) -> bytes | None:
    """Return the `.git` file that a linked worktree's git directory names; None if it has none."""
    named = _path_in(os.path.join(gitdir, b"gitdir"))
    return os.path.join(gitdir, named) if named else None


def core_settings(file: bytes, text: bytes) -> dict[bytes, bytes]:
    """Return `worktree` and `bare` of the section `core`, if the configuration file sets them.

    `text` is the file's content.  The value of `bare` is `true` or `false`.  Raise RefusedError if
    the file is broken.
    """
    found = _parse(text)
    if found is None:
        asked = {b"worktree": _ask_git(file, "core.worktree")}
        asked[b"bare"] = _ask_git(file, "--type=bool", "core.bare")
        found = {name: value for name, value in asked.items() if value is not None}
    elif found.get(b"bare") not in (None, b"true", b"false"):
        found[b"bare"] = _ask_git(file, "--type=bool", "core.bare") or b"false"
    return {name: value for name, value in found.items() if value}


def is_enabled(gitdir: bytes, name: str) -> bool:
    """Return whether a boolean setting is true in the repository's configuration."""
    config = os.path.join(gitdir, _path_in(os.path.join(gitdir, b"commondir")), b"config")
    if name.rpartition(".")[2].lower().encode() not in read(config, _MAX_CONFIG).lower():
        return False
    return _ask_git(config, "--type=bool", name) == b"true"


def read(file: bytes, limit: int) -> bytes:
    """Return the content of a repository's file; nothing if there is no such file.

    Raise RefusedError if it is not a regular file, has more than `limit` bytes, or cannot be read.
    """
    try:
        descriptor = open_regular(file)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except NotRegularError as error:
        raise RefusedError(f"{error}; remove it") from error
    except (OSError, ValueError) as error:
        raise RefusedError(f"{_printable(file)} cannot be read: {error}") from error
    try:
        size = os.fstat(descriptor).st_size
        text = os.read(descriptor, max(size, _MIN_READ) + 1) if size <= limit else b""
    except OSError as error:
        raise RefusedError(f"{_printable(file)} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if max(size, len(text)) > limit:
        raise RefusedError(f"{_printable(file)} has more than {limit} bytes; make it shorter")
    return text


def open_regular(file: bytes) -> int:
    """Open a file for reading without blocking; raise NotRegularError if it is not a regular file.

    All files of a repository are opened by this function: whoever made the repository may have put
    there a FIFO or an endless device.  Links are followed, as in Git.
    """
    if os.stat(file).st_mode >> 12 != _REGULAR:  # opening a device can have side effects
        raise NotRegularError(f"{_printable(file)} is not a regular file")
    descriptor = opener(file, _FLAGS)
    if os.fstat(descriptor).st_mode >> 12 != _REGULAR:
        os.close(descriptor)
        raise NotRegularError(f"{_printable(file)} is not a regular file")
    return descriptor


def _from_environment(directory: bytes, git_dir: bytes, root: bytes | None) -> Worktree | None:
    """Return the worktree of GIT_DIR, with the root from GIT_WORK_TREE; None if there is none.

    If nothing else names a root, it is the directory itself.
    """
    gitdir = os.path.realpath(git_dir)
    if not _is_gitdir(gitdir):
        return None
    if root is not None:
        return Worktree(root, gitdir, is_from_environment=True)
    configured, is_bare = _configured(gitdir)
    if is_bare:
        return None  # a bare repository's hooks inherit GIT_DIR, and query worktrees elsewhere
    beside = os.path.dirname(gitdir) if os.path.basename(gitdir) == b".git" else None
    linked = linked_file(gitdir)
    if linked:
        beside = _resolve(gitdir, os.path.dirname(linked)) or beside
    return Worktree(configured or beside or directory, gitdir)


def _search_upwards(directory: bytes, root: bytes | None) -> Worktree | None:
    """Return the innermost worktree; `root` is the value of GIT_WORK_TREE, if it applies."""
    while True:
        gitdir = gitdir_of(directory)
        if gitdir is not None:
            _check_owner(directory, gitdir)
            return _worktree_of(gitdir, root, directory)
        # A directory named `.git` is not a bare repository: it belongs to the worktree above.
        if os.path.lexists(os.path.join(directory, b"HEAD")) and _looks_bare(directory):
            _check_owner(None, directory)
            return _worktree_of(directory, root, None)
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent


def _worktree_of(gitdir: bytes, root: bytes | None, parent: bytes | None) -> Worktree:
    """Return the worktree of a git directory; `parent` is the directory whose `.git` it is."""
    if root is not None:
        return Worktree(root, gitdir, is_from_environment=True)
    configured, is_bare = _configured(gitdir)
    root = configured or parent
    if is_bare or root is None:
        both = "; core.bare and core.worktree cannot be combined: unset one" if configured else ""
        name = _printable(gitdir)
        raise BareError(f"{name} is a bare repository, which has no files to watch{both}")
    return Worktree(root, gitdir)


def _is_gitdir(path: bytes) -> bool:
    return os.path.lexists(os.path.join(path, b"HEAD"))


def _looks_bare(directory: bytes) -> bool:
    """Return whether a directory with a HEAD is a git directory, and is not named `.git`."""
    if os.path.basename(directory) == b".git":
        return False
    if not all(os.path.isdir(os.path.join(directory, name)) for name in (b"objects", b"refs")):
        return False
    head = os.path.join(directory, b"HEAD")
    if os.path.islink(head):
        return os.readlink(head).startswith(b"refs/")
    try:
        text = read(head, _MAX_SIZE)
    except RefusedError:
        return False  # Git does not take it for a repository either
    return text.startswith(b"ref:") or not text[:40].strip(b"0123456789abcdefABCDEF")


def _check_owner(parent: bytes | None, gitdir: bytes) -> None:
    """Raise RefusedError if the repository is another user's and Git would refuse it.

    Its configuration names programs that Git runs.
    """
    if sys.platform == "win32":
        return  # there are no user ids to compare
    me, others = os.geteuid(), []
    paths = [gitdir] if parent is None else [gitdir, parent, os.path.join(parent, b".git")]
    for path in paths[:2] if paths[-1] == gitdir else paths:
        try:
            owner = os.lstat(path).st_uid
        except OSError:
            continue  # removed since it was found, which is reported later
        if owner != me:
            others.append(owner)
    if others and sys.platform != "win32":
        from fsmond.git.ownership_unix import refusal_of  # slow to import, and rarely needed

        refusal = refusal_of(parent or gitdir, others)
        if refusal is not None:
            raise RefusedError(refusal)


def _named_gitdir(root: bytes, file: bytes) -> bytes | None:
    """Parse a `.git` file: `gitdir: ` and a path, relative to the file's directory."""
    try:
        prefix, found, path = read(file, _MAX_SIZE).partition(b"gitdir: ")
    except RefusedError:
        return None  # Git accepts regular files only
    if prefix or not found:
        return None
    gitdir = _resolve(root, _without_newline(path))
    return gitdir if gitdir is not None and _is_gitdir(gitdir) else None


def _path_in(file: bytes) -> bytes:
    return _without_newline(read(file, _MAX_SIZE))


def _without_newline(text: bytes) -> bytes:
    return text.partition(b"\0")[0].rstrip(b"\r\n")


def _resolve(base: bytes, path: bytes) -> bytes | None:
    try:
        return os.path.realpath(os.path.join(base, path))
    except ValueError:
        return None  # the path has a NUL or, on Windows, is not UTF-8


def _configured(gitdir: bytes) -> tuple[bytes | None, bool]:
    """Return the root that `core.worktree` names, as in each submodule, and `core.bare`."""
    # A linked worktree has no `config` of its own, and its repository's does not apply to it.
    shared = os.path.join(gitdir, b"config")
    own = os.path.join(gitdir, b"config.worktree")
    found: dict[bytes, bytes] = {}
    for path in (shared, own):
        try:
            text = read(path, _MAX_CONFIG)
        except RefusedError:
            if path == shared or _uses_worktree_config(gitdir):
                raise
            continue  # Git does not read it
        lower = text.lower()
        has_bare = lower.count(b"bare") != lower.count(b"\n\tbare = false\n")
        if not has_bare and b"worktree" not in lower:
            continue  # the usual case
        if path == shared or _uses_worktree_config(gitdir):
            found |= core_settings(path, text)
    named = found.get(b"worktree")
    root = _resolve(gitdir, named) if named else None
    return root, found.get(b"bare") == b"true"


def _uses_worktree_config(gitdir: bytes) -> bool:
    """Return whether `config.worktree` applies, which an extension in the repository enables."""
    return is_enabled(gitdir, "extensions.worktreeConfig")


def _parse(text: bytes) -> dict[bytes, bytes] | None:
    """Return the settings; None if anything in the text could mean something else to Git."""
    # Git's lines end with a newline only, and it drops a carriage return before that.
    text = text.removeprefix(_BOM).replace(b"\r\n", b"\n")
    if text.translate(None, _UNUSUAL) != text:
        return None
    found: dict[bytes, bytes] = {}
    in_core = False
    for line in map(bytes.strip, text.split(b"\n")):
        if line.startswith(b"["):
            if not line.endswith(b"]") or (line[:5].lower() == b"[core") != _is_core(line):
                return None
            in_core = _is_core(line)
        elif line.endswith(b"\\") or (in_core and not _parse_line(line, found)):
            return None
    return found


def _parse_line(line: bytes, found: dict[bytes, bytes]) -> bool:
    """Store the setting of a line in the section `core`; return False if its value is unclear."""
    key, has_value, value = (part.strip() for part in line.partition(b"="))
    if key.lower() not in _SETTINGS:
        return True  # another setting, or a comment
    found[key.lower()] = value
    return bool(has_value) and not any(byte in value for byte in _SPECIAL)


def _is_core(line: bytes) -> bool:
    return line.lower() == b"[core]"


def _ask_git(file: bytes, *options: str) -> bytes | None:
    """Return a setting of a configuration file as Git reads it; None if it is not set."""
    from fsmond.git.program import (  # slow to import, and rarely needed
        GitError,
        git_outside_repositories,
    )

    try:
        command = ("config", "--file", os.fsdecode(file), "-z", *options)
        return git_outside_repositories(*command).removesuffix(b"\0")
    except GitError as error:
        if error.status == _NOT_SET:
            return None
        raise RefusedError(f"{_printable(file)} cannot be read: {error}") from error


def _printable(path: bytes) -> str:
    from fsmond.printable import printable  # rarely needed

    return printable(path)
