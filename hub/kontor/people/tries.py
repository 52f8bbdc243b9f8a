"""Tries: how often an account, or an address, may be wrong at a door before it has to wait.

Only what failed is counted, so that a whole class of people behind one address can come in at once; and an address may
fail more often than an account, so that nobody locks out the hospital behind whose address they are. Loopback is every
lab of this machine and no address of anybody, so only accounts are counted there. What is counted is lost when the
service ends: a token that nobody can guess does not depend on it.
"""

from __future__ import annotations

import math
import time
from ipaddress import ip_address
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from kontor.errors import TooMany

TRIES: Final = 10
TRIES_OF_ADDRESS: Final = 100
MINUTES: Final = 10


class Tries:
    """Counts failures by account and by address.

    Parameters
    ----------
    door : str
        What is tried; each door counts for itself.
    tries, of_address, minutes : int
        How many of an account, and of an address, may fail in how many minutes.
    """

    def __init__(
        self, door: str, tries: int = TRIES, of_address: int = TRIES_OF_ADDRESS, minutes: int = MINUTES
    ) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._limits = {
            kind: RateLimitItemPerMinute(most, minutes, namespace=door)
            for kind, most in (("account", tries), ("address", of_address))
        }

    def check(self, account: str, address: str | None, sentence: str) -> None:
        """Raise TooMany, with this sentence, if one of the two has to wait."""
        for kind, value in _keys(account, address):
            if not self._limiter.test(self._limits[kind], kind, value):
                free_again = self._limiter.get_window_stats(self._limits[kind], kind, value).reset_time
                raise TooMany(sentence, retry_after=max(1, math.ceil(free_again - time.time())))

    def failed(self, account: str, address: str | None) -> None:
        """Count a failure for both."""
        for kind, value in _keys(account, address):
            self._limiter.hit(self._limits[kind], kind, value)


def _keys(account: str, address: str | None) -> list[tuple[str, str]]:
    keys = [("account", account)]
    if address and not _is_loopback(address):
        keys.append(("address", address))
    return keys


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
