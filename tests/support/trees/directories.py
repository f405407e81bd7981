"""Changes to directories, and what every watcher must report."""

from support.trees.script import Script, Turn

LONG = "/".join("x" * 50 + str(number) for number in range(8))  # 415 characters

OF_DIRECTORIES = [
    Script(
        "new directory",
        "With everything in it, most of which was created before it could be watched.",
        [
            Turn(
                [("mkdir", "new/a/b"), ("write", "new/a/b/file")],
                {"new/", "new/a/", "new/a/b/", "new/a/b/file"},
            ),
            Turn([("write", "new/a/b/second")], {"new/a/b/second"}),
        ],
    ),
    Script(
        "long path",
        "Longer than 260 characters, the former limit of Windows.",
        [
            Turn([("mkdir", LONG), ("write", f"{LONG}/file")], {f"{LONG}/", f"{LONG}/file"}, True),
            Turn([("write", f"{LONG}/file", "changed")], {f"{LONG}/file"}),
            Turn([("hard-link", "top", f"{LONG}/also")], {"top", f"{LONG}/also"}, more=True),
            Turn([("write", f"{LONG}/also", "x")], {"top", f"{LONG}/also"}),
            Turn([("rmtree", LONG[:51])], {LONG[:51] + "/"}, more=True),
        ],
        ("hard-links",),
    ),
    Script(
        "renamed directory",
        "Later changes below it are reported under its new name.",
        [
            Turn(
                [("rename", "dir", "renamed")],
                {"dir/", "renamed/", "renamed/sub/", "renamed/sub/deep/file"},
                more=True,
            ),
            Turn(
                [("write", "renamed/sub/deep/file", "changed"), ("write", "renamed/sub/deep/new")],
                {"renamed/sub/deep/file", "renamed/sub/deep/new"},
            ),
        ],
        ("below-renamed",),
    ),
    Script(
        "renamed there and back",
        "What changed meanwhile is reported under its final name.",
        [
            Turn(
                [
                    ("rename", "dir", "away"),
                    ("write", "away/sub/file", "changed"),
                    ("rename", "away", "dir"),
                ],
                {"dir/sub/file"},
                more=True,
            ),
            Turn([("write", "dir/sub/file", "again")], {"dir/sub/file"}),
        ],
    ),
    Script(
        "renamed into a new one",
        "Under its own name.",
        [
            Turn(
                [("rename", "dir", "aside"), ("mkdir", "dir/b"), ("rename", "aside", "dir/b/c")],
                {"dir/", "dir/b/", "dir/b/c/", "dir/b/c/file", "dir/b/c/sub/deep/file"},
                more=True,
            ),
            Turn([("write", "dir/b/c/sub/file", "x")], {"dir/b/c/sub/file"}),
        ],
        ("below-renamed",),
    ),
    Script(
        "exchanged directories",
        "Each takes the other's place atomically.",
        [
            Turn(
                [("exchange", "dir", "other")],
                {"dir/", "dir/file", "other/", "other/sub/", "other/sub/deep/file"},
                more=True,
            ),
            Turn(
                [("write", "other/sub/file", "changed"), ("write", "dir/file", "changed")],
                {"other/sub/file", "dir/file"},
            ),
        ],
        ("exchange",),
    ),
    Script(
        "moved out",
        "Changes to it elsewhere are no changes of the tree.",
        [
            Turn([("rename", "dir", "../out")], {"dir/", "dir/sub/", "dir/sub/deep/"}, more=True),
            Turn([("write", "../out/sub/file", "changed")], set()),
        ],
        ("below-renamed",),
    ),
    Script(
        "moved in",
        "It is watched, with everything below it.",
        [
            Turn([("mkdir", "../out/sub"), ("write", "../out/sub/file")], set()),
            Turn([("rename", "../out", "dir/in")], {"dir/in/", "dir/in/sub/", "dir/in/sub/file"}),
            Turn([("write", "dir/in/new")], {"dir/in/new"}),
            Turn([("write", "dir/in/sub/file", "x")], {"dir/in/sub/file"}),
        ],
        ("below-renamed",),
    ),
    Script(
        "replaced directory",
        "Git lists a directory again only if a path below it is reported, too.",
        [
            Turn([("mkdir", "empty")], {"empty/"}),
            Turn(
                [("rename", "other", "old"), ("rename", "empty", "other")],
                {"other/", "other/file", "old/", "old/file", "empty/"},
                more=True,
            ),
        ],
    ),
    Script(
        "remade directory",
        "It is another one with the same name.",
        [
            Turn(
                [("rmtree", "dir"), ("mkdir", "dir")],
                {"dir/file", "dir/sub/"},
                more=True,
                transient={"dir/"},
            ),
            Turn([("write", "dir/new")], {"dir/new"}),
        ],
    ),
    Script(
        "removed tree",
        "Each of its paths is reported.",
        [
            Turn(
                [("rmtree", "dir")],
                {
                    "dir/",
                    "dir/file",
                    "dir/sub/",
                    "dir/sub/file",
                    "dir/sub/deep/",
                    "dir/sub/deep/file",
                },
            )
        ],
    ),
    Script(
        "file in place of a directory",
        "One disappeared, one appeared, under the same name.",
        [
            Turn([("rmtree", "other"), ("write", "other")], {"other/file", "other/", "other"}),
            Turn([("write", "other", "changed")], {"other"}),
        ],
    ),
    Script(
        "directory in place of a file",
        "The reverse.",
        [
            Turn(
                [("remove", "top"), ("mkdir", "top"), ("write", "top/f")], {"top", "top/", "top/f"}
            ),
            Turn([("write", "top/f", "changed")], {"top/f"}),
        ],
    ),
    Script(
        "git directory",
        "It belongs to Git, and so does a file of that name, as in a linked worktree.",
        [
            Turn([("write", ".git/index"), ("mkdir", ".git/objects")], set()),
            Turn([("rmtree", ".git"), ("write", ".git", "gitdir: elsewhere")], set()),
            Turn([("write", "top", "changed")], {"top"}),
        ],
    ),
    Script(
        "git directory elsewhere in the tree",
        "As after `git init --separate-git-dir`.",
        [Turn([("write", "meta/gitdir/index"), ("write", "meta/seen")], {"meta/seen"})],
    ),
    Script(
        "nested git directories",
        "Git checks what is behind a gitlink itself; files beside it are like all others.",
        [
            Turn(
                [
                    ("write", "nested/.git/index"),
                    ("write", "nested/file"),
                    ("mkdir", "dir/cloned/.git/objects"),
                    ("write", "dir/cloned/.gitignore"),
                ],
                {"nested/file", "dir/cloned/", "dir/cloned/.git/", "dir/cloned/.gitignore"},
            ),
            Turn([("write", "dir/cloned/.git/objects/pack")], set()),
        ],
    ),
]
