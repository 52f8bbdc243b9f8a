"""What is closed when: the answers to a lead, an editor, a viewer and an office while a pilot does not work.

The signs are those of `routes_table`. Each row has the modes that are not `working`:

    planning   proposed
    expired    active, and its agreement has ended: files and data can be read, nothing runs, nothing is written
    closing    the same, and a lead may take the files along
    record     archived: what it was, nothing more

What workspaces and clusters ask of the API is refused in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.hub.web.routes_table import ROWS, STEP, SURE, Row

MODES: Final = ("planning", "expired", "closing", "record")
COLUMNS: Final = ("lead", "editor", "viewer", "steward")


@dataclass(frozen=True)
class InMode:
    """A call, and its answers in each of MODES, each with a sign for each of COLUMNS."""

    row: Row
    planning: str
    expired: str
    closing: str
    record: str

    def by_column(self, mode: str) -> dict[str, str]:
        """Column -> sign."""
        return dict(zip(COLUMNS, getattr(self, mode), strict=True))


def _row(route: str, case: str = "") -> Row:
    (found,) = (one for one in ROWS if (one.route, one.case) == (route, case))
    return found


def _step(name: str, *answers: str) -> list[InMode]:
    """A step on its page, and by the API."""
    sent = {**STEP, "step": name}
    page = Row("POST pilots/{slug}/steps", "?----------", 303, {**sent, **SURE}, case=name)
    api = Row("POST api/pilots/{slug}/steps", "?-------------", send=sent, case=name)
    return [InMode(page, *answers), InMode(api, *answers)]


ALWAYS = ("++++", "++++", "++++", "++++")  # the page, the people, the budget
MANAGED = ("+--+", "+--+", "+--+", "9--9")  # until it is a record
LOOKED_AT = ("----", "+++-", "+++-", "----")  # files and data: looked at while they are there
NEVER = ("----", "----", "----", "----")  # what changes files, and what computes

_READ: Final = [
    "GET pilots/{slug}",
    "GET pilots/{slug}/people",
    "GET pilots/{slug}/budget",
    "GET fragments/pilots/{slug}/budget",
    "GET api/pilots/{slug}",
    "GET api/pilots/{slug}/plan",
    "GET api/pilots/{slug}/members",
    "GET api/pilots/{slug}/budget",
    "GET api/pilots/{slug}/usage",
]
_FILES: Final = [
    "GET pilots/{slug}/files",
    "GET pilots/{slug}/files/{path:path}",
    "GET pilots/{slug}/download/{path:path}",
    "GET pilots/{slug}/picture/{path:path}",
    "GET pilots/{slug}/rendered/{path:path}",
    "GET pilots/{slug}/share",
    "POST pilots/{slug}/share",
    "GET pilots/{slug}/shares",
    "GET data/{pilot}/{name}/preview.png",
    "GET fragments/pilots/{slug}/clusters",
    "GET api/pilots/{slug}/files",
    "GET api/pilots/{slug}/datasets",
    "GET api/datasets/{pilot}/{name}",
    "GET api/store/credentials/{pilot}",
    "GET api/pilots/{slug}/shares",
    "POST api/pilots/{slug}/shares",
]
_WORK: Final = [
    "POST pilots/{slug}/upload",
    "POST pilots/{slug}/upload/name",
    "GET pilots/{slug}/delete/{path:path}",
    "POST pilots/{slug}/delete/{path:path}",
    "POST pilots/{slug}/undelete",
    "GET pilots/{slug}/workspace",
    "POST pilots/{slug}/workspace",
    "GET pilots/{slug}/workspace/opening",
    "GET fragments/pilots/{slug}/opening",
    "POST pilots/{slug}/clusters",
]
_PEOPLE: Final = [
    "POST pilots/{slug}/people",
    "POST pilots/{slug}/people/{person}",
    "POST pilots/{slug}/people/{person}/remove",
    "POST pilots/{slug}/people/invite",
    "POST pilots/{slug}/people/invitations/{id}/revoke",
    "POST pilots/{slug}/people/invitations/{id}/confirm",
    "POST pilots/{slug}/people/invitations/{id}/refuse",
    "POST api/pilots/{slug}/members",
    "PATCH api/pilots/{slug}/members/{person}",
    "DELETE api/pilots/{slug}/members/{person}",
    "POST api/pilots/{slug}/invitations",
    "DELETE api/pilots/{slug}/invitations/{id}",
    "POST api/pilots/{slug}/invitations/{id}/confirm",
    "POST api/pilots/{slug}/invitations/{id}/refuse",
    "PATCH api/pilots/{slug}",
]
HANDED_OVER = ("+---", "+---", "+---", "9--9")
LEFT = ("9++0", "9++0", "9++0", "9999")
GRACE = ("----", "+--+", "----", "----")
CREDITS = ("---+", "---+", "---+", "---9")
LOG = ("+--+",) * 4

IN_MODES: Final = [
    *(InMode(_row(route), *ALWAYS) for route in _READ),
    *(InMode(_row(route), *LOOKED_AT) for route in _FILES),
    *(InMode(_row(route), *NEVER) for route in _WORK),
    *(InMode(_row(route), *MANAGED) for route in _PEOPLE),
    InMode(_row("POST pilots/{slug}/export"), "----", "----", "+---", "----"),
    InMode(_row("POST pilots/{slug}/shares/{id}/revoke"), "----", "+00-", "+00-", "----"),
    InMode(_row("DELETE api/pilots/{slug}/shares/{id}"), "----", "+00-", "+00-", "----"),
    InMode(_row("POST pilots/{slug}/people/{person}/lead"), *HANDED_OVER),
    InMode(_row("POST api/pilots/{slug}/lead"), *HANDED_OVER),
    InMode(_row("POST pilots/{slug}/people/{person}/remove", "oneself"), *LEFT),
    InMode(_row("DELETE api/pilots/{slug}/members/{person}", "oneself"), *LEFT),
    InMode(_row("POST pilots/{slug}/edit"), "+--+", "+--+", "+--+", "----"),
    InMode(_row("POST pilots/{slug}/budget/grace"), *GRACE),
    InMode(_row("POST api/pilots/{slug}/budget/grace"), *GRACE),
    InMode(_row("POST pilots/{slug}/budget/credits"), *CREDITS),
    InMode(_row("PUT api/pilots/{slug}/budget"), *CREDITS),
    InMode(_row("GET pilots/{slug}/log"), *LOG),
    InMode(_row("GET api/pilots/{slug}/audit"), *LOG),
    InMode(_row("POST pilots/{slug}/log"), *LOG),
    InMode(_row("POST api/pilots/{slug}/audit/export"), *LOG),
    InMode(_row("POST pilots/{slug}/people/find"), *LOG),  # the form again, which changes nothing
    InMode(Row("POST pilots/{slug}/deletion", "?----------", 303, {"version": "{version}", "typed": "{slug}"}),
           "---9", "---9", "---9", "---+"),
    *_step("approve", "---+", "9999", "9999", "9999"),
    *_step("withdraw", "+---", "9999", "9999", "9999"),
    *_step("close", "9999", "+--+", "9999", "9999"),
    *_step("reopen", "9999", "9999", "+--+", "9999"),
    *_step("archive", "9999", "9999", "+--+", "9999"),
    *_step("restore", "9999", "9999", "9999", "---+"),
    # doors: a link opens while what is behind it does
    InMode(_row("GET shared/{token}"), "0000", "++++", "++++", "0000"),
    InMode(_row("POST shared/{token}/ask"), "0000", "9999", "9999", "0000"),
    InMode(_row("GET join/{token}"), "++++", "++++", "++++", "0000"),
    InMode(_row("POST join/{token}"), "999+", "999+", "999+", "0000"),
]  # fmt: skip
