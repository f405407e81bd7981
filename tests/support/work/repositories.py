"""Make repositories of each kind, with branches that differ in most of their files."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from support.running import git

HOME = "work"  # the usual branch
AREAS = ("src", "lib", "doc")
FAR = "far"  # one more, outside of a sparse checkout
_TOGETHER = 10  # files in a directory


class Repository(NamedTuple):
    """A worktree to work in, and its superproject, whose status shows it as well."""

    root: Path
    above: Path | None
    """The superproject, if it is a submodule."""
    program: str
    """The git that works there."""

    def git(self, *arguments: str) -> str:
        """Run git in the worktree; it must succeed."""
        return git(self.root, *arguments, program=self.program)

    @property
    def trees(self) -> list[Path]:
        """The worktrees whose status shows changes in this one."""
        return [self.root] if self.above is None else [self.root, self.above]


Run = Callable[..., str]


def make(kind: str, folder: Path, program: str, files: int) -> Repository:
    """Make a repository of a kind in an empty folder."""
    maker = KINDS[kind]
    root, above = maker(folder, partial(git, program=program), files)
    return Repository(root, above, program)


def _plain(folder: Path, run: Run, files: int) -> tuple[Path, None]:
    root = folder / "plain"
    root.mkdir()
    run(root, "init", "--quiet")
    _commit_branches(root, run, files)
    return root, None


def _linked(folder: Path, run: Run, files: int) -> tuple[Path, None]:
    main, _ = _plain(folder, run, files)
    run(main, "checkout", "--quiet", "main")
    run(main, "worktree", "add", "--quiet", "../linked", HOME)
    return folder / "linked", None


def _submodule(folder: Path, run: Run, files: int) -> tuple[Path, Path]:
    origin, _ = _plain(folder, run, files)
    above = folder / "above"
    above.mkdir()
    run(above, "init", "--quiet")
    for name in ("a", "b/c/d"):
        write(above / name, name)
    run(above, "submodule", "--quiet", "add", str(origin), "vendor/below")
    _commit(above, run, "first")
    root = above / "vendor" / "below"
    run(root, "branch", "other", "origin/other")
    return root, above


def _sparse(folder: Path, run: Run, files: int) -> tuple[Path, None]:
    root, _ = _plain(folder, run, files)
    run(root, "sparse-checkout", "set", "--cone", "--sparse-index", *AREAS)
    assert run(root, "config", "index.sparse") == "true\n"
    return root, None


def _split(folder: Path, run: Run, files: int) -> tuple[Path, None]:
    root, _ = _plain(folder, run, files)
    run(root, "config", "core.splitIndex", "true")
    run(root, "update-index", "--split-index")
    assert [*(root / ".git").glob("sharedindex.*")]
    return root, None


def _separate(folder: Path, run: Run, files: int) -> tuple[Path, None]:
    root = folder / "separate"
    root.mkdir()
    run(root, "init", "--quiet", f"--separate-git-dir={folder / 'elsewhere'}")
    _commit_branches(root, run, files)
    return root, None


KINDS: dict[str, Callable[[Path, Run, int], tuple[Path, Path | None]]] = {
    "plain": _plain,
    "linked": _linked,
    "submodule": _submodule,
    "sparse": _sparse,
    "split": _split,
    "separate": _separate,
}


def _commit_branches(root: Path, run: Run, files: int) -> None:
    """Make `main`, `other`, of which hardly a file is the same, and `HOME`."""
    write(root / ".gitignore", "*.o\nbuild/\n")
    for number in range(files):
        write(root / _place(number), f"{number}\n" * 3)
    _commit(root, run, "first")
    run(root, "checkout", "--quiet", "-b", "other")
    _rewrite(root, files)
    _commit(root, run, "other")
    run(root, "checkout", "--quiet", "-b", HOME, "main")
    write(root / "README", "second")
    _commit(root, run, "second")


def _place(number: int) -> str:
    """Return where a file is: directories with subdirectories in each area."""
    group, of = divmod(number // _TOGETHER, len(AREAS) + 1)
    place = [[*AREAS, FAR][of], str(group // 3), *["deep", "deeper"][: group % 3]]
    return "/".join([*place, f"{number}.txt"])


def _rewrite(root: Path, files: int) -> None:
    for number in range(files):
        if number % 8:
            write(root / _place(number), f"other {number}\n" * 3)
        else:
            (root / _place(number)).unlink()
    for number in range(files // 10):
        write(root / f"{AREAS[number % 3]}/of-other/{number}.txt", "new")
    shutil.move(root / AREAS[1] / "0", root / AREAS[1] / "moved")


def _commit(root: Path, run: Run, message: str) -> None:
    run(root, "add", "--all")
    run(root, "commit", "--quiet", "--message", message)


def write(path: Path, text: str) -> None:
    """Write a file; make the directories that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
