"""The page of the proposal's form, filled in as it was, with what is wrong and how it will look."""

from __future__ import annotations

from typing import Any

from babel import Locale
from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kontor.database import now as this_moment
from kontor.errors import KontorError
from kontor.pilots import helix, store
from kontor.pilots.life import revisions
from kontor.pilots.life.api import house_of
from kontor.pilots.life.choices import FACILITIES, NOTEBOOKS
from kontor.pilots.life.draft import GUARDED, Draft, hints_for
from kontor.pilots.life.plan import plan_of
from kontor.pilots.life.proposals import House
from kontor.pilots.lifecycle import day_of
from kontor.pilots.membership import people_search
from kontor.pilots.model import CLASSES
from kontor.pilots.standing import Standing
from kontor.roles import ROLES
from kontor.web.pages import page
from kontor.web.proposal_form import FORM_OF, Typed, hour_price
from kontor.web.signin import Visitor
from kontor.web.timeline import timeline
from kontor.words import N_, language

NEARBY = "SE DK DE NO FI IS NL BE LU FR CH AT LI IT ES PT IE GB PL CZ SK HU SI HR EE LV LT RO BG GR CY MT UA US CA JP"
GIVEN_ROLES = tuple(role for role in ROLES if role != "steward")
CLASS_WORDS = {
    "open": N_("Anybody may see it: published data, test samples, phantoms."),
    "standard": N_(
        "Unpublished measurements; the pilot sees them, and whoever gets a link to a single document. "
        "Nothing about people that could be traced."
    ),
    "sensitive": N_("About people, without names but perhaps traceable; or secrets of a company."),
    "clinical": N_("From the care of patients, such as images or records, even if names were taken out."),
}
FIELD_WORDS = {
    "title": N_("Title"),
    "question": N_("Question"),
    "partners": N_("Who takes part"),
    "facility": N_("Facility"),
    "technique": N_("Technique"),
    "data_wanted": N_("Data wanted"),
    "class": N_("Kind of data"),
    "agreement": N_("Agreement"),
    "agreement_ends": N_("Last day of the agreement"),
    "people": N_("People"),
    "starts": N_("First day"),
    "ends": N_("Last day"),
    "hours": N_("Computing hours"),
    "slug": N_("Short name"),
}


def form_page(
    request: Request,
    session: Session,
    visitor: Visitor,
    typed: Typed,
    *,
    place: Standing | None = None,
    allowed: frozenset[str] | None = None,
    checked: Draft | None = None,
    problem: KontorError | None = None,
) -> Response:
    """The form, filled in as it was; with what is wrong, what is there now, or how it looks before it is sent."""
    house = house_of(request)
    status = problem.status if problem else 422 if typed.mistakes else 200
    stale = problem is not None and problem.code == "changed_meanwhile"
    there = revisions.draft_of(session, place.pilot) if place and stale else None
    fields = {FORM_OF.get(name, name) for name in allowed} if allowed is not None else {*FIELD_WORDS, "others"}
    budget = house.settings.budget
    return page(
        request,
        "proposal_form.html",
        visitor=visitor,
        here="pilots",
        status=status,
        typed=typed,
        fields=fields,
        pilot=place.pilot if place else None,
        problem=problem,
        differences=_differences(typed, Typed.of(there, budget), house, fields) if there else [],
        now_version=place.pilot.version if place else 0,
        checked=_look(checked, house) if checked else None,
        choices=_choices(session, visitor, house),
        budget=budget,
        hour_price=hour_price(budget),
        rules=house.settings.pilots,
        field_words=FIELD_WORDS,
        today=day_of(this_moment()),
    )


def _choices(session: Session, visitor: Visitor, house: House) -> dict[str, Any]:
    territories = Locale.parse(language()).territories
    grouped: dict[str, list[Any]] = {}
    for partner in house.partners:
        grouped.setdefault(partner.country, []).append(partner)
    return {
        "partners": grouped,
        "facilities": FACILITIES,
        "techniques": tuple(NOTEBOOKS),
        "classes": {name: CLASS_WORDS[name] for name in CLASSES},
        "guarded": GUARDED,
        "sectors": helix.SECTORS,
        "countries": {code: territories[code] for code in NEARBY.split()},
        "people": sorted(people_search.circle(session, visitor.name), key=lambda one: one.display_name.casefold()),
        "roles": GIVEN_ROLES,
    }


def _look(draft: Draft, house: House) -> dict[str, Any]:
    """How a proposal will stand there: its mix, its hints, its dates."""
    today = day_of(this_moment())
    pilot = store.Pilot(
        "xx",
        draft.title,
        draft.question,
        draft.class_,
        "proposed",
        None,
        None,
        None,
        draft.starts,
        draft.ends,
        agreement_ends=draft.agreement_ends,
    )
    dates = plan_of(pilot, house.settings.pilots, today=today, proposed=today)
    return {
        "mix": helix.mix(draft.organisations, house.partners),
        "hints": hints_for(draft, partners=house.partners),
        "timeline": timeline(dates, today=today),
    }


def _differences(typed: Typed, there: Typed, house: House, fields: set[str]) -> list[tuple[str, str, str]]:
    """(field, what is there now, what they typed) where the two differ."""
    found = [
        (name, there.get(name), typed.get(name))
        for name in FIELD_WORDS
        if name in fields and name != "partners" and there.get(name).split() != typed.get(name).split()
    ]
    here, mine = _organisations(there, house), _organisations(typed, house)
    if here != mine:
        found.append(("partners", here, mine))
    return found


def _organisations(typed: Typed, house: House) -> str:
    known = [partner.name for partner in house.partners if partner.slug in typed.partners]
    return ", ".join([*known, *sorted(one.name for one in typed.others)])
