"""The lobby: my pilots, who is in them now, what is new, the consortium; who has none is sent to the waiting room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor.audit import trail
from kontor.audit.actions import NEWS
from kontor.audit.sentences import people_in, sentence
from kontor.audit.trail import Entry
from kontor.database import now as this_moment
from kontor.people import store as people
from kontor.people.partners import Partners
from kontor.pilots.helix import COUNTRIES as ORDER
from kontor.pilots.helix import OTHER
from kontor.pilots.life import proposals
from kontor.pilots.snapshot import Snapshot
from kontor.quantities import ZONE
from kontor.web.join import people_waiting_for
from kontor.web.pages import page, part
from kontor.web.pilots_list import GROUPS, Row, drawn, rows_of
from kontor.web.reading import reading
from kontor.web.signin import FromAccount, Visitor, visitor_of
from kontor.web.tables import COUNTRIES
from kontor.words import _, language

router = APIRouter(include_in_schema=False)
MOST_ROWS = 12


@dataclass(frozen=True)
class Bar:
    """One country in the picture of the consortium; `length` is a share of the longest bar, in percent."""

    country: str
    count: int
    length: int
    other: bool = False


@dataclass(frozen=True)
class Consortium:
    """Who works together: people in pilots at work, by the country of their partner."""

    bars: list[Bar]
    people: int
    partners: int
    pilots: int


@router.get("/")
async def lobby(request: Request, account: FromAccount) -> Response:
    return await reading(request, lambda session: _lobby(request, session, visitor_of(request, session, account)))


def _lobby(request: Request, session: Session, visitor: Visitor) -> Response:
    state = request.app.state
    snapshot: Snapshot = state.consortium.now(session)
    rows = rows_of(request, session, visitor, snapshot)
    office = state.offices.of(visitor.name)
    if not rows and office is None:
        return RedirectResponse(f"{state.site.service_prefix}waiting", 303)
    titles = {row.slug: row.title for row in rows}
    shown = [row for row in rows if row.mode != "record"][:MOST_ROWS] or rows[:MOST_ROWS]
    return page(
        request,
        "lobby.html",
        visitor=visitor,
        here="lobby",
        greeting=greeting(this_moment()),
        first_name=(visitor.portrait.display_name.split() or [visitor.portrait.display_name])[0],
        pilots=[drawn(request, snapshot, row) for row in shown],
        more=len(rows) - len(shown),
        has_lab=any(row.pilot.state == "active" for row in rows),
        at_work=others_at_work(rows, visitor),
        office=office,
        waiting=snapshot.waiting,
        people_waiting=snapshot.once(
            "news", ("waiting", visitor.name), lambda: people_waiting_for(session, visitor.name)
        ),
        news=news_of(session, snapshot, titles),
        titles=titles,
        consortium=consortium(snapshot, state.partners),
    )


@router.get("/pilots")
async def pilots(request: Request, account: FromAccount) -> Response:
    return await reading(request, lambda session: _pilots(request, session, visitor_of(request, session, account)))


def _pilots(request: Request, session: Session, visitor: Visitor) -> Response:
    state = request.app.state
    partners: Partners = state.partners
    snapshot: Snapshot = state.consortium.now(session)
    rows = rows_of(request, session, visitor, snapshot)
    groups = {
        mode: (_(words), [drawn(request, snapshot, row) for row in rows if row.mode == mode])
        for mode, words in GROUPS.items()
    }
    return page(
        request,
        "pilots.html",
        visitor=visitor,
        here="pilots",
        groups={mode: (words, found) for mode, (words, found) in groups.items() if found},
        may_propose=proposals.may_propose(session, visitor.name, state.offices),
        partners=snapshot.once("row", ("partners", language()), lambda: _partners(request, partners)),
        consortium=consortium(snapshot, partners),
    )


def _partners(request: Request, partners: Partners) -> Markup:
    groups = {code: [one for one in partners if one.country == code] for code in COUNTRIES}
    return part(request, "partners.html", partners=groups)


@router.get("/fragments/here")
async def people_here(request: Request, account: FromAccount) -> Response:
    """Who is in each of my pilots now; every list finds its own place on the page."""
    return await reading(request, lambda session: _people_here(request, session, visitor_of(request, session, account)))


def _people_here(request: Request, session: Session, visitor: Visitor) -> Response:
    rows = rows_of(request, session, visitor, request.app.state.consortium.now(session))
    at_work = others_at_work(rows, visitor)
    working = [row for row in rows if row.mode == "working"]
    return page(request, "fragments/here.html", visitor=visitor, pilots=working, at_work=at_work)


@dataclass(frozen=True)
class News:
    """A line of what is new."""

    moment: datetime
    pilot: str
    text: str


def news_of(session: Session, snapshot: Snapshot, pilots: Iterable[str]) -> list[News]:
    """What is new in these pilots, newest first."""

    def read() -> tuple[list[Entry], dict[str, str]]:
        entries = trail.latest(session, pilots, actions=NEWS)
        return entries, {name: one.display_name for name, one in people.by_names(session, people_in(entries)).items()}

    entries, called = snapshot.once("news", tuple(pilots), read)
    return [News(one.moment, one.pilot or "", sentence(one, called)) for one in entries]


def others_at_work(rows: Iterable[Row], visitor: Visitor) -> int:
    """How many people beside the visitor are in the workspaces of these pilots now."""
    return len({one.name for row in rows for one in row.people_here} - {visitor.name})


def greeting(moment: datetime) -> str:
    """How one greets at this time of day in Lund, Copenhagen, Hamburg and Oslo."""
    hour = moment.astimezone(ZONE).hour
    if 5 <= hour < 12:
        return _("Good morning")
    return _("Good afternoon") if 12 <= hour < 18 else _("Good evening")


def consortium(snapshot: Snapshot, partners: Partners) -> Consortium:
    """The numbers behind the picture."""
    count = {code: snapshot.people_by_country.get(code, 0) for code in (*ORDER, OTHER)}
    longest = max(count.values(), default=0) or 1
    bars = [
        Bar(_("elsewhere") if code == OTHER else COUNTRIES[code], number, round(100 * number / longest), code == OTHER)
        for code, number in sorted(count.items(), key=lambda item: -item[1])
        if number
    ]
    return Consortium(bars, snapshot.people, len(partners), snapshot.working)
