"""The pages of the log: one pilot's, and the whole of it for stewards and operators; filters, a picture, an export."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kontor.audit import reading, witness
from kontor.audit.groups import GROUPS
from kontor.audit.reading import Wanted
from kontor.database import now as this_moment
from kontor.errors import KontorError
from kontor.people.requests import InSession
from kontor.pilots import store
from kontor.pilots.logbook import export as log_export
from kontor.pilots.logbook import log
from kontor.pilots.standing import Standing
from kontor.web.log_document import document, file_name
from kontor.web.pages import page
from kontor.web.pilot_frame import pilot_page, standing_of
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import _

router = APIRouter(include_in_schema=False)
PER_PAGE = 50
Short = Annotated[str, Query(max_length=100)]
ShortField = Annotated[str, Form(max_length=100)]


@dataclass(frozen=True)
class Asked:
    """What stands in the fields of the form, as it was sent."""

    pilot: str = ""
    person: str = ""
    dataset: str = ""
    group: str = ""
    first: str = ""
    last: str = ""

    @property
    def given(self) -> dict[str, str]:
        """The fields that are not empty, by their names in addresses."""
        names = {"first": "from", "last": "until"}
        return {names.get(field, field): value for field, value in vars(self).items() if value}

    def address(self, number: int = 1) -> str:
        """The same as the part of an address after the question mark."""
        return urlencode({**self.given, **({"page": number} if number > 1 else {})})


def _asked(
    pilot: Short = "",
    person: Short = "",
    dataset: Short = "",
    group: Short = "",
    first: Annotated[str, Query(alias="from", max_length=100)] = "",
    last: Annotated[str, Query(alias="until", max_length=100)] = "",
) -> Asked:
    return Asked(pilot, person, dataset, group, first.strip(), last.strip())


def _asked_by_form(
    pilot: ShortField = "",
    person: ShortField = "",
    dataset: ShortField = "",
    group: ShortField = "",
    first: Annotated[str, Form(alias="from", max_length=100)] = "",
    last: Annotated[str, Form(alias="until", max_length=100)] = "",
) -> Asked:
    return Asked(pilot, person, dataset, group, first.strip(), last.strip())


FromAsked = Annotated[Asked, Depends(_asked)]
FromForm = Annotated[Asked, Depends(_asked_by_form)]
Number = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]


@dataclass(frozen=True)
class Choices:
    """What there is to choose in the form, value -> words."""

    people: dict[str, str]
    datasets: dict[str, str]
    pilots: dict[str, str]


@router.get("/pilots/{slug}/log")
def pilot_log(
    request: Request, session: InSession, visitor: FromVisitor, slug: str, asked: FromAsked, number: Number = 1
) -> Response:
    place = log.for_reading(standing_of(request, session, visitor, slug))
    return _log_page(request, session, visitor, place, asked, number)


@router.post("/pilots/{slug}/log")
def export_pilot_log(
    request: Request, session: InSession, visitor: FromVisitor, slug: str, asked: FromForm
) -> Response:
    """The log as a document to keep; what the fields say is what it covers."""
    place = log.for_reading(standing_of(request, session, visitor, slug))
    return _export(request, session, visitor, place, asked)


@router.get("/log")
def whole_log(
    request: Request, session: InSession, visitor: FromVisitor, asked: FromAsked, number: Number = 1
) -> Response:
    log.check_office(request.app.state.offices, visitor.name)
    return _log_page(request, session, visitor, None, asked, number)


@router.post("/log")
def export_whole_log(request: Request, session: InSession, visitor: FromVisitor, asked: FromForm) -> Response:
    """The log of all pilots as a document to keep."""
    log.check_office(request.app.state.offices, visitor.name)
    return _export(request, session, visitor, None, asked)


def _export(request: Request, session: Session, visitor: Visitor, place: Standing | None, asked: Asked) -> Response:
    wanted, wrong = _wanted(asked, place, _choices(session, place))
    if wrong:
        return _log_page(request, session, visitor, place, asked, 1)
    state, now = request.app.state, this_moment()
    partner = visitor.portrait.partner
    try:
        made = log_export.export(
            session,
            wanted,
            by=visitor.name,
            called=f"{visitor.portrait.display_name}, {partner}" if partner else visitor.portrait.display_name,
            portraits=state.portraits,
            witness=witness.file_of(state.site.state),
            now=now,
        )
    except KontorError as error:
        return _log_page(request, session, visitor, place, asked, 1, problem=error)
    return Response(
        document(made, house=state.site.settings.title),
        media_type="text/html",
        headers={
            "Content-Disposition": f'attachment; filename="{file_name(wanted.pilot, now)}"',
            "Cache-Control": "no-store",
        },
    )


def _log_page(
    request: Request,
    session: Session,
    visitor: Visitor,
    place: Standing | None,
    asked: Asked,
    number: int,
    *,
    problem: KontorError | None = None,
) -> Response:
    """The page with the form as it was sent; what is wrong in it stands beside its field, and nothing is listed."""
    choices = _choices(session, place)
    wanted, wrong = _wanted(asked, place, choices)
    total = 0 if wrong else reading.count(session, wanted)
    pages = max(1, -(-total // PER_PAGE))
    number = min(number, pages)
    entries = [] if wrong else reading.entries(session, wanted, offset=(number - 1) * PER_PAGE, limit=PER_PAGE)
    shown: dict[str, Any] = {
        "asked": asked,
        "wrong": wrong,
        "problem": problem,
        "choices": choices,
        "groups": GROUPS,
        "lines": log.told(session, entries, request.app.state.portraits),
        "days": [] if wrong else log.last_days(session, wanted, now=this_moment()),
        "total": total,
        "first": (number - 1) * PER_PAGE + 1,
        "number": number,
        "near": _near(number, pages),
        "office": request.app.state.offices.of(visitor.name),
        "status": 422 if wrong else problem.status if problem else 200,
    }
    if place is not None:
        return pilot_page(request, "log.html", visitor=visitor, place=place, tab="log", **shown)
    return page(request, "log_all.html", visitor=visitor, here="log", **shown)


def _choices(session: Session, place: Standing | None) -> Choices:
    slug = place.pilot.slug if place else None
    titles = {} if place else {one.slug: one.title for one in store.everything(session)}
    return Choices(
        people=log.people_to_choose(session, reading.accounts(session, slug)),
        datasets={one: one for one in reading.datasets(session, slug)},
        pilots={} if place else {one: titles.get(one, one) for one in reading.pilots(session)},
    )


def _wanted(asked: Asked, place: Standing | None, choices: Choices) -> tuple[Wanted, dict[str, str]]:
    """What the form asks for, and what is wrong in which field."""
    wrong: dict[str, str] = {}
    known: dict[str, Collection[str]] = {
        "pilot": choices.pilots,
        "person": choices.people,
        "dataset": choices.datasets,
        "group": GROUPS,
    }
    for field, values in known.items():
        if (value := getattr(asked, field)) and value not in values:
            wrong[field] = _("This is not in the list. Choose one of the list.")
    days = {field: _day(getattr(asked, field), field, wrong) for field in ("first", "last")}
    if wrong:
        return Wanted(), wrong
    try:
        found = log.wanted(
            pilot=place.pilot.slug if place else asked.pilot or None,
            person=asked.person or None,
            dataset=asked.dataset or None,
            group=asked.group or None,
            **days,
        )
    except KontorError as error:
        return Wanted(), {"last": error.message}
    return found, wrong


def _day(text: str, field: str, wrong: dict[str, str]) -> date | None:
    try:
        found = date.fromisoformat(text) if text else None
    except ValueError:
        wrong[field] = _("Write the day as year, month and day, for example 2026-06-03.")
        return None
    if found is not None and (mistake := log.mistake_in_day(found)):
        wrong[field] = mistake
    return found


def _near(number: int, pages: int) -> list[int]:
    """The numbers of pages to offer: the first, the last, and those around this one."""
    return sorted(
        {one for one in (1, number - 2, number - 1, number, number + 1, number + 2, pages) if 1 <= one <= pages}
    )
