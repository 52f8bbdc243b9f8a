"""Routes about the log: `/api/pilots/{slug}/audit`, `/api/audit`, and the same as one document.

People with standing only: leads and stewards of the pilot, stewards and operators of the house. A workspace or a
cluster, which several people share, reads no log.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from kontor.audit import reading, witness
from kontor.audit.proof import Proof
from kontor.audit.reading import Wanted
from kontor.audit.trail import Detail
from kontor.database import now as this_moment
from kontor.errors import NotAllowed
from kontor.names import SLUG_MAX, SLUG_MIN
from kontor.people import store as people
from kontor.people.callers import Caller
from kontor.people.paging import FromPaging, Page, Paging
from kontor.people.refusals import refusals
from kontor.people.requests import FromCaller, FromManager, InSession
from kontor.pilots import standing
from kontor.pilots.logbook import export as log_export
from kontor.pilots.logbook import log
from kontor.pilots.logbook.log import Line
from kontor.words import _

router = APIRouter(tags=["log"])
Slug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=SLUG_MIN, max_length=SLUG_MAX)]


class LogEntry(BaseModel):
    """Something that happened. `text` tells it in English; `hash` and `previous` are its place in the chain."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    moment: datetime
    action: str
    text: str
    actor: str
    actor_name: str
    actor_partner: str | None
    pilot: str | None
    person: str | None
    person_name: str | None
    dataset: str | None
    details: dict[str, Detail]
    previous: str
    hash: str


class ChainState(BaseModel):
    """What a look at the whole chain showed; `first_wrong` is the first entry that is not what was written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    holds: bool
    sentence: str
    kind: str | None
    first_wrong: int | None
    entries: int
    head: str
    witnessed_up_to: int


class LogDocument(BaseModel):
    """The log, or a part of it, with the proof of the whole chain."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pilot: str | None
    made_by: str
    made: datetime
    chain: ChainState
    glossary: dict[str, str]
    entries: list[LogEntry]


class Asked(BaseModel):
    """Which entries; days are those of the consortium's countries, both included."""

    model_config = ConfigDict(frozen=True)

    person: str | None
    dataset: str | None
    group: str | None
    first: date | None
    last: date | None

    def wanted(self, pilot: str | None) -> Wanted:
        return log.wanted(pilot=pilot, **self.model_dump())


def _asked(
    person: Annotated[
        str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$", description="Account: what it did, or what it was about.")
    ] = None,
    dataset: Annotated[str | None, Query(pattern=r"^[a-z0-9/-]{1,60}$", description="Id of a data set.")] = None,
    group: Annotated[str | None, Query(max_length=20, description="Kind of entry, such as `members`.")] = None,
    first: Annotated[date | None, Query(alias="from", description="First day.")] = None,
    last: Annotated[date | None, Query(alias="until", description="Last day.")] = None,
) -> Asked:
    return Asked(person=person, dataset=dataset, group=group, first=first, last=last)


FromAsked = Annotated[Asked, Depends(_asked)]


@router.get("/pilots/{slug}/audit", summary="The log of a pilot", responses=refusals(400, 404))
def pilot_log(
    request: Request, session: InSession, caller: FromCaller, slug: Slug, asked: FromAsked, paging: FromPaging
) -> Page[LogEntry]:
    """Newest first. For leads and stewards of the pilot, and stewards and operators of the house."""
    _check_pilot(request, session, caller, slug)
    return _page(request, session, asked.wanted(slug), paging)


@router.post("/pilots/{slug}/audit/export", summary="The log of a pilot as one document", responses=refusals(400, 404))
def export_pilot_log(
    request: Request, session: InSession, caller: FromManager, slug: Slug, asked: FromAsked
) -> LogDocument:
    """Oldest first, with the proof of the whole chain. That it was made is recorded."""
    _check_pilot(request, session, caller, slug)
    return _document(request, session, caller, asked.wanted(slug))


@router.get("/audit", summary="The log of all pilots", responses=refusals(400))
def whole_log(
    request: Request, session: InSession, caller: FromCaller, asked: FromAsked, paging: FromPaging
) -> Page[LogEntry]:
    """Newest first, with what belongs to no pilot. For stewards and operators of the house."""
    _check_office(request, caller)
    return _page(request, session, asked.wanted(None), paging)


@router.post("/audit/export", summary="The log of all pilots as one document", responses=refusals(400))
def export_whole_log(request: Request, session: InSession, caller: FromManager, asked: FromAsked) -> LogDocument:
    """Oldest first, with the proof of the whole chain. That it was made is recorded."""
    _check_office(request, caller)
    return _document(request, session, caller, asked.wanted(None))


def _check_pilot(request: Request, session: Session, caller: Caller, slug: str) -> None:
    _check_person(caller)
    log.for_reading(standing.of_person(session, caller.name, slug, offices=request.app.state.offices))


def _check_office(request: Request, caller: Caller) -> None:
    _check_person(caller)
    log.check_office(request.app.state.offices, caller.name)


def _check_person(caller: Caller) -> None:
    if caller.kind != "person":
        raise NotAllowed(_("Only people read the log."), code="wrong_caller")


def _page(request: Request, session: Session, wanted: Wanted, paging: Paging) -> Page[LogEntry]:
    entries = reading.entries(session, wanted, offset=paging.offset, limit=paging.limit)
    return Page[LogEntry](
        items=[_entry(one) for one in log.told(session, entries, request.app.state.portraits)],
        total=reading.count(session, wanted),
        offset=paging.offset,
        limit=paging.limit,
    )


def _document(request: Request, session: Session, caller: Caller, wanted: Wanted) -> LogDocument:
    state = request.app.state
    known = people.get(session, caller.name)
    made = log_export.export(
        session,
        wanted,
        by=caller.name,
        called=known.display_name if known else caller.name,
        portraits=state.portraits,
        witness=witness.file_of(state.site.state),
        now=this_moment(),
    )
    return LogDocument(
        pilot=wanted.pilot,
        made_by=made.made_by,
        made=made.made,
        chain=_chain(made.proof),
        glossary={one.action: one.text for one in made.glossary},
        entries=[_entry(one) for one in made.lines],
    )


def _chain(proof: Proof) -> ChainState:
    return ChainState(
        holds=proof.holds,
        sentence=proof.sentence,
        kind=proof.finding.kind if proof.finding else None,
        first_wrong=proof.finding.number if proof.finding else None,
        entries=proof.entries,
        head=proof.head,
        witnessed_up_to=proof.seen,
    )


def _entry(line: Line) -> LogEntry:
    return LogEntry(
        **vars(line.entry),
        text=line.text,
        actor_name=line.who,
        actor_partner=line.by.partner if line.by else None,
        person_name=line.about.display_name if line.about else None,
    )
