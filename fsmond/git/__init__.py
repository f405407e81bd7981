"""All that fsmond knows about Git.

file_state      whether a file that Git writes has changed since it was read
folding         whether a worktree is case-insensitive
hook            the command that Git runs as its fsmonitor hook
ignore_sources  where Git has rules for ignored files outside of a worktree
index_file      the size of Git's index, and its cache of untracked files
index_names     the names in Git's index
ownership_unix  whether Git accepts a repository that belongs to another user
program         run Git's command
quoting         quote paths as Git prints them
repository      whether a repository can have a monitor, and how it can be configured
settings        change Git's configuration, and restore the previous values
socket_path     where Git looks for a daemon's socket if the git directory may be remote
spellings       the spelling of names in Git's index, for case-insensitive file systems
tracked         what Git tracks
worktree        find the worktree that contains a path, and its git directory
"""
