"""`fsmond service`: daemons that are there from the login on."""

import argparse
import os

from fsmond.cli.output import print_error, write_line
from fsmond.printable import printable
from fsmond.process.spawn import interpreter, program_file
from fsmond.rendezvous import place_of
from fsmond.service.choice import manager_for_platform
from fsmond.service.contract import Manager, ServiceError


def service(options: argparse.Namespace) -> int:
    """Install, uninstall or show services."""
    file = program_file()
    if file is None:
        raise ServiceError("fsmond runs from an archive; install it with pipx")
    manager = manager_for_platform([interpreter(), "-I", "-X", "utf8", file])
    match options.action:
        case "install":
            return _install(manager, options.paths or ["."])
        case "uninstall":
            return _uninstall(manager, options.paths)
    return _status(manager, options.paths)


def _install(manager: Manager, paths: list[str]) -> int:
    for path in paths:
        root = place_of(path).root
        name = manager.install(root)
        write_line(f"fsmond watches {printable(root)} from each login on, and now ({name})")
    return 0


def _uninstall(manager: Manager, paths: list[str]) -> int:
    """Uninstall these, or all; a tree that is gone can be named as well."""
    roots = [each.root for each in manager.services()] if not paths else list(map(_root, paths))
    failed = False
    for root in roots:
        if manager.uninstall(root):
            write_line(f"fsmond no longer watches {printable(root)} from the login on")
        else:
            print_error(f"no service was installed for {printable(root)}")
            failed = True
    return 1 if failed else 0


def _status(manager: Manager, paths: list[str]) -> int:
    wanted = set(map(_root, paths))
    found = [each for each in manager.services() if not wanted or each.root in wanted]
    for each in found:
        write_line(f"{printable(each.root)}\t{each.state}\t{each.name}")
    if not found:
        print_error("no service is installed; to install one: fsmond service install")
    return 0 if found or not wanted else 1


def _root(path: str) -> bytes:
    if not os.path.isdir(path):
        return os.fsencode(os.path.abspath(path))
    return place_of(path).root
