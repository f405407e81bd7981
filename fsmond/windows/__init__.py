"""What several rooms need on Windows.

files    `lstat` and `scandir`, for the index and the watcher
opening  files opened without blocking others, for logs and Git's files
"""
