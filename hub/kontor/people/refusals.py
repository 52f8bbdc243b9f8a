"""How the API refuses: one shape, documented at every route."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel


class Refusal(BaseModel):
    """What was wrong: a stable word for programs, a sentence for people, the status once more."""

    code: str
    message: str
    status: int


class Refused(BaseModel):
    """Every answer of the API that is not a success."""

    error: Refusal


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may refuse with these, beside those that every route may.

    Every route may answer 400 (what was sent is no JSON, or says what cannot be), 401 (no good token), 403 (not
    allowed), 422 (what was sent cannot be used) and 503 (a part that is needed does not answer).
    """
    return {
        status: {"model": Refused, "description": HTTPStatus(status).phrase}
        for status in sorted({400, 401, 403, 422, 503, *statuses})
    }
