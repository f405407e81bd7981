"""`python -m fsmond`, and this file by its path: that needs neither `site` nor an installation."""

import sys

if not __package__:
    # Behind all others: this may be site-packages, which holds much else.
    sys.path.append(__file__.rpartition("fsmond")[0] or ".")

from fsmond.door import run

if __name__ == "__main__":
    run()
