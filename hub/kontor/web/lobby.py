"""The lobby: my pilots, who is in them now, what is new, the consortium; and the waiting room for who has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor.audit import trail
from kontor.audit.actions import NEWS
from kontor.audit.sentences import people_in, sentence
from kontor.database import now as this_moment
from kontor.people import store as people
from kontor.people.partners import Partners
from kontor.people.requests import InSession
from kontor.pilots import members, standing
from kontor.pilots.view import PilotView, pilot_view
from kontor.web.pages import COUNTRIES, page
from kontor.web.signin import FromVisitor, Visitor

router = APIRouter(include_in_schema=False)
_ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Bar:
    """One country in the picture of the consortium; `length` is a share of the longest bar, in percent."""

    country: str
    count: int
    length: int


@dataclass(frozen=True)
class Consortium:
    """Who works together: people in active pilots, by the country of their partner."""

    bars: list[Bar]
    people: int
    partners: int
    pilots: int


@router.get("/")
def lobby(request: Request, session: InSession, visitor: FromVisitor) -> Response:
    pilots = views_of(request, session, visitor)
    if not pilots:
        return RedirectResponse(f"{request.app.state.site.service_prefix}waiting", 303)
    titles = {pilot.slug: pilot.title for pilot in pilots}
    return page(
        request,
        "lobby.html",
        visitor=visitor,
        here="lobby",
        greeting=greeting(this_moment()),
        first_name=visitor.portrait.display_name.split()[0],
        pilots=pilots,
        at_work=others_at_work(pilots, visitor),
        news=news_of(session, titles),
        titles=titles,
        consortium=consortium(session, request.app.state.partners),
    )


@router.get("/waiting")
def waiting(request: Request, session: InSession, visitor: FromVisitor) -> Response:
    if members.has_pilot(session, visitor.name):
        return RedirectResponse(request.app.state.site.service_prefix, 303)
    return page(
        request,
        "waiting.html",
        visitor=visitor,
        here="lobby",
        consortium=consortium(session, request.app.state.partners),
    )


@router.get("/pilots")
def pilots(request: Request, session: InSession, visitor: FromVisitor) -> Response:
    partners: Partners = request.app.state.partners
    return page(
        request,
        "pilots.html",
        visitor=visitor,
        here="pilots",
        pilots=views_of(request, session, visitor),
        partners={code: [one for one in partners if one.country == code] for code in COUNTRIES},
        consortium=consortium(session, partners),
    )


@router.get("/fragments/here")
def people_here(request: Request, session: InSession, visitor: FromVisitor) -> Response:
    """Who is in each of my pilots now; every list finds its own place on the page."""
    pilots = views_of(request, session, visitor)
    at_work = others_at_work(pilots, visitor)
    return page(request, "fragments/here.html", visitor=visitor, pilots=pilots, at_work=at_work)


@dataclass(frozen=True)
class News:
    """A line of what is new."""

    moment: datetime
    pilot: str
    text: str


def news_of(session: Session, pilots: Iterable[str]) -> list[News]:
    """What is new in these pilots, newest first."""
    entries = trail.latest(session, pilots, actions=NEWS)
    called = {name: one.display_name for name, one in people.by_names(session, people_in(entries)).items()}
    return [News(one.moment, one.pilot or "", sentence(one, called)) for one in entries]


def others_at_work(pilots: list[PilotView], visitor: Visitor) -> int:
    """How many people beside the visitor are in the workspaces of these pilots now."""
    return len({name for pilot in pilots for name in pilot.here} - {visitor.name})


def views_of(request: Request, session: Session, visitor: Visitor) -> list[PilotView]:
    """A visitor's pilots as they see them, those where somebody is at work first."""
    state = request.app.state
    views = [
        pilot_view(
            session,
            place,
            portraits=state.portraits,
            here=state.presence.here(place.pilot.slug),
            service_url=state.site.service_public_url,
        )
        for place in standing.all_of_person(session, visitor.name, states=("active", "closing"))
    ]
    return sorted(views, key=lambda view: not view.here)


def greeting(moment: datetime) -> str:
    """How one greets at this time of day in Lund, Copenhagen, Hamburg and Oslo."""
    hour = moment.astimezone(_ZONE).hour
    if 5 <= hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= hour < 18 else "Good evening"


def consortium(session: Session, partners: Partners) -> Consortium:
    """The numbers behind the picture, counted from the tables."""
    active = members.all_working(session)
    known = people.by_names(session, {name for members in active.values() for name in members})
    count = Counter(COUNTRIES.get(person.country or "", "elsewhere") for person in known.values())
    longest = max(count.values(), default=1)
    bars = [Bar(country, number, round(100 * number / longest)) for country, number in count.most_common()]
    return Consortium(bars, len(known), len(partners), len(active))
