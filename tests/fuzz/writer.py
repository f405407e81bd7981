"""Make random changes to a tree, in a process of its own: `writer.py FOLDER SEED WITHOUT...`."""

import random
import sys
from pathlib import Path

from tree_changes import Changes

# No hard links: of those, names that come and go between two questions can't be told.
folder, seed = Path(sys.argv[1]), int(sys.argv[2])
without = ("hard_link", *sys.argv[3:])
Changes(folder / "root", folder / "outside", random.Random(seed), without=without).make(300)
