"""All that fsmond knows about Git.

fsmond.git.worktree      which worktree holds a path, and where its git directory is
fsmond.git.configured    what a git directory's configuration says of its worktree
fsmond.git.ownership_unix  whether Git takes a repository that is another user's
fsmond.git.socket_path   where Git looks for the socket of a worktree's daemon
fsmond.git.index_file    what Git's index holds beside its entries
fsmond.git.index_names   the names of its entries
fsmond.git.folding       whether case is folded
fsmond.git.spellings     how it spells names, where case is folded
fsmond.git.quoting       paths as Git prints them
fsmond.git.program       run Git's own command
fsmond.git.repository    a worktree for which something is to be set, and whether it can be
fsmond.git.settings      what was set in Git's configuration, and what was there before
fsmond.git.hook          what Git runs as its fsmonitor hook
"""
