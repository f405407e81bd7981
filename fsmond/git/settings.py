"""Change Git's configuration, and restore the previous values.

Both are kept in the same configuration file.  Section `fsmond` has a subsection with the name of
each setting: `set` is the value that we set, and each `was` is a previous value.
"""

from collections.abc import Mapping

from fsmond.git.program import GitError, git

_NOT_SET = 5  # exit status of `git config --unset-all`
_MISSING = (1, 128)  # exit statuses of `git config --list`, when there is no such file


class Settings:
    """One file of Git's configuration.  All methods raise GitError if Git fails."""

    def __init__(self, scope: str, root: bytes | None) -> None:
        self._scope = scope
        """`--global`, `--local` or `--worktree`."""
        self._root = root

    def install(self, wanted: Mapping[str, str]) -> bool:
        """Set these values, restore settings not among them; return whether anything changed."""
        unwanted = [name for name in self.installed() if name not in wanted]
        changed = [name for name, value in wanted.items() if self.value(name) != [value]]
        for name in unwanted:
            self.restore(name)
        for name, value in wanted.items():
            self._set(name, value)
        return bool(unwanted or changed)

    def installed(self) -> list[str]:
        """Return the names of the settings that we set, as they were written."""
        begin, end = "fsmond.", ".set"
        ours = [key for key in self._all() if key.startswith(begin) and key.endswith(end)]
        return [key[len(begin) : -len(end)] for key in ours]

    def restore(self, name: str) -> str:
        """Restore the previous value; return a description of the result for people."""
        found = self._all()
        before = found.get(f"fsmond.{name}.was", [])
        mine = self.value(name) == found.get(f"fsmond.{name}.set")
        if mine:
            self._replace(name, before)
        self._config("--remove-section", f"fsmond.{name}")
        if not mine:
            return "was changed since `fsmond install`, and is left as it is"
        return f"is {', '.join(before)} again" if before else "is no longer set"

    def value(self, name: str) -> list[str]:
        """Return a setting's values in this file."""
        return self._all().get(name.lower(), [])

    def _set(self, name: str, value: str) -> None:
        found = self._all()
        now = self.value(name)
        if now != found.get(f"fsmond.{name}.set"):
            # We set it for the first time, or it was changed since.
            self._replace(f"fsmond.{name}.was", now)
        self._replace(f"fsmond.{name}.set", [value])
        self._replace(name, [value])

    def _replace(self, name: str, values: list[str]) -> None:
        if len(values) == 1:
            self._config("--replace-all", name, values[0])
            return
        try:
            self._config("--unset-all", name)
        except GitError as error:
            if error.status != _NOT_SET:
                raise
        for value in values:
            self._config("--add", name, value)

    def _all(self) -> dict[str, list[str]]:
        """Return all settings by their names as Git lists them: lower-case except subsections."""
        try:
            text = self._config("-z", "--list")
        except GitError as error:
            if error.status in _MISSING:
                return {}
            raise
        found: dict[str, list[str]] = {}
        for entry in text.split("\0")[:-1]:
            name, has_value, value = entry.partition("\n")
            found.setdefault(name, []).append(value if has_value else "true")
        return found

    def _config(self, *arguments: str) -> str:
        text = git("config", self._scope, *arguments, directory=self._root)
        return text.decode(errors="surrogateescape")
