"""The page of the consortium: all pilots with filters, a picture of who works with whom, and the funder's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.responses import Response

from kontor.audit import trail
from kontor.database import now as this_moment
from kontor.people.partners import Partners
from kontor.people.requests import InSession
from kontor.pilots import consortium
from kontor.pilots.budget import standing as budget
from kontor.pilots.consortium import SORTS, Filters
from kontor.pilots.consortium_report import Flavour, report
from kontor.pilots.helix import OTHER
from kontor.pilots.lifecycle import day_of
from kontor.pilots.snapshot import LISTED, Consortium, Entry, Snapshot
from kontor.web.network import network
from kontor.web.pages import page, part
from kontor.web.reading import reading
from kontor.web.signin import FromAccount, FromVisitor, Visitor, visitor_of
from kontor.web.tables import COUNTRIES
from kontor.words import N_, Spoken, language

router = APIRouter(include_in_schema=False)
PER_PAGE = 25
USUAL = {"sort": "title", "page": 1}
PLACES = Spoken({**COUNTRIES, OTHER: N_("elsewhere")})
STATES = Spoken({state: state for state in LISTED})
FIELDS = ("country", "sector", "technique", "facility", "state")
SORTED = {
    "title": N_("by title"),
    "starts": N_("newest first"),
    "ends": N_("ending soonest first"),
    "people": N_("most people first"),
}
assert tuple(SORTED) == SORTS
Sort = Literal["title", "starts", "ends", "people"]
Short = Annotated[str, Query(max_length=100)]


def _filters(
    country: Short = "",
    sector: Short = "",
    partner: Short = "",
    facility: Short = "",
    technique: Short = "",
    state: Short = "",
    text: Short = "",
) -> Filters:
    return Filters(country, sector, partner, facility, technique, state, text.strip())


FromFilters = Annotated[Filters, Depends(_filters)]


@dataclass(frozen=True)
class Bar:
    """How many of the pilots asked for have something; `filters` asks for those alone, `share` is in percent."""

    value: str
    count: int
    share: int
    filters: Filters


@dataclass(frozen=True)
class Counts:
    """The numbers above the picture."""

    pilots: int
    partners: int
    others: int
    crossing: int
    whole: int


@dataclass(frozen=True)
class Drawn:
    """What a page draws of a snapshot for some filters, the same for everybody who may see it."""

    found: list[Entry]
    counts: Counts
    asking: Markup
    pictures: Markup


@dataclass(frozen=True)
class Line:
    """A pilot in the list; `role` is the reader's, `cells` what is the same for every reader."""

    entry: Entry
    role: str | None
    cells: Markup


@router.get("/consortium")
async def consortium_page(
    request: Request,
    account: FromAccount,
    filters: FromFilters,
    sort: Sort = "title",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    def read(session: Session) -> Response:
        return _page(request, session, visitor_of(request, session, account), filters, sort, number)

    return await reading(request, read)


def _page(request: Request, session: Session, visitor: Visitor, filters: Filters, sort: Sort, number: int) -> Response:
    snapshot = _snapshot(request, session, visitor)
    drawn = snapshot.once("page", (language(), filters, sort), lambda: _draw(request, snapshot, filters, sort))
    pages = max(1, -(-len(drawn.found) // PER_PAGE))
    number = min(number, pages)
    first = (number - 1) * PER_PAGE
    roles = snapshot.roles.get(visitor.name, {})
    return page(
        request,
        "consortium.html",
        visitor=visitor,
        here="consortium",
        filters=filters,
        given=_named(request, filters),
        drawn=drawn,
        lines=[_line(request, snapshot, one, roles) for one in drawn.found[first : first + PER_PAGE]],
        first=first + 1,
        everything=len(snapshot.listed),
        sort=sort,
        sorts=SORTED,
        number=number,
        pages=pages,
        office=request.app.state.offices.of(visitor.name),
        address=address,
        places=PLACES,
        states=STATES,
    )


@router.get("/consortium.csv")
def consortium_csv(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    filters: FromFilters,
    sort: Sort = "title",
    flavour: Annotated[Flavour, Query(alias="for")] = "plain",
) -> Response:
    """The funder's report. Budgets are for offices; the columns stay empty for others."""
    snapshot = _snapshot(request, session, visitor)
    found = consortium.arranged(filters.keep(snapshot.listed), sort)
    used = None
    if request.app.state.offices.of(visitor.name):
        budgets = budget.of_many(session, [one.pilot.slug for one in found], request.app.state.site.settings.budget)
        used = {slug: one.used for slug, one in budgets.items()}
    text = report(found, used=used, flavour=flavour)
    trail.record(session, "report_exported", actor=visitor.name, pilots=len(found))
    name = f"pilots-{day_of(this_moment()).isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text.encode(), media_type="text/csv; charset=utf-8; header=present", headers=headers)


def address(filters: Filters, **more: Any) -> str:
    """The query that leads to what these filters ask for."""
    return urlencode({**filters.given, **{key: value for key, value in more.items() if value != USUAL.get(key)}})


def _snapshot(request: Request, session: Session, visitor: Visitor) -> Snapshot:
    state = request.app.state
    consortium.must_see(session, visitor.name, partner=visitor.portrait.partner, offices=state.offices)
    kept: Consortium = state.consortium
    return kept.now(session)


def _draw(request: Request, snapshot: Snapshot, filters: Filters, sort: str) -> Drawn:
    found = filters.keep(snapshot.listed)
    options = {name: consortium.choices(snapshot.listed, filters, name) for name in FIELDS}
    partners: Partners = request.app.state.partners
    words = {"filters": filters, "address": address, "places": PLACES, "states": STATES}
    asking = part(request, "consortium_ask.html", options=options, sort=sort, sorts=SORTED, **words)
    pictures = part(
        request,
        "consortium_pictures.html",
        network=network(found, partners, filters),
        bars={name: _bars(options[name], filters, name) for name in ("country", "sector", "state")},
        **words,
    )
    return Drawn(consortium.arranged(found, sort), _counts(found, partners), asking, pictures)


def _line(request: Request, snapshot: Snapshot, one: Entry, roles: Mapping[str, str]) -> Line:
    def draw() -> Markup:
        return part(request, "consortium_cells.html", one=one, places=PLACES, states=STATES)

    cells = snapshot.once("row", ("cells", language(), one.pilot.slug), draw)
    return Line(one, roles.get(one.pilot.slug), cells)


def _bars(options: Mapping[str, int], filters: Filters, name: str) -> list[Bar]:
    longest = max(options.values(), default=1)
    return [
        Bar(value, count, round(100 * count / longest), filters.but(**{name: value}))
        for value, count in options.items()
    ]


def _counts(found: Sequence[Entry], table: Partners) -> Counts:
    organisations = {one.slug for entry in found for one in entry.mix.organisations}
    ours = {slug for slug in organisations if table.get(slug)}
    return Counts(
        pilots=len(found),
        partners=len(ours),
        others=len(organisations - ours),
        crossing=sum(one.mix.crosses_borders for one in found),
        whole=sum(not one.mix.missing for one in found),
    )


def _named(request: Request, filters: Filters) -> dict[str, tuple[str, Filters]]:
    """What is asked for: name of the filter -> its value in words, and the filters without it."""
    partner = request.app.state.partners.get(filters.partner)
    words = {**filters.given, **({"partner": partner.name} if partner else {})}
    return {name: (words[name], filters.but(**{name: ""})) for name in filters.given}
