"""All that fsmond knows about Git.

fsmond.git.worktree   which worktree holds a path, and where its git directory is
fsmond.git.quoting    paths as Git prints them
"""
