"""Where Git has rules for ignored files outside of a worktree, and how it compares names."""

import os
from collections.abc import Iterator

from fsmond.git.file_state import file_state
from fsmond.git.program import GitError, git
from fsmond.git.worktree import RefusedError, read

_MAX_PATH = 1 << 16  # bytes of the file `commondir`
_TIMEOUT = 0.5  # seconds, as a query waits; Git takes a few milliseconds
_NOT_SET = 1  # exit status of `git config`
_SETTING = b"core.excludesfile"  # as Git lists it
_WANTED = r"^(core\.excludesfile|include\.path|includeif\..*\.path)$"
_UNSET = object()


class IgnoreSources:
    """The files of rules of one worktree; runs git only if a file of its configuration changed."""

    def __init__(self, root: bytes, gitdir: bytes) -> None:
        self._root = root
        self._gitdir = gitdir
        self._common = _common_directory(gitdir)
        self._included: list[bytes] = []
        self._seen: object = _UNSET
        self._excludes_file: bytes | None = None

    def __call__(self) -> list[bytes]:
        """Return the paths of the files, the one that decides first first; they may not exist."""
        seen = self._states()
        if seen != self._seen:
            included = self._included
            self._ask_git()
            # With other included files, Git is asked again: they may have changed meanwhile.
            self._seen = seen if included == self._included else _UNSET
        found = [os.path.join(self._common, b"info", b"exclude")]
        return found if self._excludes_file is None else [*found, self._excludes_file]

    @property
    def ignore_case(self) -> bool:
        """Whether rules match names in any case."""
        try:
            return self._config("--type=bool", "--get", "core.ignoreCase") == b"true"
        except GitError:
            return False

    def _states(self) -> list[tuple[int, ...] | None]:
        return [file_state(path) for path in [*self._configuration(), *self._included]]

    def _configuration(self) -> Iterator[bytes]:
        """Yield the files that may say which file of rules there is, except included ones."""
        yield os.path.join(self._common, b"config")
        yield os.path.join(self._gitdir, b"config.worktree")
        yield _variable("GIT_CONFIG_GLOBAL") or os.path.join(_home(), b".gitconfig")
        yield os.path.join(_user_folder(), b"git", b"config")
        yield _variable("GIT_CONFIG_SYSTEM") or b"/etc/gitconfig"

    def _ask_git(self) -> None:
        """Find the file of rules, and the files that the configuration includes."""
        named, included = None, []
        self._excludes_file = None
        try:
            listed = self._config("--show-origin", "-z", "--type=path", "--get-regexp", _WANTED)
        except GitError as error:
            if error.status != _NOT_SET:
                self._included = []
                return  # without its rules, too much is reported
            listed = b""
        fields = listed.split(b"\0")[:-1]
        for origin, setting in zip(fields[::2], fields[1::2], strict=True):
            key, _, value = setting.partition(b"\n")
            if key == _SETTING:
                named = value
                continue
            folder = os.path.dirname(origin.removeprefix(b"file:"))
            included.append(os.path.join(self._root, folder, value))
            if key.startswith(b"includeif.onbranch:"):
                included.append(os.path.join(self._gitdir, b"HEAD"))
        self._included = included
        if named is None:
            self._excludes_file = os.path.join(_user_folder(), b"git", b"ignore")
        elif named:  # set to nothing, it names no file
            self._excludes_file = os.path.join(self._root, named)

    def _config(self, *arguments: str) -> bytes:
        place = f"--git-dir={os.fsdecode(self._gitdir)}"
        return git(place, "config", *arguments, directory=self._root, timeout=_TIMEOUT)


def _home() -> bytes:
    return _variable("HOME") or os.path.expanduser(b"~")  # which does not look at it on Windows


def _user_folder() -> bytes:
    return _variable("XDG_CONFIG_HOME") or os.path.join(_home(), b".config")


def _variable(name: str) -> bytes:
    return os.fsencode(os.environ.get(name, ""))


def _common_directory(gitdir: bytes) -> bytes:
    """Return the directory that a linked worktree shares with the others."""
    try:
        named = read(os.path.join(gitdir, b"commondir"), _MAX_PATH).strip(b"\r\n")
    except RefusedError:
        named = b""
    return os.path.normpath(os.path.join(gitdir, named)) if named else gitdir
