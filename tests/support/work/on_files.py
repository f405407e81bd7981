"""Pieces of work on files, as people and programs do it; each pauses for comparisons."""

import os
import shutil
from collections.abc import Iterator

from support.trees.system_calls import exchange, store_by_map
from support.work.person import Person, Piece


def write_code(person: Person) -> Iterator[None]:
    """Edit in place and by rename, make new files, commit."""
    person.append(person.file("src"))
    person.save(person.file("lib"))
    yield
    person.write("src/fresh/deep/er/1.txt")
    person.write(f"lib/{person.new_name()}")
    person.file("doc").unlink()
    yield
    person.git("add", "--all")
    yield
    person.append(person.write("src/fresh/deep/2.txt"))
    person.git("commit", "--quiet", "--message", "some of it")
    yield
    person.commit()
    yield
    person.append(person.root / "src/fresh/deep/er/1.txt")
    yield


def build_and_clean(person: Person) -> Iterator[None]:
    """Build, into ignored directories and beside the sources; build again; clean."""
    for number in range(20):
        person.write(f"build/{number % 3}/deep/{number}.o")
        person.write(f"lib/{number}.o")
        person.write(f"generated/{number % 2}/{number}.c")
    yield
    shutil.rmtree(person.root / "build")
    shutil.rmtree(person.root / "generated" / "1")
    for number in range(10):
        person.write(f"build/1/{number}.c")
        person.write(f"generated/1/deep/{number}.c")
    yield
    person.git("clean", "--quiet", "-dfx")
    yield


def rename_folder(person: Person) -> Iterator[None]:
    """Rename a directory with subdirectories, and work below it."""
    old, new = person.folder("lib"), person.root / "lib" / person.new_name()
    old.rename(new)
    yield
    person.append(person.file(new / "deep"))
    person.file(new).unlink()
    person.write(new / "deep" / "untracked")
    person.write(new / "deep" / "fresh" / "untracked")
    yield
    person.commit()
    person.append(new / "deep" / "fresh" / "untracked")
    person.write(new / "untracked")
    yield
    new.rename(old)
    person.append(person.file(old))
    yield


def replace_folder(person: Person) -> Iterator[None]:
    """Replace a directory by an empty one, or by one with other files."""
    old, fresh = person.folder("doc"), person.root / person.new_name()
    aside = person.outside / person.new_name()
    leaf = person.write(old / "leaf" / "untracked").parent
    yield
    leaf.rename(person.outside / person.new_name())
    leaf.mkdir()
    person.write(old / "untracked")
    yield
    shutil.copytree(person.folder("src"), fresh)
    old.rename(aside)
    fresh.rename(old)
    yield
    shutil.rmtree(old)
    aside.rename(old)
    person.append(person.file(old))
    yield
    other = person.folder("lib")
    exchange(os.fsencode(old), os.fsencode(other))
    yield
    person.write(old / "deep" / "after")
    person.append(person.file(other))
    yield


def change_kinds(person: Person) -> Iterator[None]:
    """Replace files by directories and links, and the other way round."""
    file, folder, linked = person.file("src"), person.folder("lib"), person.folder("doc")
    file.unlink()
    person.write(file / "inside")
    person.write(file / "deep" / "inside")
    shutil.rmtree(folder)
    person.write(folder)
    yield
    real = person.root / "lib" / person.new_name()
    linked.rename(real)
    linked.symlink_to(f"../lib/{real.name}")
    yield
    person.append(person.file(real))
    person.write(real / "untracked")
    yield
    linked.unlink()
    linked.mkdir()
    shutil.rmtree(file)
    file.symlink_to("nowhere")
    yield


def ignore(person: Person) -> Iterator[None]:
    """Make git ignore files, by each kind of rule, and stop that."""
    person.write("src/notes/mine.log")
    person.write("src/yours.log")
    person.write("lib/fresh/yours.log")
    with (person.root / ".gitignore").open("a") as file:
        file.write("*.log\n")
    yield
    (person.root / "src" / ".gitignore").write_text("!yours.log\n")
    yield
    person.git("checkout", "--quiet", "--", ".gitignore")
    yield
    exclude = person.root / person.repository.git("rev-parse", "--git-path", "info/exclude")[:-1]
    before = exclude.read_text()
    exclude.write_text("src/notes/\n")
    yield
    exclude.write_text(before)
    (person.root / "src" / ".gitignore").unlink()
    yield


def clone_inside(person: Person) -> Iterator[None]:
    """Make a nested repository, and remove it."""
    inside = person.root / "src" / person.new_name()
    person.write(inside / "deep" / "file")
    yield
    person.git("init", "--quiet", str(inside))
    yield
    shutil.rmtree(inside / ".git")
    yield


def act_unusually(person: Person) -> Iterator[None]:
    """Do unusual things that some programs do."""
    named, moved = person.file("lib"), person.folder("doc")
    aside = person.outside / person.new_name()
    store_by_map(os.fsencode(person.file("src")))
    os.utime(person.file("src"))
    person.file("src").chmod(0o755)
    other = person.root / "lib" / person.new_name()
    os.link(named, other)
    yield
    person.append(other)
    moved.rename(aside)
    yield
    person.write(aside / "deep" / "while-outside")
    aside.rename(moved)
    yield
    person.write(moved / "deep" / "back-again")
    yield


PIECES: tuple[Piece, ...] = (
    write_code,
    build_and_clean,
    rename_folder,
    replace_folder,
    change_kinds,
    ignore,
    clone_inside,
    act_unusually,
)
