"""Changes to files, and what every watcher must report."""

from support.trees.script import Script, Turn

MANY = 20_000

OF_FILES = [
    Script("nothing", "Not even what the watcher itself did at the start.", [Turn([], set())]),
    Script(
        "new file",
        "By its path, relative to the root.",
        [Turn([("write", "dir/new")], {"dir/new"})],
    ),
    Script(
        "written file",
        "The most frequent change.",
        [Turn([("write", "top", "changed")], {"top"})],
    ),
    Script("truncated file", "No data is written.", [Turn([("truncate", "top")], {"top"})]),
    Script("touched file", "Only a time changes.", [Turn([("touch", "top")], {"top"})]),
    Script(
        "mode",
        "Git records whether a file can be executed.",
        [Turn([("executable", "top")], {"top"})],
        ("modes",),
    ),
    Script(
        "read-only",
        "The one bit of a mode that all systems have.",
        [Turn([("read-only", "top")], {"top"}), Turn([("writable", "top")], {"top"})],
    ),
    Script(
        "deleted file",
        "It is a change, though the file is gone.",
        [Turn([("remove", "dir/file")], {"dir/file"})],
    ),
    Script(
        "renamed file",
        "One name disappeared, one appeared.",
        [Turn([("rename", "top", "other/moved")], {"top", "other/moved"})],
    ),
    Script(
        "replaced file",
        "As editors save files.",
        [
            Turn(
                [("write", "dir/file~", "new"), ("replace", "dir/file~", "dir/file")],
                {"dir/file"},
                transient={"dir/file~"},
            ),
            Turn([("write", "dir/file", "once more")], {"dir/file"}),
        ],
    ),
    Script(
        "name in another case",
        "If both names lead to the same file, it has another name from now on.",
        [Turn([("rename", "top", "TOP")], {"top", "TOP"}), Turn([("write", "TOP", "x")], {"TOP"})],
        ("ignoring-case",),
    ),
    Script(
        "case of the file system",
        "The reported name has the file system's case, not the program's.",
        [Turn([("write", "DIR/SUB/FILE", "changed")], {"dir/sub/file"})],
        ("ignoring-case-of-names",),
    ),
    Script(
        "directory in another case",
        "It has another name, and so has everything below it.",
        [
            Turn([("rename", "dir", "DIR")], {"dir/", "DIR/", "DIR/sub/", "DIR/file"}, more=True),
            Turn([("write", "DIR/sub/file", "x")], {"DIR/sub/file"}),
        ],
        ("ignoring-case", "below-renamed"),
    ),
    Script(
        "symbolic link",
        "The link itself is reported, not its target.",
        [
            Turn(
                [("symlink", "dir", "link"), ("write", "dir/sub/file", "by the real path")],
                {"link", "dir/sub/file"},
            )
        ],
        ("symbolic-links",),
    ),
    Script(
        "hard link",
        "A change is reported under all names of a file.",
        [
            Turn([("hard-link", "top", "dir/also")], {"top", "dir/also"}, more=True),
            Turn([("write", "dir/also", "changed")], {"top", "dir/also"}),
            Turn([("write", "top", "changed again")], {"top", "dir/also"}),
        ],
        ("hard-links",),
    ),
    Script(
        "names that are bytes",
        "A name may contain a newline, and need not be UTF-8.",
        [Turn([("write", "new\nline \udcff\udcfe")], {"new\nline \udcff\udcfe"})],
        ("any-bytes",),
    ),
    Script(
        "names beyond ASCII",
        "As the file system has them.",
        [Turn([("mkdir", "été"), ("write", "été/日本 語😀")], {"été/", "été/日本 語😀"})],
    ),
    Script("reading", "A search is no change.", [Turn([("read-all",)], set())]),
    Script(
        "memory map",
        "The write has no event, only the removal of the last mapping has one.",
        [Turn([("map", "top")], {"top"})],
        ("memory-maps",),
    ),
]

FLOOD = Script(
    "a hundred thousand events",
    "They are handled faster than a program causes them.",
    [Turn([("churn", "other", "500", str(MANY))], {f"other/{number}" for number in range(500)})],
    ("history", "speed"),
)
