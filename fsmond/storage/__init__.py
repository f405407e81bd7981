"""A history on disk: read, appended to and replaced, so that a crash leaves the old or the new.

file          the file of one tree's history, in a folder of its own
format        frames with checksums, which are the content of the file
handle_linux  file handles, which unlike inode numbers are not used twice
identity      which tree a stored history belongs to
lock_unix     only one process uses a folder
lock_windows  the same on Windows
"""
