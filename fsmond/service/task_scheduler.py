"""Tasks of Windows' Task Scheduler, in a folder of ours; see its Task Scheduler Schema."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from typing import cast
from xml.etree.ElementTree import Element, SubElement, fromstring, register_namespace, tostring

from fsmond.service.contract import Service, ServiceError, call

_SCHEMA = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_FOLDER = "fsmond"
_ADVICE = "see the Task Scheduler's own window: taskschd.msc"


class TaskScheduler:
    """See contract.Manager."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command

    def install(self, root: bytes) -> str:
        """See Manager.install."""
        name = _name(root)
        descriptor, path = tempfile.mkstemp(suffix=".xml")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(task(self._command, root))
            _schtasks("/Create", "/TN", name, "/XML", path, "/F")
        finally:
            os.unlink(path)
        _schtasks("/Run", "/TN", name)
        return name

    def uninstall(self, root: bytes) -> bool:
        """See Manager.uninstall."""
        name = _name(root)
        if not any(each.name == name for each in self.services()):
            return False
        _schtasks("/End", "/TN", name)
        _schtasks("/Delete", "/TN", name, "/F")
        return True

    def services(self) -> list[Service]:
        """See Manager.services."""
        try:
            printed = _schtasks("/Query", "/XML", "ONE")
        except ServiceError:
            return []
        return sorted(read_tasks(printed))


def task(command: Sequence[str], root: bytes) -> bytes:
    """Return a task's definition: at logon, again after a failure, for as long as it takes."""
    register_namespace("", _SCHEMA)
    top = Element(f"{{{_SCHEMA}}}Task", version="1.2")
    _add(top, "RegistrationInfo", {"Description": f"fsmond: {os.fsdecode(root)}"})
    triggers = SubElement(top, f"{{{_SCHEMA}}}Triggers")
    user = {"UserId": f"{os.environ.get('USERDOMAIN', '')}\\{os.environ.get('USERNAME', '')}"}
    _add(triggers, "LogonTrigger", {"Enabled": "true", **user})
    settings = _add(
        top,
        "Settings",
        {
            "DisallowStartIfOnBatteries": "false",
            "StopIfGoingOnBatteries": "false",
            "MultipleInstancesPolicy": "IgnoreNew",
            "ExecutionTimeLimit": "PT0S",
        },
    )
    _add(settings, "RestartOnFailure", {"Interval": "PT1M", "Count": "5"})
    principals = SubElement(top, f"{{{_SCHEMA}}}Principals")
    rights = {"LogonType": "InteractiveToken", "RunLevel": "LeastPrivilege"}
    _add(principals, "Principal", {**user, **rights}).set("id", "Author")
    actions = SubElement(top, f"{{{_SCHEMA}}}Actions", Context="Author")
    program, *words = command
    arguments = subprocess.list2cmdline([*words, "run", "--replace", os.fsdecode(root)])
    _add(actions, "Exec", {"Command": program, "Arguments": arguments})
    return cast(bytes, tostring(top, encoding="utf-16", xml_declaration=True))


def read_tasks(printed: str) -> list[Service]:
    """Return our tasks in what `schtasks /Query /XML ONE` prints."""
    found = []
    for top in fromstring(printed.encode("utf-16")):  # noqa: S314 - the system's own tool wrote it
        text = top.findtext(f".//{{{_SCHEMA}}}Description") or ""
        if text.startswith("fsmond: "):
            root = os.fsencode(text.removeprefix("fsmond: "))
            found.append(Service(root, _name(root), "installed"))
    return found


def _add(parent: Element, name: str, fields: dict[str, str]) -> Element:
    element = SubElement(parent, f"{{{_SCHEMA}}}{name}")
    for field, text in fields.items():
        SubElement(element, f"{{{_SCHEMA}}}{field}").text = text
    return element


def _name(root: bytes) -> str:
    return f"\\{_FOLDER}\\{sha256(os.path.normcase(root)).hexdigest()[:16]}"


def _schtasks(*arguments: str) -> str:
    return call(["schtasks", *arguments], advice=_ADVICE)
