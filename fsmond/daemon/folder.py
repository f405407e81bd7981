"""Where what is written beside a tree lies: in a folder of the user's."""

from pathlib import Path

from platformdirs import user_log_dir

from fsmond.rendezvous import Place, name_of


def file_of(place: Place, ending: str) -> Path:
    """Return the path of a tree's own file."""
    return Path(user_log_dir("fsmond", appauthor=False), name_of(place.root) + ending)
