"""The register of data sets, as a lab or a worker sees it: a client of the kontor service.

Where the service is and who we are comes from the environment of the process: `KONTOR_API` is the address,
`KONTOR_TOKEN_FILE` a file with our token. Both are read at every call, so a renewed token is used at once.
"""

from __future__ import annotations

import difflib
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from kontor.errors import KontorError, NotAllowed, NotFound, Unavailable

TIMEOUT = 20.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the service is on this machine or near


def dataset_record(pilot: str, name: str) -> dict[str, Any]:
    """The register's entry of one data set.

    Raises
    ------
    NotAllowed
        We are no member of the pilot.
    NotFound
        There is no such pilot or data set; the sentence names the nearest spelling.
    Unavailable
        The service does not answer.
    """
    try:
        record: dict[str, Any] = get(f"datasets/{_quoted(pilot)}/{_quoted(name)}")
    except NotAllowed as refusal:
        raise NotAllowed(_not_a_member(pilot, refusal), code=refusal.code) from None
    except NotFound as missing:
        if missing.code == "no_such_pilot":
            raise NotFound(_no_such_pilot(pilot), code=missing.code) from None
        raise NotFound(_no_such_dataset(pilot, name), code=missing.code) from None
    return record


def dataset_names(pilot: str) -> list[str]:
    """Names of a pilot's data sets, in order."""
    return sorted(str(one["name"]) for one in get(f"pilots/{_quoted(pilot)}/datasets")["datasets"])


def my_pilots() -> list[str]:
    """Short names of the pilots that this lab or cluster belongs to."""
    return sorted(str(slug) for slug in get("me")["pilots"])


def store_keys(pilot: str) -> dict[str, str]:
    """Keys to a pilot's data in the object store that end by themselves (AWS container credentials)."""
    try:
        keys: dict[str, str] = get(f"store/credentials/{_quoted(pilot)}")
    except NotAllowed as refusal:
        raise NotAllowed(_not_a_member(pilot, refusal), code=refusal.code) from None
    return keys


def get(path: str) -> Any:
    """What the service answers to `GET {KONTOR_API}/{path}`; a KontorError with its sentence if it refuses."""
    base = os.environ.get("KONTOR_API")
    if not base:
        raise Unavailable(
            "This Python does not run inside Kontor (KONTOR_API is not set). Open the notebook in a lab or workspace "
            "of Kontor, or give the path of a file instead of a data set's name."
        )
    request = urllib.request.Request(  # noqa: S310 - the address is the installation's own
        f"{base.rstrip('/')}/{path}", headers={"Authorization": f"Bearer {_token()}", "Accept": "application/json"}
    )
    try:
        with _DIRECT.open(request, timeout=TIMEOUT) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error.code, error.read()) from None
    except (OSError, ValueError):
        raise Unavailable(
            "The Kontor service does not answer. Wait a minute and try again; if it stays so, tell who runs Kontor."
        ) from None


def _token() -> str:
    path = os.environ.get("KONTOR_TOKEN_FILE", "")
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise Unavailable(
            "This lab has no readable token (KONTOR_TOKEN_FILE). Stop the lab and start it again from the lobby."
        ) from None


def _refusal(status: int, body: bytes) -> KontorError:
    try:
        error = json.loads(body)["error"]
        message, code = str(error["message"]), str(error["code"])
    except (ValueError, KeyError, TypeError):
        message, code = "", ""
    if status == 401:
        return NotAllowed(
            "Kontor does not know this lab any more. Stop it and start it again from the lobby.", code="not_known"
        )
    if status == 403:
        return NotAllowed(message, code=code or "not_allowed")
    if status == 404:
        return NotFound(message, code=code or "not_found")
    if status >= 500:
        return Unavailable(message or "The Kontor service has a fault. Tell who runs Kontor.", code=code or "fault")
    return KontorError(message or f"The Kontor service refused (status {status}).", code=code or "refused")


def _not_a_member(pilot: str, refusal: NotAllowed) -> str:
    if refusal.code in ("not_known",):
        return refusal.message
    own = os.environ.get("KONTOR_PILOT")
    if own and own != pilot:
        return (
            f"This workspace belongs to the pilot '{own}' and sees only its data, not that of '{pilot}'. "
            "Open it from your own lab, or in the workspace of that pilot."
        )
    return f"You are not a member of pilot '{pilot}'. Ask its lead to add you."


def _no_such_pilot(pilot: str) -> str:
    return f"There is no pilot '{pilot}'. {_nearest(pilot, _quietly(my_pilots), 'Your pilots are')}"


def _no_such_dataset(pilot: str, name: str) -> str:
    names = _quietly(lambda: dataset_names(pilot))
    return f"There is no data set '{name}' in pilot '{pilot}'. {_nearest(name, names, 'It has')}"


def _nearest(wrong: str, right: list[str], heading: str) -> str:
    close = difflib.get_close_matches(wrong, right, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"{heading}: {', '.join(right)}." if right else "There are none yet."


def _quietly(question: Any) -> list[str]:
    """An answer for a hint; no hint is better than a second error."""
    try:
        answer: list[str] = question()
    except KontorError:
        return []
    return answer


def _quoted(part: str) -> str:
    return urllib.parse.quote(part, safe="")
