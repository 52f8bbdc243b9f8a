"""Drafts and pilots for the tests of the life cycle, on a day of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from kontor.people.offices import Offices
from kontor.people.partners import load_partners
from kontor.pilots import members, store
from kontor.pilots.life import proposals
from kontor.pilots.life.draft import Draft
from kontor.pilots.life.proposals import House
from kontor.settings import Settings

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY = date(2026, 3, 2)
STEWARD = "u" + "s" * 24
HOUSE = House(Settings(), load_partners(), Offices(stewards=frozenset({STEWARD})))
RULES = HOUSE.settings.pilots


def a_draft(**values: Any) -> Draft:
    given: dict[str, Any] = {
        "title": "Cartilage under load",
        "question": "Does it tear before one sees it?",
        "class_": "standard",
        "starts": date(2026, 4, 1),
        "ends": date(2027, 3, 31),
        "partners": ("desy", "lund-university"),
        "credits": 2000.0,
        **values,
    }
    return Draft(**given)


def proposed(session: Session, by: str, **values: Any) -> store.Pilot:
    """A pilot that somebody proposed; they need not be of a partner."""
    house = House(HOUSE.settings, HOUSE.partners, Offices(stewards=frozenset({by})))
    return proposals.propose(session, a_draft(**values), by=by, house=house, now=NOW)


def a_pilot(session: Session, lead: str, *, slug: str = "knee-mr", state: str = "active", **values: Any) -> store.Pilot:
    """A pilot in some state, with its lead."""
    given: dict[str, Any] = {
        "title": "Knees",
        "question": "Why?",
        "class_": "standard",
        "technique": None,
        "facility": None,
        "notebook": None,
        "starts": date(2026, 1, 1),
        "ends": date(2026, 12, 31),
        "proposed_by": lead,
        **values,
    }
    pilot = store.create(session, store.Pilot(slug=slug, state=state, **given), now=NOW)
    members.add(session, slug, lead, "lead", now=NOW)
    return pilot
