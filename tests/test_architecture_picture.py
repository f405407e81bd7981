"""The picture of the architecture: it is what the code gives, and shows what changes."""

import ast
import re
from pathlib import Path

import draw_architecture as architecture
import pytest

CODE = architecture.modules_of(architecture.ROOT)


def drawn_with(**sources: str) -> str:
    """Return the picture of the code with some modules replaced; `__` stands for a dot."""
    return architecture.drawn(
        CODE | {name.replace("__", "."): ast.parse(text) for name, text in sources.items()}
    )


def test_the_page_has_the_picture_that_the_code_gives() -> None:
    """A picture that is not drawn again is soon wrong.  The cure: make architecture."""
    assert architecture.main(["--check"]) == 0


def test_a_new_import_is_a_new_arrow() -> None:
    """One that was not intended is then seen in a review."""
    arrow = "    journal --> ipc\n"
    assert arrow not in drawn_with()

    assert arrow in drawn_with(fsmond__journal__token="import ipc.pktline")


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    from ipc import pktline",
        "if TYPE_CHECKING:\n    import ipc.pktline",
        "class C:\n    def f(self):\n        if x:\n            import ipc",
    ],
)
def test_an_import_that_is_deferred_is_told_apart(source: str) -> None:
    """What a query does not load costs it nothing."""
    drawn = drawn_with(fsmond__journal__token=source)

    assert "    journal -.-> ipc\n" in drawn
    assert "    journal --> ipc\n" not in drawn


def test_a_module_that_has_no_room_is_named() -> None:
    """A picture without it would look complete."""
    with pytest.raises(architecture.ArchitectureError, match=r"fsmond\.cellar .* LAYERS"):
        drawn_with(fsmond__cellar="import ipc")


def test_the_words_of_a_room_are_those_of_its_docstring() -> None:
    """Nobody has to keep two descriptions in step."""
    name = "fsmond.journal.__init__"

    drawn = architecture.drawn(CODE | {name: ast.parse('"""A | that\nis wrapped.\n\nMore."""')})

    assert "| `fsmond/journal/` | A \\| that is wrapped. | 4 |\n" in drawn


def test_a_page_that_is_stale_fails_the_check_and_is_mended_by_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text around the picture stays as it is."""
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n{architecture.BEGIN}drawn long ago\n{architecture.END}Behind.\n")

    assert architecture.main(["--check"], page=page) == 1
    assert architecture.CURE in capsys.readouterr().err
    assert architecture.main([], page=page) == 0
    assert architecture.main(["--check"], page=page) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before.\n")
    assert text.endswith("Behind.\n")
    assert "drawn long ago" not in text


def test_a_page_without_a_place_for_the_picture_is_an_error() -> None:
    """Nothing is written where nobody looks for it."""
    with pytest.raises(architecture.ArchitectureError, match="once each"):
        architecture.with_picture("no markers\n", "picture\n")


PAGES = ["docs/architecture.md", "CONTRIBUTING.md", "SECURITY.md"]
# Paths stand as they are from the top, or from the package.
PLACES = [architecture.ROOT, architecture.ROOT / "fsmond"]
ENDINGS = (".py", ".md", ".toml", ".json", ".yml", ".yaml", "/")
MADE = ("build/", "dist/", ".git/", ".venv/")  # by a command


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    """A file that was renamed leaves its old name behind in the words about it."""
    text = (architecture.ROOT / page).read_text(encoding="utf-8")
    written = text.partition(architecture.BEGIN)[0] + text.partition(architecture.END)[2]
    named = {
        name
        for name in re.findall(r"`([\w.]+/[\w./]*)`", written)
        if name.endswith(ENDINGS) and not name.startswith(MADE)
    }

    missing = [name for name in named if not any((place / name).exists() for place in PLACES)]

    assert missing == []
