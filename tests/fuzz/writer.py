"""Make random changes to a tree, in a process of its own.

Its arguments: TREE OUTSIDE SEED WITHOUT...
"""

import random
import sys
from pathlib import Path

from tree_changes import Changes

# No hard links: of those, names that come and go between two questions can't be told.
tree, outside, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
without = ("hard_link", *sys.argv[4:])
Changes(tree, outside, random.Random(seed), without=without).make(300)
