"""Which worktree holds a path.  On the way of every query: plain calls, no git process."""

import os
import sys

if sys.platform == "win32":
    from fsmond.opening_windows import to_read

    opener = to_read
    _FLAGS = os.O_RDONLY
else:
    opener = os.open
    # The type is looked at first; should a pipe take the file's place, nobody waits for a writer.
    _FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SOCKET = b"fsmonitor--daemon.ipc"
"""The name of a worktree's socket in its git directory: where Git looks for it, as a rule."""

_LONGEST = 1 << 20  # bytes of a `.git` file, and of others that name a path: what Git takes
_LONGEST_SETTINGS = 8 << 20  # bytes of a configuration file; most have a few hundred
_AT_LEAST = 4096  # bytes that are read at a time: some files say that they are empty
_REGULAR = 0o10  # the type of a plain file, as the upper bits of a mode have it


class RefusedError(OSError):
    """Git would not take it, or it cannot be read; the message says why, and what would help."""


class BareError(RefusedError):
    """It is a bare repository."""


class NotRegularError(OSError):
    """It is no regular file: to open it might be to wait for ever, to read it to read no end."""


class Worktree:
    """A directory with files, and the git directory that belongs to it alone."""

    __slots__ = ("gitdir", "root")

    def __init__(self, root: bytes, gitdir: bytes) -> None:
        self.root = root
        self.gitdir = gitdir


def find(directory: bytes, environment: "Mapping[str, str]") -> Worktree | None:
    """Return the worktree that holds `directory`, an absolute path without symbolic links.

    Unlike Git, which believes GIT_DIR and GIT_WORK_TREE whatever the directory, this takes them
    only for directories in the worktree that they mean: hooks inherit them, and ask for others.
    Raises RefusedError for a bare repository, for one of another user's that Git would not take,
    and where it cannot be known which directory is meant.
    """
    named, above = environment.get("GIT_DIR"), environment.get("GIT_WORK_TREE")
    # Both are relative to the current directory, whatever is asked about.
    root = os.path.realpath(os.fsencode(above)) if above else None
    if named:
        found = _given(directory, os.fsencode(named), root)
        if found is not None and is_within(directory, found.root):
            return found
        root = None  # it is the one of that git directory
    if root is not None and not is_within(directory, root):
        root = None
    return _discovered(directory, root)


def is_within(directory: bytes, root: bytes) -> bool:
    """Say whether a directory is the root, or below it; both as `os.path.realpath` returns them."""
    directory, root = os.path.normcase(directory), os.path.normcase(root)
    return directory == root or directory.startswith(os.path.join(root, b""))


def gitdir_of(root: bytes) -> bytes | None:
    """Return the git directory that `.git` in `root` is or names, if there is one."""
    path = os.path.join(root, b".git")
    try:
        os.lstat(os.path.join(path, b"HEAD"))
    except OSError:  # also in what is a file; Windows says only that there is none
        return _named_gitdir(root, path)
    return path


def linked_file(gitdir: bytes) -> bytes | None:
    """Return the `.git` file that a linked worktree's git directory says is its; None if none."""
    named = read(os.path.join(gitdir, b"gitdir"), _LONGEST).partition(b"\0")[0].rstrip(b"\r\n")
    return os.path.join(gitdir, named) if named else None


def read(file: bytes, most: int) -> bytes:
    """Return what a file of a repository holds; nothing if there is none.

    Raises RefusedError if it is no regular file, holds more than `most` bytes, or cannot be read.
    """
    try:
        descriptor = open_regular(file)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except NotRegularError as error:
        raise RefusedError(f"{shown(file)} is no regular file; remove it") from error
    except (OSError, ValueError) as error:
        raise RefusedError(f"{shown(file)} cannot be read: {error}") from error
    try:
        size = os.fstat(descriptor).st_size
        text = os.read(descriptor, max(size, _AT_LEAST) + 1) if size <= most else b""
    except OSError as error:
        raise RefusedError(f"{shown(file)} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if max(size, len(text)) > most:
        raise RefusedError(f"{shown(file)} has more than {most} bytes; make it shorter")
    return text


def open_regular(file: bytes) -> int:
    """Open a file for reading without waiting for anybody; raise NotRegularError if it is none.

    The one way in which files of a repository are opened: who made it may have put there what
    blocks, or has no end.  Links are followed, as Git does.
    """
    if os.stat(file).st_mode >> 12 != _REGULAR:  # to open a device may already do something
        raise NotRegularError(f"{shown(file)} is no regular file")
    descriptor = opener(file, _FLAGS)
    if os.fstat(descriptor).st_mode >> 12 != _REGULAR:
        os.close(descriptor)
        raise NotRegularError(f"{shown(file)} is no regular file")
    return descriptor


def shown(path: bytes) -> str:
    """Return a path for a message, on one line: what would not be seen is escaped."""
    text = os.fsdecode(path)
    if text.isprintable():
        return text
    # A surrogate stands for a byte that is no text, and becomes that again where it is printed.
    keep = range(0xD800, 0xE000)
    return "".join(
        each if each.isprintable() or ord(each) in keep else f"\\x{ord(each):02x}" for each in text
    )


def _given(directory: bytes, named: bytes, root: bytes | None) -> Worktree | None:
    """Return what GIT_DIR means, with the root that GIT_WORK_TREE names; None for nothing.

    Without that, the directory itself is the root if nothing else is known.
    """
    gitdir = os.path.realpath(named)
    if not _is_gitdir(gitdir):
        return None
    if root is not None:
        return Worktree(root, gitdir)
    configured, is_bare = _configured(gitdir)
    if is_bare:
        return None  # its own hooks inherit that, and ask about worktrees elsewhere
    beside = os.path.dirname(gitdir) if os.path.basename(gitdir) == b".git" else None
    linked = read(os.path.join(gitdir, b"gitdir"), _LONGEST).partition(b"\0")[0].rstrip(b"\r\n")
    if linked:
        beside = _followed(gitdir, os.path.dirname(linked)) or beside
    return Worktree(configured or beside or directory, gitdir)


def _discovered(directory: bytes, root: bytes | None) -> Worktree | None:
    """Return the innermost worktree; `root` is what GIT_WORK_TREE says, if it says anything."""
    while True:
        gitdir = gitdir_of(directory)
        if gitdir is not None:
            _check_owner(directory, gitdir)
            return _discovered_by(gitdir, root, directory)
        # What is named `.git` is no bare one: it is the one above it that is meant.
        if os.path.lexists(os.path.join(directory, b"HEAD")) and _looks_bare(directory):
            _check_owner(None, directory)
            return _discovered_by(directory, root, None)
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent


def _discovered_by(gitdir: bytes, root: bytes | None, holding: bytes | None) -> Worktree:
    """Return the worktree; `holding` is the directory that has the git directory for its own."""
    if root is not None:
        return Worktree(root, gitdir)
    configured, is_bare = _configured(gitdir)
    root = configured or holding
    if is_bare or root is None:
        both = "; core.bare and core.worktree do not go together: unset one" if configured else ""
        raise BareError(f"{shown(gitdir)} is a bare repository, which has no files to watch{both}")
    return Worktree(root, gitdir)


def _looks_bare(directory: bytes) -> bool:
    """Say whether a directory with a HEAD is itself a git directory, other than by its name."""
    if os.path.basename(directory) == b".git":
        return False
    if not all(os.path.isdir(os.path.join(directory, name)) for name in (b"objects", b"refs")):
        return False
    head = os.path.join(directory, b"HEAD")
    if os.path.islink(head):
        return os.readlink(head).startswith(b"refs/")
    try:
        text = read(head, _LONGEST)
    except RefusedError:
        return False  # Git, too, takes it for a directory like any other
    return text.startswith(b"ref:") or not text[:40].strip(b"0123456789abcdefABCDEF")


def _check_owner(holding: bytes | None, gitdir: bytes) -> None:
    """Raise RefusedError if Git would not take a repository, as it is another user's.

    Its configuration says what programs are run.
    """
    if sys.platform == "win32":
        return  # there is no number to go by
    me, others = os.geteuid(), []
    paths = [gitdir] if holding is None else [gitdir, holding, os.path.join(holding, b".git")]
    for path in paths[:2] if paths[-1] == gitdir else paths:
        try:
            owner = os.lstat(path).st_uid
        except OSError:
            continue  # gone since it was found, which is told later
        if owner != me:
            others.append(owner)
    if others and sys.platform != "win32":
        from fsmond.git.ownership_unix import check_trusted  # slow to import, and seldom needed

        check_trusted(holding or gitdir, others)


def _configured(gitdir: bytes) -> tuple[bytes | None, bool]:
    """Return what `core.worktree` says, as each submodule has it, and what `core.bare` says."""
    # A linked worktree has no own configuration, and its repository's is not about it.
    own = os.path.join(gitdir, b"config")
    apart = os.path.join(gitdir, b"config.worktree")
    found: dict[bytes, bytes] = {}
    for path in (own, apart):
        try:
            text = read(path, _LONGEST_SETTINGS)
        except RefusedError:
            from fsmond.git.configured import has_own_settings

            if path == own or has_own_settings(gitdir):
                raise
            continue  # Git does not look at it
        lower = text.lower()
        if b"worktree" in lower or lower.count(b"bare") != lower.count(b"\n\tbare = false\n"):
            from fsmond.git.configured import core_settings, has_own_settings  # seldom needed

            if path == own or has_own_settings(gitdir):
                found |= core_settings(path, text)
    named = found.get(b"worktree")
    root = _followed(gitdir, named) if named else None
    return root, found.get(b"bare") == b"true"


def _named_gitdir(root: bytes, file: bytes) -> bytes | None:
    """Read a `.git` file: `gitdir: ` and a path, relative to where the file is."""
    try:
        prefix, found, path = read(file, _LONGEST).partition(b"gitdir: ")
    except RefusedError:
        return None  # Git looks at plain files only
    if prefix or not found:
        return None
    gitdir = _followed(root, path.partition(b"\0")[0].rstrip(b"\r\n"))
    return gitdir if gitdir is not None and _is_gitdir(gitdir) else None


def _followed(base: bytes, path: bytes) -> bytes | None:
    try:
        return os.path.realpath(os.path.join(base, path))
    except ValueError:
        return None  # it holds a NUL, or on Windows what is no UTF-8


def _is_gitdir(path: bytes) -> bool:
    return os.path.lexists(os.path.join(path, b"HEAD"))
