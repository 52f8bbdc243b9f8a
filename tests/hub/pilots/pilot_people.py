"""A pilot with people of each kind in it, for the tests of members and invitations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from kontor.people import store as people
from kontor.people.offices import Offices
from kontor.pilots import members, store
from kontor.pilots.membership.governing import Governor
from kontor.settings import PilotSettings

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
NOW = START + timedelta(days=10)
TODAY = date(2026, 3, 11)
KNEE, OTHER = "knee-mr", "other-pilot"

PARTNERS: dict[str, str | None] = {
    "lead": "lund-university",
    "editor": "desy",
    "viewer": "desy",
    "stranger": "lund-university",
    "guest": None,
    "steward": "desy",
    "other": "rigshospitalet",
}


def introduce(session: Session, subject: str, partner: str | None = None, name: str | None = None) -> str:
    return people.introduce(
        session,
        issuer="demo",
        subject=subject,
        display_name=name or subject.title(),
        partner=partner,
        country=None,
        now=START,
    ).name


def a_pilot(slug: str = KNEE, **values: Any) -> store.Pilot:
    given: dict[str, Any] = {
        "slug": slug,
        "title": slug.title(),
        "question": "Why?",
        "class_": "standard",
        "state": "active",
        "technique": None,
        "facility": None,
        "notebook": None,
        "starts": date(2026, 3, 1),
        "ends": None,
        **values,
    }
    return store.Pilot(**given)


def fill(session: Session, **values: Any) -> dict[str, str]:
    """Two pilots, the first with a lead, an editor and a viewer; returns account names by kind."""
    who = {subject: introduce(session, subject, partner) for subject, partner in PARTNERS.items()}
    store.create(session, a_pilot(**values), now=START)
    store.create(session, a_pilot(OTHER), now=START)
    for kind in ("lead", "editor", "viewer"):
        members.add(session, KNEE, who[kind], kind, now=START)
    members.add(session, OTHER, who["other"], "lead", now=START)
    session.commit()
    return who


def governor(who: dict[str, str], kind: str) -> Governor:
    """Somebody of a kind as who changes people; the steward holds the office."""
    return Governor(who[kind], Offices(stewards=frozenset({who["steward"]})), PilotSettings())
