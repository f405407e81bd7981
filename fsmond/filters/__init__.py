"""Which paths are left out, by the rules of gitignore files; knows no events and no Git.

classes       bracket expressions in patterns
ignore_rules  what Git ignores in a tree, by all its files of rules
patterns      the patterns that clients give
rules         the lines of one gitignore file, applied as Git does
"""
