"""Pieces of work with git's commands; each pauses for comparisons."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from support.work.person import Person, Piece
from support.work.repositories import HOME


def tidy_up(person: Person) -> Iterator[None]:
    """Abort a merge or rebase, and return to the usual branch."""
    person.git("merge", "--abort", may_fail=True)
    person.git("rebase", "--quit", may_fail=True)
    person.git("checkout", "--quiet", "--force", HOME)
    yield
    person.git("clean", "--quiet", "-dffx")
    yield


def switch_branches(person: Person) -> Iterator[None]:
    """Change most of the files; untracked files stay."""
    person.write("src/untracked/1")
    person.git("checkout", "--quiet", "other")
    yield
    person.append(person.file("src/of-other"))
    person.write("lib/moved/untracked")
    yield
    person.git("checkout", "--quiet", "--force", HOME)
    yield


def put_work_aside(person: Person) -> Iterator[None]:
    """Stash the work, do something else, and continue."""
    person.append(person.file("src"))
    person.write("src/aside/untracked")
    person.git("stash", "push", "--quiet", "--include-untracked")
    yield
    person.append(person.file("lib"))
    person.git("commit", "--quiet", "--all", "--message", "meanwhile")
    person.git("stash", "pop", "--quiet")
    yield


def merge(person: Person) -> Iterator[None]:
    """Get a conflict, and abort; get it again, and resolve it."""
    path, theirs = person.file("src"), person.new_name()
    person.git("checkout", "--quiet", "-b", theirs)
    person.write(f"doc/{theirs}/1")
    _commit_edit(person, path)
    person.go_home()
    _commit_edit(person, path)
    person.git("merge", "--quiet", theirs, may_fail=True)
    yield
    person.git("merge", "--abort")
    yield
    person.git("merge", "--quiet", theirs, may_fail=True)
    person.save(path)
    yield
    person.git("add", str(path))
    yield
    person.git("commit", "--quiet", "--no-edit")
    yield


def rebase(person: Person) -> Iterator[None]:
    """Rebase some commits, stop at a conflict, and continue."""
    topic, path = person.new_name(), person.file("src")
    person.git("checkout", "--quiet", "-b", topic)
    person.write(f"src/{topic}/1.txt")
    person.commit()
    _commit_edit(person, path)
    person.go_home()
    _commit_edit(person, path)
    person.git("rebase", "--quiet", HOME, topic, may_fail=True)
    yield
    person.save(path)
    person.git("add", "--update")
    yield
    # Whatever else was committed may conflict as well; then the rebase is given up.
    person.git("rebase", "--continue", may_fail=True)
    person.git("rebase", "--abort", may_fail=True)
    person.git("checkout", "--quiet", "-B", HOME)
    yield


def _commit_edit(person: Person, path: Path) -> None:
    person.append(path)
    person.git("commit", "--quiet", "--all", "--message", person.new_name())


def move_with_git(person: Person) -> Iterator[None]:
    """Move a directory and a file, edit the moved files, and undo it."""
    old, new = person.folder("src"), person.root / "src" / person.new_name()
    person.git("mv", str(old), str(new))
    person.git("mv", str(person.file("doc")), f"lib/{person.new_name()}")
    yield
    person.append(person.file(new))
    person.write(new / "deep" / person.new_name())
    yield
    person.commit()
    person.save(person.file(new))
    person.file(new).unlink()
    yield
    person.git("reset", "--quiet", "--hard", "HEAD~1")
    yield


def think_again(person: Person) -> Iterator[None]:
    """Undo: in the worktree, in the index, and in history."""
    path = person.file("src")
    person.append(path)
    person.git("add", "--update")
    person.file("lib").unlink()
    yield
    person.git("checkout", "--quiet", "--", "lib", str(path))
    yield
    person.git("commit", "--quiet", "--all", "--message", "to be reverted")
    person.git("revert", "--no-edit", "HEAD")
    person.git("reset", "--quiet", "HEAD~1")
    yield
    person.git("checkout", "--quiet", "HEAD~1", "--", "src", "doc")
    yield


def stop_tracking(person: Person) -> Iterator[None]:
    """Remove files from the index, and keep them in the worktree."""
    folder = person.folder("src")
    person.git("rm", "-r", "--force", "--quiet", "--cached", str(folder))
    yield
    person.write(folder / "untracked")
    person.git("commit", "--quiet", "--message", "no longer tracked")
    yield
    person.git("reset", "--quiet", "--hard", "HEAD~1")
    yield


def create_then_delete(person: Person) -> Iterator[None]:
    """Delete files that git just wrote: git takes them for unchanged since its last query."""
    root, patch = person.root, person.outside / person.new_name()
    for place in ("src", "lib/fresh", "."):
        new = person.write(f"{place}/{person.new_name()}.txt")
        person.git("add", str(new))
        person.git("commit", "--quiet", "--message", "to be a patch")
        person.git("format-patch", "--quiet", "-1", f"--output={patch}")
        person.git("reset", "--quiet", "--hard", "HEAD~1")
        yield
        person.git("am", "--quiet", str(patch))
        new.unlink()
        yield
        person.git("reset", "--quiet", "--hard", "HEAD~1")
        person.git("apply", "--index", str(patch))
        new.unlink()
        yield
        person.git("reset", "--quiet", "--hard")
    for old in (person.file("src"), person.folder("doc"), person.folder("src")):
        new = old.with_name(person.new_name())
        person.git("mv", str(old), str(new))
        shutil.rmtree(new) if new.is_dir() else new.unlink()
        yield
        person.git("reset", "--quiet", "--hard")
        yield
    path = person.file("lib")
    person.append(path)
    person.git("stash", "push", "--quiet")
    person.git("stash", "pop", "--quiet")
    person.git("checkout", "--quiet", "--", str(path))
    yield
    person.git("rm", "--quiet", "--cached", str(path))
    path.unlink()
    yield
    person.git("reset", "--quiet", "--hard")
    person.git("checkout", "--quiet", "other")
    shutil.rmtree(root / "src" / "of-other", ignore_errors=True)
    yield
    person.git("checkout", "--quiet", "--force", HOME)
    yield


PIECES: tuple[Piece, ...] = (
    tidy_up,
    switch_branches,
    put_work_aside,
    merge,
    rebase,
    move_with_git,
    think_again,
    stop_tracking,
    create_then_delete,
)
