"""Sealed values: what a browser keeps for us and can neither read nor change."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, cast

from cryptography.fernet import Fernet, InvalidToken


class Seal:
    """Seals small mappings into text that fits a cookie.

    Parameters
    ----------
    secret : str
        Long and random; whoever has it can open and make seals.
    purpose : str
        What is sealed for one purpose cannot be opened for another.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        key = hashlib.sha256(f"{purpose}\0{secret}".encode()).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def close(self, value: dict[str, Any]) -> str:
        """Seal a mapping of what JSON can carry."""
        return self._fernet.encrypt(json.dumps(value).encode()).decode("ascii")

    def open(self, text: str | None, *, seconds: int) -> dict[str, Any] | None:
        """What was sealed at most `seconds` ago, or None if there is nothing, it is too old or not ours."""
        try:
            return cast(dict[str, Any], json.loads(self._fernet.decrypt((text or "").encode(), ttl=seconds)))
        except (InvalidToken, UnicodeError):
            return None
