"""What is remembered of a directory, and its clock.

clocks    Watchman's clocks, and the tokens that they stand for
config    the settings of a tree, and which directory is a project
entry     what is remembered of one file
stored    what is remembered, on disk
tree      one directory that clients watch
view      what each file was like, and when it was seen to change
"""
