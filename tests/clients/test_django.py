"""Django's development server, which starts again when its code changes."""

import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from support.clients.consoles import PYWATCHMAN
from support.clients.driving import SOON, Command, Environment, Program
from support.clients.installing import Clients
from support.clients.serving import watched_roots

pytestmark = pytest.mark.slow

VERSION = "Django==5.2.19"
SETTINGS = """
from pathlib import Path
SECRET_KEY = "secret"
DEBUG = True
ROOT_URLCONF = "urls"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [Path(__file__).parent / "templates"],
}]
LOGGING = {
    "version": 1,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django.utils.autoreload": {"handlers": ["console"], "level": "DEBUG"}},
}
"""
URLS = """
from django.shortcuts import render
from django.urls import path
from words import WORDS
urlpatterns = [path("", lambda request: render(request, "page.html", {"words": WORDS}))]
"""
MANAGE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


@pytest.fixture
def project(tree: Path) -> Path:
    """Provide a project with one page, of words in a module and of a template."""
    (tree / "templates").mkdir()
    (tree / "templates" / "page.html").write_text("first template: {{ words }}")
    for name, content in (("settings", SETTINGS), ("urls", URLS), ("manage", MANAGE)):
        (tree / f"{name}.py").write_text(content)
    (tree / "words.py").write_text("WORDS = 'first words'")
    return tree


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Site:
    """A site that is served from a project."""

    def __init__(self, server: Program, port: int) -> None:
        self.server = server
        self._address = f"http://127.0.0.1:{port}/"

    def page(self) -> str:
        """Return the page; nothing while the server starts."""
        with suppress(URLError, ConnectionError), urlopen(self._address, timeout=5) as page:
            return str(page.read().decode())
        return ""

    def expect(self, text: str, path: Path, content: str) -> None:
        """Write a file until the page has a text: the server may not have subscribed yet."""
        deadline = time.monotonic() + SOON
        while text not in self.page():
            assert time.monotonic() < deadline, self.server.output
            if path.read_text() != content or time.time() - path.stat().st_mtime > 1:
                path.write_text(content)
            time.sleep(0.1)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Provide a copy of Python's own library, which Django watches as well.

    The original may be in somebody's repository, and that would be watched as a whole.
    """
    library = Path(os.__file__).parent
    home = tmp_path / "python"
    without = shutil.ignore_patterns("*-packages", "__pycache__", "test", "idlelib", "ensurepip")
    shutil.copytree(library, home / sys.platlibdir / library.name, ignore=without)
    return home


@pytest.fixture
def site(clients: Clients, watchman: Environment, project: Path, library: Path) -> Iterator[Site]:
    """Provide the site of the project."""
    python = clients.python(VERSION, PYWATCHMAN) / "python"
    port = free_port()
    env = {**watchman, "PYTHONHOME": str(library), "PYTHONUNBUFFERED": "1"}
    command: Command = [python, "manage.py", "runserver", "--skip-checks", str(port)]
    with Program(command, cwd=project, env=env) as server:
        server.expect("Watching for file changes with WatchmanReloader")
        yield Site(server, port)
    assert str(project) in watched_roots(watchman)
    assert len(watched_roots(watchman)) > 1


def test_a_changed_module_is_loaded_again(site: Site, project: Path) -> None:
    """Django subscribes to each directory that it loaded a module from."""
    site.expect("first words", project / "words.py", "WORDS = 'first words'")
    site.expect("second words", project / "words.py", "WORDS = 'second words'")

    assert "words.py changed, reloading" in site.server.output


def test_a_changed_template_is_loaded_again(site: Site, project: Path) -> None:
    """The server need not start again for that, it only forgets the template that it holds."""
    page = project / "templates" / "page.html"
    site.expect("first template", page, page.read_text())

    site.expect("second template", page, "second template: {{ words }}")
