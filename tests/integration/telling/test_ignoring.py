"""What is ignored, compared with Git, over random rules and names."""

import os
import random
import subprocess
from pathlib import Path

import pytest
from support.running import git
from support.systems import IS_WINDOWS

from fsmond.filters.ignore_rules import IgnoreRules
from fsmond.git.ignore_sources import IgnoreSources
from fsmond.git.tracked import Tracked

# The first ones are tried each time.
SEEDS = [pytest.param(n, marks=[pytest.mark.slow] if n > 2 else []) for n in range(12)]
# Separated by `|`.
NAMES = (
    "a|b|foo|bar.o|keep.o|x.c|build|src|A|d.d|.hid|foo.txt|we[ird|#h|!b|a\\b|umläut| lead|trail |"
    "new\nline|*|tab\t|a\n|\n|à|a\x1f|v\x0b|[|a:|]"
)
PARTS = (
    "a|b|foo|*.o|*.c|build|src|*|?|f*|[a-c]|[!a]|**|keep.o|bar.*|[[:alpha:]]|\\*|\\#h|\\!b|d.d|.*|"
    "fo[o]|[|[a|\\a|a\\\\b|*[|[]-]|[a-]|*o*|A| lead|trail\\ |"
    "***|?*?|*a*o*|à|a\x1f|tab\t|[[:space:]]|[![:alnum:]]|[[:]|[[:a]|[[:none:]]|[A-C]|[z-a]|[a/b]|"
    "[\\]]|[[:upper:]b]|\\/a"
)
ODD = (
    "|#c|  |/|!|\\|**|**/|/**|*/|!*/|!**/|/*|a/**/b|**/foo|foo/**|//|a//b|!/|!!b|"
    "!#h|t |a\r|b\t|a\0b|a/**\\/b"
)


def one_of(choices: str, chance: random.Random) -> str:
    """Return one of the choices."""
    return chance.choice(choices.split("|"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a home directory of our own, for the user's rules."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "you")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "you@example.com")
    return tmp_path


def a_line(chance: random.Random) -> str:
    """Return a line of a gitignore file, as odd as may be."""
    if chance.random() < 0.1:
        return one_of(ODD, chance)
    text = "/".join(one_of(PARTS, chance) for _ in range(chance.choice([1, 1, 1, 2, 2, 3])))
    text = "/" * (chance.random() < 0.3) + text + "/" * (chance.random() < 0.3)
    return "!" * (chance.random() < 0.3) + text + " " * (chance.random() < 0.05)


def make_tree(root: Path, chance: random.Random, home: Path) -> None:
    """Make a repository with directories, files and rules."""
    git(home, "init", "--quiet", str(root))
    folders = [root]
    for _ in range(50):
        path = chance.choice(folders) / one_of(NAMES, chance)
        if not os.path.lexists(path):
            if chance.random() < 0.25:
                path.mkdir()
                folders.append(path)
            else:
                path.touch()
    files = [chance.choice(folders) / ".gitignore" for _ in range(3)]
    files += [root / ".git" / "info" / "exclude", home / "config" / "git" / "ignore"]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [a_line(chance) for _ in range(chance.randint(0, 5))]
        path.write_bytes("\n".join(lines).encode() + b"\n" * chance.randint(0, 1))


def paths_in(root: Path) -> list[bytes]:
    """Return all paths below the root; those of directories end in `/`."""
    base = os.fsencode(root) + b"/"
    found = []
    for above, folders, files in os.walk(base):
        if b".git" in folders:
            folders.remove(b".git")
        prefix = os.path.join(above, b"")[len(base) :]
        found += [prefix + name + b"/" for name in folders] + [prefix + name for name in files]
    return found


def ignored_by_git(root: Path, paths: list[bytes], *options: str) -> set[bytes]:
    """Return those of the paths that Git ignores."""
    done = subprocess.run(
        ["git", "check-ignore", "-z", "--stdin", *options],
        cwd=root,
        input=b"".join(path.removesuffix(b"/") + b"\0" for path in paths),
        capture_output=True,
        check=False,
    )
    names = set(done.stdout.split(b"\0"))
    return {path for path in paths if path.removesuffix(b"/") in names}


@pytest.mark.skipif(IS_WINDOWS, reason="such names cannot be made there")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_is_ignored_as_by_git(tmp_path: Path, home: Path, seed: int) -> None:
    """Whatever the rules are, and wherever."""
    root, chance = tmp_path / "root", random.Random(seed)
    make_tree(root, chance, home)
    base, gitdir, paths = os.fsencode(root), os.fsencode(root / ".git"), paths_in(root)

    rules = IgnoreRules(base, IgnoreSources(base, gitdir), None)

    assert {path for path in paths if rules.leaves_out(path)} == ignored_by_git(
        root, paths, "--no-index"
    )


@pytest.mark.skipif(IS_WINDOWS, reason="such names cannot be made there")
@pytest.mark.parametrize("seed", SEEDS)
def test_case_is_ignored_as_by_git(tmp_path: Path, home: Path, seed: int) -> None:
    """If the configuration says so, whatever the file system does."""
    root, chance = tmp_path / "root", random.Random(seed)
    make_tree(root, chance, home)
    git(root, "config", "core.ignoreCase", "true")
    base, paths = os.fsencode(root), paths_in(root)
    sources = IgnoreSources(base, os.fsencode(root / ".git"))

    rules = IgnoreRules(base, sources, None, ignore_case=sources.ignore_case)

    assert {path for path in paths if rules.leaves_out(path)} == ignored_by_git(
        root, paths, "--no-index"
    )


def set_in(file: Path, name: str, value: str) -> None:
    """Change a file of the configuration."""
    file.parent.mkdir(parents=True, exist_ok=True)
    git(file.parent, "config", "--file", str(file), name, value)


@pytest.mark.parametrize("value", [None, "", "~/rules", "rules", "sub/rules"])
@pytest.mark.parametrize("where", ["root/.git/config", ".gitconfig", "config/git/config", "more"])
def test_the_users_rules_are_where_git_reads_them(
    home: Path, where: str, value: str | None
) -> None:
    """Whichever file names them, also when that changes."""
    root = home / "root"
    git(home, "init", "--quiet", str(root))
    set_in(home / "config" / "git" / "config", "include.path", str(home / "more"))
    rules = ["config/git/ignore", "rules", "root/rules", "root/sub/rules"]
    for file in rules:
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).write_text(file.replace("/", "-"))
    base = os.fsencode(root)
    sources = IgnoreSources(base, os.fsencode(root / ".git"))
    sources()
    if value is not None:
        set_in(home / where, "core.excludesFile", value)
    paths = [os.fsencode(file.replace("/", "-")) for file in rules]

    left_out = IgnoreRules(base, sources, None).leaves_out

    assert {path for path in paths if left_out(path)} == ignored_by_git(root, paths)


def test_a_linked_worktree_has_the_rules_of_its_repository(home: Path) -> None:
    """And not those that are in its own directory."""
    root, linked = home / "root", home / "linked"
    git(home, "init", "--quiet", str(root))
    git(root, "commit", "--quiet", "--allow-empty", "--message=first")
    git(root, "worktree", "add", "--quiet", str(linked))
    gitdir = os.fsencode(git(linked, "rev-parse", "--absolute-git-dir").strip())

    found = IgnoreSources(os.fsencode(linked), gitdir)()[0]

    said = git(linked, "rev-parse", "--git-path", "info/exclude").strip()
    assert os.path.samefile(os.path.dirname(found), linked / Path(said).parent)


@pytest.mark.skipif(IS_WINDOWS, reason="such names cannot be made there")
@pytest.mark.parametrize("seed", SEEDS)
def test_tracked_files_are_kept_as_by_git(tmp_path: Path, home: Path, seed: int) -> None:
    """What is left out is exactly what `git ls-files` calls other and ignored."""
    root, chance = tmp_path / "root", random.Random(seed)
    make_tree(root, chance, home)
    files = [path for path in paths_in(root) if not path.endswith(b"/")]
    tracked = chance.sample(files, len(files) // 3)
    git(root, "add", "--force", "--", *(f":(literal){os.fsdecode(path)}" for path in tracked))
    base, gitdir = os.fsencode(root), os.fsencode(root / ".git")

    rules = IgnoreRules(base, IgnoreSources(base, gitdir), Tracked(gitdir + b"/index"))

    listed = git(root, "ls-files", "-z", "--others", "--ignored", "--exclude-standard")
    assert {path for path in files if rules.leaves_out(path)} == {
        os.fsencode(name) for name in listed.split("\0")[:-1]
    }
