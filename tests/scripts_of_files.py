"""What is done to files, and what every watcher has to answer."""

from script import Script, Turn

MANY = 20_000

OF_FILES = [
    Script("nothing", "Also not what the watcher did itself when it began.", [Turn([], set())]),
    Script(
        "new file",
        "By its path, relative to the root.",
        [Turn([("write", "dir/new")], {"dir/new"})],
    ),
    Script(
        "written file",
        "The most usual change of all.",
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
        "It is a change, though there is nothing to see any more.",
        [Turn([("remove", "dir/file")], {"dir/file"})],
    ),
    Script(
        "renamed file",
        "One went, one came.",
        [Turn([("rename", "top", "other/moved")], {"top", "other/moved"})],
    ),
    Script(
        "replaced file",
        "As editors do it.",
        [
            Turn(
                [("write", "dir/file~", "new"), ("replace", "dir/file~", "dir/file")],
                {"dir/file"},
                passing={"dir/file~"},
            ),
            Turn([("write", "dir/file", "once more")], {"dir/file"}),
        ],
    ),
    Script(
        "name in another case",
        "Where both lead to the same file it has another name from now on.",
        [Turn([("rename", "top", "TOP")], {"top", "TOP"}), Turn([("write", "TOP", "x")], {"TOP"})],
        ("ignoring-case",),
    ),
    Script(
        "case of the file system",
        "However a program writes it.",
        [Turn([("write", "DIR/SUB/FILE", "changed")], {"dir/sub/file"})],
        ("ignoring-case-of-names",),
    ),
    Script(
        "directory in another case",
        "It has another name, and so has all below it.",
        [
            Turn([("rename", "dir", "DIR")], {"dir/", "DIR/", "DIR/sub/", "DIR/file"}, more=True),
            Turn([("write", "DIR/sub/file", "x")], {"DIR/sub/file"}),
        ],
        ("ignoring-case", "below-renamed"),
    ),
    Script(
        "symbolic link",
        "It is told itself; what it leads to is another matter.",
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
        "A file changes under all of its names.",
        [
            Turn([("hard-link", "top", "dir/also")], {"top", "dir/also"}, more=True),
            Turn([("write", "dir/also", "changed")], {"top", "dir/also"}),
            Turn([("write", "top", "changed again")], {"top", "dir/also"}),
        ],
        ("hard-links",),
    ),
    Script(
        "names that are bytes",
        "A name may hold a line's end, and be no UTF-8.",
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
        "No write is ever seen: only that the last mapping goes.",
        [Turn([("map", "top")], {"top"})],
        ("memory-maps",),
    ),
]

FLOOD = Script(
    "a hundred thousand events",
    "They are read faster than a program causes them.",
    [Turn([("churn", "other", "500", str(MANY))], {f"other/{number}" for number in range(500)})],
    ("history",),
)
