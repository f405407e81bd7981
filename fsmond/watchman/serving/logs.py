"""Where the server logs."""

import logging
import sys
from logging.handlers import RotatingFileHandler

_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"
_MAX_SIZE = 1_000_000  # bytes, and as many in the older file


def log_to(path: str | None) -> None:
    """Log to a file, or to standard error."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if path is not None:
        handler = RotatingFileHandler(path, maxBytes=_MAX_SIZE, backupCount=1, encoding="utf-8")
    logging.basicConfig(level=logging.INFO, format=_FORMAT, handlers=[handler])
