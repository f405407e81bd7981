"""`fsmond exec`: run a command after each batch of changes.

group_unix     a command and its process group
group_windows  a command and all processes that it started
loop           wait, run, and what signals do
"""
