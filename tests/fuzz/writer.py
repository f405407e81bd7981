"""Make random changes to a tree, as a process of its own.

Arguments: TREE OUTSIDE SEED WITHOUT...
"""

import random
import sys
from pathlib import Path

from support.trees.random_changes import RandomChanges

# No hard links: names that appear and vanish between two queries cannot be reported.
tree, outside, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
without = ("hard_link", *sys.argv[4:])
RandomChanges(tree, outside, random.Random(seed), without=without).make(300)
