"""The table of roles and routes: what every caller is answered, nobody first.

A row is a call that would succeed, and one sign for each column:

    +   yes: the row's own status, 200 unless it says another one
    -   403, not allowed          0   404, there is nothing (for you)          9   409, not in this state
    /   303, sent elsewhere       ?   not signed in: 302 to the hub for a page, 401 for forms and the API

The columns stand in groups, in this order; rows of the API have the last group, too:

    nobody, stranger (in no pilot), lead of another pilot
    viewer, reviewer, runner, editor, lead, steward of this pilot
    steward, operator (offices of the installation)
    token of the lead's lab (not for changes), token of the pilot's workspace, token of its cluster

What stands in {} is an object of the pilot (`objects.py`), so that the same call can be made with another pilot's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from tests.hub.web.callers import API_COLUMNS, PAGE_COLUMNS, Route

OBJECTS: Final = frozenset(
    {"person", "dataset", "folder", "file", "picture", "notebook", "unused", "waiting", "staged", "undo"}
    | {"looking_share", "editors_share"}
)
"""Names of what belongs to one pilot only."""
PLACE: Final = re.compile(r"\{(\w+)\}")
USUAL: Final = {"slug": "slug", "pilot": "slug", "person": "person", "name": "dataset", "path": "file"} | {
    "token": "invitation"
}
"""Parameter of an address -> the object that stands for it, unless the row names another one."""

WHY: Final = "For the reasons that we talked about."
STARTS, ENDS = ((date.today() + timedelta(days=days)).isoformat() for days in (10, 300))


@dataclass(frozen=True)
class Row:
    """A call, and its answers.

    Parameters
    ----------
    route : str
        Method and path as the application has them.
    answers : str
        A sign for each column.
    yes : int
        The status that + stands for.
    send : mapping
        The form of a page, or the body for the API.
    ids : mapping
        Parameter of the address -> name of the object, or the value itself.
    """

    route: str
    answers: str
    yes: int = 200
    send: Mapping[str, Any] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    file: bool = False
    case: str = ""

    def __post_init__(self) -> None:
        assert len(self.signs) == len(self.columns), self.route

    @property
    def of(self) -> Route:
        method, _, path = self.route.partition(" ")
        return Route(method, path)

    @property
    def signs(self) -> str:
        return self.answers.replace(" ", "")

    @property
    def columns(self) -> tuple[str, ...]:
        return API_COLUMNS if self.of.is_api else PAGE_COLUMNS

    @property
    def by_column(self) -> dict[str, str]:
        return dict(zip(self.columns, self.signs, strict=True))

    @property
    def places(self) -> dict[str, str]:
        """What stands in the braces of the address -> name of the object for it, or the value itself."""
        found = re.findall(r"\{(\w+)(?::path)?\}", self.of.path)
        braces = re.findall(r"\{\w+(?::path)?\}", self.of.path)
        return {place: self.ids.get(name) or USUAL[name] for place, name in zip(braces, found, strict=True)}

    @property
    def objects(self) -> frozenset[str]:
        """The objects of the pilot that the call names."""
        return OBJECTS & {*self.places.values(), *PLACE.findall(f"{self.query} {dict(self.send)}")}

    def status(self, sign: str) -> int:
        """The status that a sign stands for in this row."""
        asked = 302 if self.of.method == "GET" and not self.of.is_api else 401
        return {"+": self.yes, "-": 403, "0": 404, "9": 409, "/": 303, "?": asked}[sign]

    def __str__(self) -> str:
        return f"{self.route}{', ' if self.case else ''}{self.case}"


# What is refused to whom, for rows that are all alike
READ, API_READ = "?-- ++++++ ++", "?-- ++++++ ++ +++"  # members and offices
FILES, API_FILES = "?-- ++++++ --", "?-- ++++++ -- +++"  # members; an office gives no right to files and data
EDIT = "?-- ---++- --"
RUN = "?-- --+++- --"
MANAGE, API_MANAGE = "?-- ----+- ++", "?-- ----+- ++ ---"  # the lead and the offices
LOG = "?-- ----++ ++"
OFFICE, API_OFFICE = "?-- ------ ++", "?-- ------ ++ ---"
SIGNED_IN = "?++ ++++++ ++"
ANYBODY, API_ANYBODY = "+++ ++++++ ++", "+++ ++++++ ++ +++"

PROPOSAL: Final = {
    "title": "Bone and beam",
    "question": "Why do some bones heal slowly?",
    "partners": ["desy"],
    "class": "standard",
    "starts": STARTS,
    "ends": ENDS,
}
STEP: Final = {"step": "close", "version": "{version}", "reason": WHY}
SURE: Final = {"confirmed": "yes"}
WORDS: Final = {"version": "{version}", "title": "Another title", "question": "A question that is long enough."}
INVITED: Final = {"id": "unused"}
ACCEPTED: Final = {"id": "waiting"}
ONESELF: Final = {"person": "me"}
VERSION: Final = {"version": 1}
GRACE: Final = {"hours": 1, "reason": WHY}
CREDITS: Final = {"credits": 9000.0, "reason": WHY, "version": "{version}"}

API: Final = [
    Row("GET api/health", API_ANYBODY),
    Row("GET api/openapi.json", API_ANYBODY),
    Row("GET api/me", "?++ ++++++ ++ +++"),
    Row("GET api/people", "?++ ++++++ ++ +--", query="q=la"),
    Row("GET api/audit", API_OFFICE),
    Row("POST api/audit/export", API_OFFICE),
    Row("GET api/proposals", API_OFFICE),
    Row("GET api/consortium/pilots", "?-+ ++++++ ++ +--"),
    Row("POST api/invitations/accept", "?++ 999999 ++ ---", send={"token": "{invitation}"}),
    Row("PUT api/presence", "?-- ------ -- -+-", send={"people": []}),
    # pilots and their life
    Row("GET api/pilots", "?++ ++++++ ++ +++"),
    Row("POST api/pilots", "?-+ ++++++ ++ ---", 201, PROPOSAL),
    Row("GET api/pilots/{slug}", API_READ),
    Row("GET api/pilots/{slug}/plan", API_READ),
    Row("PATCH api/pilots/{slug}", API_MANAGE, send={"version": "{version}", "facility": "Another place"}),
    Row("PATCH api/pilots/{slug}", API_OFFICE, send={"version": "{version}", "class": "open"}, case="its class"),
    Row(
        "PATCH api/pilots/{slug}",
        API_OFFICE,
        send={"version": "{version}", "agreement_ends": ENDS},
        case="its agreement",
    ),
    Row("POST api/pilots/{slug}/steps", API_MANAGE, send=STEP),
    Row("GET api/pilots/{slug}/audit", "?-- ----++ ++ +--"),
    Row("POST api/pilots/{slug}/audit/export", "?-- ----++ ++ ---"),
    # budget
    Row("GET api/pilots/{slug}/budget", API_READ),
    Row("GET api/pilots/{slug}/usage", API_READ),
    Row("PUT api/pilots/{slug}/budget", API_OFFICE, send=CREDITS),
    Row("POST api/pilots/{slug}/budget/grace", API_MANAGE, send=GRACE),
    # people
    Row("GET api/pilots/{slug}/members", "?-- ++++++ ++ +--"),
    Row("POST api/pilots/{slug}/members", API_MANAGE, 201, {"people": ["{newcomer}"], "role": "viewer"}),
    Row(
        "POST api/pilots/{slug}/members",
        API_OFFICE,
        201,
        {"people": ["{newcomer}"], "role": "steward"},
        case="a steward",
    ),
    Row("PATCH api/pilots/{slug}/members/{person}", API_MANAGE, send={**VERSION, "role": "reviewer"}),
    Row("PATCH api/pilots/{slug}/members/{person}", API_OFFICE, send={**VERSION, "role": "steward"}, case="to steward"),
    Row(
        "PATCH api/pilots/{slug}/members/{person}",
        "?-- ----9- 00 ---",
        send={**VERSION, "role": "editor"},
        ids=ONESELF,
        case="oneself",
    ),
    Row("DELETE api/pilots/{slug}/members/{person}", API_MANAGE, 204, query="version=1"),
    Row(
        "DELETE api/pilots/{slug}/members/{person}",
        "?-- ++++9+ 00 ---",
        204,
        ids=ONESELF,
        query="version=1",
        case="oneself",
    ),
    Row("POST api/pilots/{slug}/lead", "?-- ----+- -- ---", send={"person": "{person}", **VERSION}),
    Row("GET api/pilots/{slug}/invitations", "?-- ----+- ++ +--"),
    Row("POST api/pilots/{slug}/invitations", API_MANAGE, 201, {"role": "viewer", "note": "For a colleague"}),
    Row("DELETE api/pilots/{slug}/invitations/{id}", API_MANAGE, 204, ids=INVITED),
    Row("POST api/pilots/{slug}/invitations/{id}/confirm", API_MANAGE, ids=ACCEPTED),
    Row("POST api/pilots/{slug}/invitations/{id}/refuse", API_MANAGE, ids=ACCEPTED),
    # files, data, keys
    Row("GET api/pilots/{slug}/files", API_FILES, query="path={folder}"),
    Row("GET api/pilots/{slug}/datasets", API_FILES),
    Row("GET api/datasets/{pilot}/{name}", API_FILES),
    Row("GET api/store/credentials/{pilot}", API_FILES),
    Row("GET api/pilots/{slug}/shares", "?-- ++++++ -- +--"),
    Row("POST api/pilots/{slug}/shares", "?-- ++++++ -- ---", 201, {"path": "{file}", "role": "viewer"}),
    Row(
        "POST api/pilots/{slug}/shares",
        "?-- ----+- -- ---",
        201,
        {"path": "{file}", "role": "editor"},
        case="to ask to join",
    ),
    Row("DELETE api/pilots/{slug}/shares/{id}", "?-- 0000+0 -- ---", 204, ids={"id": "looking_share"}),
    Row(
        "DELETE api/pilots/{slug}/shares/{id}",
        "?-- 000++0 -- ---",
        204,
        ids={"id": "editors_share"},
        case="editor's",
    ),
]

PAGES: Final = [
    Row("GET static/vendor/htmx.min.js", ANYBODY),
    Row("POST language", ANYBODY, 303, {"language": "da"}),
    Row("POST logout", ANYBODY, 303),
    Row("GET oauth_callback", ANYBODY, 400, case="that nobody began"),
    Row("GET ", "?/+ ++++++ ++"),
    Row("GET waiting", "?+/ ////// //"),
    Row("GET fragments/here", SIGNED_IN),
    Row("GET pilots", SIGNED_IN),
    Row("GET log", OFFICE),
    Row("POST log", OFFICE),
    Row("GET proposals", OFFICE),
    Row("GET consortium", "?-+ ++++++ ++"),
    Row("GET consortium.csv", "?-+ ++++++ ++"),
    Row("GET pilots/new", "?-+ ++++++ ++"),
    Row("POST pilots/new", "?-+ ++++++ ++", 303, {**PROPOSAL, "hours": "500", "do": "send"}),
    # doors for who is not inside
    Row("POST join", SIGNED_IN, 303, {"code": "{invitation}"}),
    Row("GET join/{token}", SIGNED_IN),
    Row("POST join/{token}", "?++ 999999 ++", 303),
    Row("GET shared/{token}", SIGNED_IN, ids={"token": "looking_link"}),
    Row("GET shared/{token}/document", SIGNED_IN, ids={"token": "looking_link"}),
    Row("POST shared/{token}/ask", "?++ 999999 ++", 303, ids={"token": "asking_link"}),
    Row("POST shared/{token}/ask", "?99 999999 99", 303, ids={"token": "looking_link"}, case="by a link to look"),
    # a pilot and its life
    Row("GET pilots/{slug}", READ),
    Row("GET pilots/{slug}/edit", MANAGE),
    Row("POST pilots/{slug}/edit", MANAGE, 303, {**WORDS, "partners": ["desy"]}),
    Row("GET pilots/{slug}/steps", READ, 303),
    Row("POST pilots/{slug}/steps", MANAGE, 303, {**STEP, **SURE}),
    Row("GET pilots/{slug}/steps/{step}", MANAGE, ids={"step": "close"}),
    Row("GET pilots/{slug}/log", LOG),
    Row("POST pilots/{slug}/log", LOG),
    Row("POST pilots/{slug}/export", "?-- ----+- --"),
    Row("GET pilots/{slug}/deletion", "?-- ------ 99", case="before it is archived"),
    Row("POST pilots/{slug}/deletion", "?-- ------ 99", send={"version": "{version}", "typed": "{slug}"}),
    # budget
    Row("GET pilots/{slug}/budget", READ),
    Row("GET fragments/pilots/{slug}/budget", READ),
    Row("GET pilots/{slug}/budget/usage.csv", LOG),
    Row("GET pilots/{slug}/budget/grace", MANAGE),
    Row("POST pilots/{slug}/budget/grace", MANAGE, 303, GRACE),
    Row("GET pilots/{slug}/budget/credits", OFFICE),
    Row("POST pilots/{slug}/budget/credits", OFFICE, 303, {**CREDITS, "credits": "9000"}),
    # people
    Row("GET pilots/{slug}/people", READ),
    Row("GET pilots/{slug}/people/add", MANAGE),
    Row("POST pilots/{slug}/people/find", MANAGE, send={"q": "la"}),
    Row("GET fragments/pilots/{slug}/people-found", MANAGE, query="q=la"),
    Row("POST pilots/{slug}/people", MANAGE, 303, {"people": "{newcomer}", "role": "viewer"}),
    Row("POST pilots/{slug}/people", OFFICE, 303, {"people": "{newcomer}", "role": "steward"}, case="a steward"),
    Row("POST pilots/{slug}/people/{person}", MANAGE, 303, {**VERSION, "role": "reviewer", "sure": "yes"}),
    Row("GET pilots/{slug}/people/{person}/remove", MANAGE),
    Row("GET pilots/{slug}/people/{person}/remove", "?-- ++++++ 00", ids=ONESELF, case="oneself"),
    Row("POST pilots/{slug}/people/{person}/remove", MANAGE, 303, VERSION),
    Row("POST pilots/{slug}/people/{person}/remove", "?-- ++++9+ 00", 303, VERSION, ONESELF, case="oneself"),
    Row("GET pilots/{slug}/people/{person}/lead", "?-- ----+- --"),
    Row("POST pilots/{slug}/people/{person}/lead", "?-- ----+- --", 303, VERSION),
    Row("GET pilots/{slug}/people/invite", MANAGE),
    Row("POST pilots/{slug}/people/invite", MANAGE, send={"role": "viewer", "note": "For a colleague"}),
    Row("POST pilots/{slug}/people/invitations/{id}/revoke", MANAGE, 303, ids=INVITED),
    Row("POST pilots/{slug}/people/invitations/{id}/confirm", MANAGE, 303, ids=ACCEPTED),
    Row("POST pilots/{slug}/people/invitations/{id}/refuse", MANAGE, 303, ids=ACCEPTED),
    # files and data
    Row("GET pilots/{slug}/files", FILES),
    Row("GET pilots/{slug}/files/{path:path}", FILES),
    Row("GET pilots/{slug}/files/{path:path}", FILES, ids={"path": "folder"}, case="a folder"),
    Row("GET pilots/{slug}/download/{path:path}", FILES),
    Row("GET pilots/{slug}/picture/{path:path}", FILES, ids={"path": "picture"}),
    Row("GET pilots/{slug}/rendered/{path:path}", FILES, ids={"path": "notebook"}),
    Row("GET data/{pilot}/{name}/preview.png", FILES),
    Row("POST pilots/{slug}/upload", EDIT, 303, {"folder": "{folder}"}, file=True),
    Row("POST pilots/{slug}/upload/name", EDIT, 303, {"staged": "{staged}", "do": "name", "name": "named.txt"}),
    Row("GET pilots/{slug}/delete/{path:path}", EDIT),
    Row("POST pilots/{slug}/delete/{path:path}", EDIT, 303),
    Row("POST pilots/{slug}/undelete", EDIT, 303, {"undo": "{undo}"}),
    Row("GET pilots/{slug}/share", FILES, query="path={file}"),
    Row("POST pilots/{slug}/share", FILES, send={"path": "{file}", "role": "viewer", "days": "7"}),
    Row(
        "POST pilots/{slug}/share",
        "?-- ----+- --",
        send={"path": "{file}", "role": "editor", "days": "7"},
        case="to ask to join",
    ),
    Row("GET pilots/{slug}/shares", FILES),
    Row("POST pilots/{slug}/shares/{id}/revoke", "?-- 0000+0 --", 303, ids={"id": "looking_share"}),
    Row("POST pilots/{slug}/shares/{id}/revoke", "?-- 000++0 --", 303, ids={"id": "editors_share"}, case="editor's"),
    # computing
    Row("GET pilots/{slug}/workspace", EDIT, 303),
    Row("POST pilots/{slug}/workspace", EDIT, 303),
    Row("GET pilots/{slug}/workspace/opening", EDIT),
    Row("GET fragments/pilots/{slug}/opening", EDIT),
    Row("GET pilots/{slug}/clusters", FILES, 303),
    Row("GET fragments/pilots/{slug}/clusters", FILES),
    Row("POST pilots/{slug}/clusters", RUN, 303, {"do": "start"}),
]

ROWS: Final = [*API, *PAGES]
