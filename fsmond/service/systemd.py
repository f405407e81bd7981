"""Services of systemd's user manager: one template, and an instance for each tree.

The unit has no option that gives it a mount namespace of its own, such as ProtectSystem or
PrivateTmp: in another one the tree could look different, so clients would get no exact answers.
"""

import contextlib
import os
from collections.abc import Sequence

from fsmond.service.contract import Service, ServiceError, call, write

_TEMPLATE = "fsmond@.service"
_TARGET = "default.target"
_ADVICE = "is systemd's user manager running? see: systemctl --user status"
_FIRST_BACK_OFF = 254  # the first version that waits longer after each restart
_MORE_BACK_OFF = "RestartSteps=5\nRestartMaxDelaySec=60\n"
_UNIT = """\
[Unit]
Description=fsmond: which paths below %f changed
Documentation=man:fsmond(1)
ConditionPathIsDirectory=%f
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
ExecStart={command} run --replace %f
Restart=on-failure
RestartSec=2
{more}UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX
SystemCallArchitectures=native

[Install]
WantedBy={target}
"""


class Systemd:
    """See contract.Manager.  `command`: what runs fsmond, as words."""

    def __init__(self, command: Sequence[str], folder: str | None = None) -> None:
        self._command = command
        self._folder = folder or _folder()

    def install(self, root: bytes) -> str:
        """See Manager.install."""
        name = _instance(root)
        was_there = name in self._instances()
        try:
            content = unit(self._command, _version()).encode("utf-8", "surrogateescape")
            if write(os.path.join(self._folder, _TEMPLATE), content):
                _systemctl("daemon-reload")
            _systemctl("enable", name)
            _systemctl("restart", name)
        except ServiceError:
            if not was_there:
                with contextlib.suppress(ServiceError):
                    self._remove(name)
            raise
        return name

    def uninstall(self, root: bytes) -> bool:
        """See Manager.uninstall."""
        name = _instance(root)
        if name not in self._instances():
            return False
        self._remove(name)
        return True

    def services(self) -> list[Service]:
        """See Manager.services."""
        found = []
        for name in self._instances():
            state = _property(name, "ActiveState")
            found.append(Service(_root_of(name), name, state or "unknown"))
        return sorted(found)

    def _remove(self, name: str) -> None:
        """End an instance, and remove the template with the last one."""
        try:
            _systemctl("disable", "--now", name)
        finally:
            if not self._instances():
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(self._folder, _TEMPLATE))
        _systemctl("daemon-reload")

    def _instances(self) -> list[str]:
        before, after = _TEMPLATE.split("@")
        try:
            names = os.listdir(os.path.join(self._folder, f"{_TARGET}.wants"))
        except FileNotFoundError:
            return []
        return [each for each in names if each.startswith(f"{before}@") and each.endswith(after)]


def unit(command: Sequence[str], version: int) -> str:
    """Return the template unit for a version of systemd."""
    more = _MORE_BACK_OFF if version >= _FIRST_BACK_OFF else ""
    words = " ".join(map(_quoted, command))
    return _UNIT.format(command=words, target=_TARGET, more=more)


def _version() -> int:
    words = call(["systemctl", "--version"], advice=_ADVICE).split()
    return int(words[1]) if words[1:] and words[1].isdigit() else 0


def _quoted(word: str) -> str:
    """Return a word as systemd.syntax(7) quotes it; `%` begins a specifier, `$` a variable."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped.replace("%", "%%").replace("$", "$$")}"'


def _instance(root: bytes) -> str:
    command = ["systemd-escape", "--path", f"--template={_TEMPLATE}", os.fsdecode(root)]
    return call(command, advice=_ADVICE).strip()


def _root_of(name: str) -> bytes:
    command = ["systemd-escape", "--unescape", "--path", "--instance", name]
    return os.fsencode(call(command, advice=_ADVICE).removesuffix("\n"))


def _property(name: str, which: str) -> str:
    try:
        return _systemctl("show", "--value", f"--property={which}", name).strip()
    except ServiceError:
        return ""


def _systemctl(*arguments: str) -> str:
    return call(["systemctl", "--user", *arguments], advice=_ADVICE)


def _folder() -> str:
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(base, "systemd", "user")
