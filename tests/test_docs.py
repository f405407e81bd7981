"""The documents: each example is run as it stands there, each link leads somewhere.

A page is one session of a shell.  It begins in a scratch home directory, which holds the
repository `project`.  What is fenced as

- `console` is run.  A line that begins with `$ ` is a command, and goes on in lines that begin with
  `> `; all other lines are what it prints.  There `...` stands for anything within a line, or, as a
  line of its own, for any lines; a token stands for any token, and `/home/you` for that directory.
- `python` is a file, if its first line is `# NAME.py`: it is written where the session is by then.
  All others on a page are one program, which is run in the repository when the session is over.

A block that cannot be run here has a comment before it, `<!-- not run: REASON -->`, and stands in
NOT_RUN.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT
from support.running import git, until

from fsmond.cli.main import _parser

OTHERS = ("architecture.md", "benchmarks.md", "profile.md")  # for maintainers, or generated
PAGES = [
    ROOT / "README.md",
    *sorted(each for each in (ROOT / "docs").rglob("*.md") if each.name not in OTHERS),
]
NOT_RUN = {
    "README.md: they build an environment",
    "README.md: it ends by Ctrl-C",
    "docs/getting-started.md: it installs a package",
    "docs/howto/agents.md: it installs a package",
    "docs/howto/watchman.md: it changes the shell",
    "docs/howto/watchman.md: it installs a package",
    "docs/howto/at-login.md: needs a manager of services",
    "docs/howto/git.md: it replaces a part of Git's installation",
    "docs/howto/git.md: needs Git's own daemon",
    "docs/howto/troubleshooting.md: needs root",
    "docs/reference/commands.md: it ends by Ctrl-C",
}
WIDTH = 100  # columns
LONG = 60.0  # seconds
SHELLS = ("sh", "bash", "shell", "powershell", "bat")
TOKEN = r"fsmond:[0-9a-f]{16}:\d+"
MARK = "=== the end of a command ==="
BLOCK = re.compile(r"^(?:<!-- not run: (.*?) -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="shows what Linux and bash print")
every_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix()
)


class Step(NamedTuple):
    """A command of a page, and what it is to print."""

    line: int
    command: str
    expected: list[str]


class Block(NamedTuple):
    """A fenced block, and the line where it begins."""

    line: int
    language: str
    text: str
    why_not: str | None


def blocks_of(text: str) -> list[Block]:
    """Return what is fenced."""
    found = []
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start(3)) + 1
        found.append(Block(line, match[2], match[3], match[1]))
    return found


def steps_of(blocks: list[Block]) -> Iterator[Step]:
    """Yield the commands of a session, in their order."""
    for block in blocks:
        if block.why_not is None and block.language == "console":
            yield from _typed(block)
        elif name := _file_name(block):
            end = "THE-END-OF-THE-FILE"
            yield Step(block.line, f"cat > {name} <<'{end}'\n{block.text}{end}", [])


def _typed(block: Block) -> Iterator[Step]:
    step = None
    for line, text in enumerate(block.text.splitlines(), block.line):
        if text.startswith("$ "):
            if step:
                yield step
            step = Step(line, text[2:], [])
            continue
        assert step, f"line {line}: an output without a command"
        if text.startswith("> ") and not step.expected:
            step = step._replace(command=f"{step.command}\n{text[2:]}")
        else:
            step.expected.append(text)
    if step:
        yield step


def _file_name(block: Block) -> str | None:
    match = re.match(r"# (\w+\.py)\n", block.text)
    return match[1] if match and block.language == "python" and block.why_not is None else None


class Session:
    """A home directory with a repository, in which pages are tried."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.project = home / "project"
        for name in ("src", "doc"):
            (self.project / name).mkdir(parents=True)
        (self.project / "src" / "main.c").write_text("int main(void) { return 0; }\n")
        (self.project / "doc" / "index.md").write_text("# The project\n")
        for command in ("init --quiet", "add --all", "commit --quiet --message first"):
            git(self.project, *command.split())
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        path = os.pathsep.join((str(Path(sys.executable).parent), kept["PATH"]))
        self.environment = {**kept, "HOME": str(home), "PATH": path, "COLUMNS": "80"}

    def differences(self, text: str) -> list[str]:
        """Run all that a page shows; return what is otherwise than the page says."""
        blocks = blocks_of(text)
        steps = list(steps_of(blocks))
        printed = self._run_shell(steps)
        found = [
            f"line {step.line}: $ {step.command}\nexpected:\n"
            + "\n".join(step.expected)
            + f"\nprinted:\n{output}"
            for step, output in zip(steps, printed, strict=True)
            if not self._is_as_expected(step.expected, output)
        ]
        return found + self._run_python(blocks)

    def end_processes(self) -> None:
        """End whatever was started, and is still there."""
        for pid in self._processes():
            os.kill(pid, signal.SIGTERM)
        until(lambda: not self._processes())

    def _run_shell(self, steps: list[Step]) -> list[str]:
        # An exit status is left as the command left it, for `echo $?`.
        after = f"status=$?; printf '\\n{MARK}\\n'; (exit $status)"
        script = "".join(f"{step.command}\n{after}\n" for step in steps)
        (self.home / ".script").write_text(script.replace("/home/you", str(self.home)))
        # A file, as a pipe would be waited for until the last daemon has closed it.
        with (self.home / ".printed").open("w+b") as printed:
            subprocess.run(
                ["bash", self.home / ".script"],
                cwd=self.home,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                timeout=LONG,
                check=False,
            )
        outputs = (self.home / ".printed").read_text(errors="replace").split(f"\n{MARK}\n")
        return outputs[: len(steps)] + ["(it did not get there)"] * (len(steps) - len(outputs))

    def _is_as_expected(self, expected: list[str], output: str) -> bool:
        pattern = ""
        for line in expected:
            if line == "...":
                pattern += r"(?:.*\n)*?"
                continue
            text = re.escape(line.replace("/home/you", str(self.home)))
            text = re.sub(r"fsmond:[0-9a-f]{16}:\d+", lambda _: TOKEN, text)
            pattern += text.replace(re.escape("..."), ".*") + "\n"
        lines = [line.rstrip() for line in output.splitlines() if not _is_of_a_checkout(line)]
        return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None

    def _run_python(self, blocks: list[Block]) -> list[str]:
        program = ""
        for block in blocks:
            if block.language == "python" and block.why_not is None and not _file_name(block):
                program += "\n" * (block.line - 1 - program.count("\n")) + block.text
        if not program:
            return []
        done = subprocess.run(
            [sys.executable, "-c", program.replace("/home/you", str(self.home))],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )
        return [done.stderr] if done.returncode else []

    def _processes(self) -> list[int]:
        home = f"HOME={self.home}".encode()
        title = f"fsmond run --detached {self.home}".encode()  # takes the place of both
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (
                    home in (entry / "environ").read_bytes().split(b"\0")
                    or (entry / "cmdline").read_bytes().startswith(title)
                ):
                    found.append(int(entry.name))
            except OSError:
                continue  # it has ended, or is another user's
        return found


def _is_of_a_checkout(line: str) -> bool:
    """Return whether it warns that fsmond is in a worktree, as it is where it is developed."""
    return line.startswith("fsmond: ") and "a commit could replace it" in line


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Provide a home directory; no process is left of what was started there."""
    if not shutil.which("fsmond", path=Path(sys.executable).parent):
        pytest.skip("needs fsmond installed")
    made = Session(tmp_path.resolve() / "you")
    yield made
    made.end_processes()


@only_linux
@every_page
def test_examples_print_what_the_page_shows(page: Path, session: Session) -> None:
    """Who follows a page sees what it shows."""
    found = session.differences(page.read_text(encoding="utf-8"))
    if found:
        pytest.fail("\n\n".join(found), pytrace=False)


@only_linux
@pytest.mark.parametrize(
    "example",
    [
        "```console\n$ fsmond status\nfsmond watches /home/you\n```\n",
        "```console\n$ cd project; fsmond query\nfsmond:0123456789abcdef:0\n```\n",
        "```console\n$ printf 'one\\ntwo\\n'\none\n```\n",
        "```console\n$ printf 'one\\n'\none\ntwo\n```\n",
        "```console\n$ echo token\nfsmond:...\n```\n",
        "```console\n$ exit 0\n$ echo after\nafter\n```\n",
        "```python\nraise ValueError\n```\n",
    ],
)
def test_a_wrong_example_is_noticed(example: str, session: Session) -> None:
    """Else the test above would prove nothing."""
    assert session.differences(example)


@only_linux
def test_wildcards_stand_for_what_differs_each_time(session: Session) -> None:
    """Tokens, numbers of processes and times are never the same."""
    assert not session.differences(
        "```console\n$ echo process $$, for 3 s\nprocess ..., for ... s\n"
        "$ printf 'one\\ntwo\\nthree\\n'\none\n...\nthree\n"
        "$ cat <<END\n> fsmond:0123456789abcdef:7\n> END\nfsmond:fedcba9876543210:12\n"
        "$ echo ~\n/home/you\n$ false\n$ echo $?\n1\n```\n"
        "```python\n# said.py\nprint('hello')\n```\n```console\n$ python said.py\nhello\n```\n"
    )


def test_what_is_not_run_is_known() -> None:
    """A marker is for what cannot be run here, and for nothing else."""
    found = {
        f"{page.relative_to(ROOT).as_posix()}: {block.why_not}"
        for page in PAGES
        for block in blocks_of(page.read_text(encoding="utf-8"))
        if block.why_not is not None
    }

    assert found == NOT_RUN


@every_page
def test_no_command_hides_in_another_kind_of_block(page: Path) -> None:
    """What is a command is run, or has a marker."""
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.why_not is None and block.language != "console":
            assert block.language, f"line {block.line}: say what it is"
            assert block.language not in SHELLS, f"line {block.line}: use console"
            assert not re.search(r"^\$ ", block.text, re.MULTILINE), f"line {block.line}"


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    """Pages are moved now and then."""
    text = re.sub(BLOCK, "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), target
        assert not anchor or anchor in _anchors_in(other), target


def _anchors_in(page: Path) -> list[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_lines_are_wrapped(page: Path) -> None:
    """So that a diff shows what changed; a row of a table cannot be."""
    text = re.sub(BLOCK, "", page.read_text(encoding="utf-8"))
    long = [line for line in text.splitlines() if len(line) > WIDTH and line[:1] != "|"]

    assert long == []


def test_the_index_lists_every_page() -> None:
    """Who looks for something begins there."""
    folder = ROOT / "docs"
    text = (folder / "README.md").read_text(encoding="utf-8")
    pages = {each.relative_to(folder).as_posix() for each in folder.rglob("*.md")} - {"README.md"}

    assert pages <= set(re.findall(r"\]\(([^)]+)\)", text))


def test_every_command_and_option_is_described() -> None:
    """A reference is whole."""
    text = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    (commands,) = (each for each in _parser()._actions if each.choices)
    assert isinstance(commands.choices, dict)
    for name, command in commands.choices.items():
        _, found, section = text.partition(f"\n## `fsmond {name}")
        assert found, name
        section = section.partition("\n## ")[0]
        for option in (each for action in command._actions for each in action.option_strings):
            assert option in ("-h", "--help") or f"`{option}" in section, f"{name} {option}"


def test_every_variable_of_the_environment_is_described() -> None:
    """They are part of what people rely on."""
    text = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    source = "".join(each.read_text(encoding="utf-8") for each in (ROOT / "fsmond").rglob("*.py"))

    assert [name for name in re.findall(r'"(FSMOND_[A-Z_]+)"', source) if name not in text] == []


def test_messages_are_quoted_as_they_are_printed() -> None:
    """Who looks up a message searches for its words."""
    text = (ROOT / "docs" / "howto" / "troubleshooting.md").read_text(encoding="utf-8")
    table = text.partition("| The message contains |")[2].partition("\n\n")[0]
    quoted = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    source = "".join(each.read_text(encoding="utf-8") for each in (ROOT / "fsmond").rglob("*.py"))
    source = re.sub(r'"\s*\n\s*f?"', "", source)

    assert quoted
    assert [each for each in quoted if each not in source] == []
