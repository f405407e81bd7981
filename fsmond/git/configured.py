"""What a git directory's own configuration says of its worktree.

What is plain is read here, and what is not by Git itself.
"""

import os

from fsmond.git.worktree import RefusedError, read, shown

_NAMES = (b"worktree", b"bare")
_DIFFICULT = b'"\\#;\t'  # in a value: what Git shall read itself; gits differ about tabs
# Git's lines end with a newline and nothing else, a carriage return before it left out.  What
# other bytes mean, if anything, Git shall say.
_ODD = bytes({*range(32), 127} - {*b"\t\n"})
_MARK = b"\xef\xbb\xbf"  # that some editors put before text in UTF-8
_LONGEST = 1 << 20  # bytes of the file `commondir`
_LONGEST_SETTINGS = 8 << 20  # bytes of a configuration file
_NOT_SET = 1  # exit status of `git config`


def core_settings(file: bytes, text: bytes) -> dict[bytes, bytes]:
    """Return `worktree` and `bare` of the section `core`, as far as the file has them.

    `text` is what it holds; `bare` is `true` or `false`.  Raises RefusedError if it is broken.
    """
    plain = _read_plainly(text)
    if plain is None:
        asked = {name: _asked(file, f"core.{name.decode()}") for name in _NAMES[:1]}
        asked[b"bare"] = _asked(file, "--type=bool", "core.bare")
        plain = {name: value for name, value in asked.items() if value is not None}
    elif plain.get(b"bare") not in (None, b"true", b"false"):
        plain[b"bare"] = _asked(file, "--type=bool", "core.bare") or b"false"
    return {name: value for name, value in plain.items() if value}


def has_own_settings(gitdir: bytes) -> bool:
    """Say whether `config.worktree` counts, by the extension that the repository has for it."""
    return is_set(gitdir, "extensions.worktreeConfig")


def is_set(gitdir: bytes, name: str) -> bool:
    """Say whether the repository's configuration has a setting that is true."""
    named = read(os.path.join(gitdir, b"commondir"), _LONGEST).partition(b"\0")[0].rstrip(b"\r\n")
    config = os.path.join(gitdir, named, b"config")
    if name.rpartition(".")[2].lower().encode() not in read(config, _LONGEST_SETTINGS).lower():
        return False
    return _asked(config, "--type=bool", name) == b"true"


def _read_plainly(text: bytes) -> dict[bytes, bytes] | None:
    """Return the settings; None if there is anything that could mean another thing to Git."""
    text = text.removeprefix(_MARK).replace(b"\r\n", b"\n")
    if text.translate(None, _ODD) != text:
        return None
    found: dict[bytes, bytes] = {}
    is_core = False
    for line in map(bytes.strip, text.split(b"\n")):
        if line.startswith(b"["):
            if not line.endswith(b"]") or (line[:5].lower() == b"[core") != _is_core(line):
                return None
            is_core = _is_core(line)
        elif line.endswith(b"\\") or (is_core and not _take(line, found)):
            return None
    return found


def _take(line: bytes, found: dict[bytes, bytes]) -> bool:
    """Take the setting that a line of the section may be; say whether its meaning is plain."""
    key, has_value, value = (part.strip() for part in line.partition(b"="))
    if key.lower() not in _NAMES:
        return True  # another one, or a comment
    found[key.lower()] = value
    return bool(has_value) and not any(byte in value for byte in _DIFFICULT)


def _is_core(line: bytes) -> bool:
    return line.lower() == b"[core]"


def _asked(file: bytes, *what: str) -> bytes | None:
    from fsmond.git.program import GitError, ask  # slow to import, and seldom needed

    try:
        return ask("config", "--file", os.fsdecode(file), "-z", *what).removesuffix(b"\0")
    except GitError as error:
        if error.status == _NOT_SET:
            return None
        raise RefusedError(f"{shown(file)} cannot be read: {error}") from error
