"""Secret paths: addresses that end in a token; the token must not come into a log."""

from __future__ import annotations

import logging
import re
from typing import Final

DOORS: Final = ("join", "shared")
"""What stands before a token in an address of ours."""

_TOKEN = re.compile(rf"(/(?:{'|'.join(DOORS)})/)[^/?#\s]+")


def without_tokens(path: str) -> str:
    """A path as it may be logged: `/services/lobby/join/…`."""
    return _TOKEN.sub(r"\1…", path)


class NoTokens(logging.Filter):
    """Takes tokens out of the addresses in a log record, such as those of the server's access log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True: every record is kept, without tokens."""
        if isinstance(record.args, tuple):
            record.args = tuple(without_tokens(one) if isinstance(one, str) else one for one in record.args)
        if isinstance(record.msg, str):
            record.msg = without_tokens(record.msg)
        return True


def guard_logs() -> None:
    """Let the access log of the server have no tokens; doing it again changes nothing."""
    logger = logging.getLogger("uvicorn.access")
    if not any(isinstance(one, NoTokens) for one in logger.filters):
        logger.addFilter(NoTokens())
