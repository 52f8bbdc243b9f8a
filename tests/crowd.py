"""A consortium at full size, made up: 75 pilots, 1,000 people, 20,000 entries of the log; the same at every run.

Everything is entered through the functions that the service itself uses.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from kontor.audit import trail
from kontor.names import account_name
from kontor.people import store as people
from kontor.people.partners import load_partners
from kontor.pilots import members, store
from kontor.pilots.lifecycle import day_of
from kontor.pilots.store import Pilot, TakesPart

PILOTS, PEOPLE, ENTRIES = 75, 1000, 20_000
ROLES = ("editor", "editor", "runner", "viewer", "reviewer")
WHAT = ("Cartilage", "Plasma", "Membranes", "Implants", "Biofilms", "Bone", "Retina", "Myelin", "Catheters", "Vaccines")
HOW = ("under load", "in early sepsis", "at low temperature", "after ten years", "in children", "layer by layer")
SEEN = ("seen with neutrons", "in 7T MR", "in the beam", "cell by cell", "by mass", "in cryoEM", "in real time")
TECHNIQUES = ("7T MR", "cryoEM", "mass spectrometry", "neutron imaging", "synchrotron CT", "light-sheet microscopy")
FACILITIES = (
    "MAX IV",
    "European Spallation Source",
    "DESY PETRA III",
    "European XFEL",
    "EMBL Hamburg",
    "Lund Bioimaging",
)
COMPANIES = [
    (f"{first}{last}", country)
    for first in ("Hafnia", "Öresund", "Elbe", "Skagen", "Limfjord", "Alster")
    for last, country in (("Cell", "DK"), ("Pharma", "SE"), ("Optik", "DE"), ("Bio", "NO"), ("Tech", "FI"))
]
STATES = ("active",) * 11 + ("approved", "closing", "archived", "proposed")
NEWS = ("workspace_opened", "lab_started", "cluster_stopped", "data_added", "signed_in")


def people_in(session: Session, *, now: datetime) -> list[str]:
    """The people, each of whom signed in once; their account names."""
    draw, partners = random.Random(1), list(load_partners())
    names = []
    for number in range(PEOPLE):
        home = draw.choice(partners) if draw.random() < 0.9 else None
        subject = f"crowd-{number:04}@demo.kontor.localhost"
        person = people.record_login(
            session,
            name=account_name("demo", subject),
            issuer="demo",
            subject=subject,
            display_name=f"Person Number{number}",
            partner=home.slug if home else None,
            country=home.country if home else None,
            now=now,
        )
        names.append(person.name)
    return names


def pilots(*, now: datetime) -> Iterator[tuple[Pilot, list[TakesPart]]]:
    """The pilots with the organisations that take part."""
    draw, partners = random.Random(2), [one.slug for one in load_partners()]
    for number in range(PILOTS):
        starts = day_of(now) - timedelta(days=draw.randrange(20, 500))
        state = STATES[number % len(STATES)]
        begins = starts if state not in ("approved", "proposed") else day_of(now) + timedelta(days=30)
        taking = [TakesPart(slug) for slug in draw.sample(partners, draw.choice((1, 2, 2, 3, 3, 4)))]
        if draw.random() < 0.55:
            name, country = draw.choice(COMPANIES)
            taking.append(TakesPart(f"company.{name.lower()}", name, "company", country))
        yield (
            Pilot(
                slug=f"crowd-{number:02}",
                title=f"{draw.choice(WHAT)} {draw.choice(HOW)}, {draw.choice(SEEN)} ({number})",
                question="Does what one sees early tell what will happen late? Two kinds of measurement read the same.",
                class_=draw.choice(("open", "standard", "standard", "sensitive", "clinical")),
                state=state,
                technique=draw.choice(TECHNIQUES),
                facility=draw.choice(FACILITIES),
                notebook=None,
                starts=begins,
                ends=begins + timedelta(days=600),
            ),
            taking,
        )


def fill(sessions: sessionmaker[Session], *, also: Sequence[str] = (), now: datetime | None = None) -> list[str]:
    """Enter everything; returns the account names of the people.

    Parameters
    ----------
    also : sequence of str
        People who are there already and become members of some of the pilots, the first of them of 40.
    """
    moment = now or datetime.now(UTC)
    with sessions() as session, session.begin():
        names = people_in(session, now=moment)
    draw = random.Random(3)
    slugs = []
    for number, (pilot, taking) in enumerate(pilots(now=moment)):
        with sessions() as session, session.begin():
            store.create(session, pilot, now=moment)
            store.set_partners(session, pilot.slug, taking)
            group = draw.sample(names, draw.randrange(8, 40))
            for place, name in enumerate(group):
                members.add(session, pilot.slug, name, ROLES[place % 5] if place else "lead", now=moment)
            for place, name in enumerate(also):
                if number % 15 == place or (place == 0 and number < 40):
                    members.add(session, pilot.slug, name, "editor", now=moment)
        slugs.append(pilot.slug)
    write_log(sessions, slugs, names, now=moment)
    return names


def write_log(sessions: sessionmaker[Session], slugs: Sequence[str], names: Sequence[str], *, now: datetime) -> None:
    """Make the log as long as ENTRIES, in portions, so that others may write in between."""
    draw = random.Random(4)
    with sessions() as session:
        number = trail.last_number(session)
    while number < ENTRIES:
        with sessions() as session, session.begin():
            for _ in range(min(500, ENTRIES - number)):
                trail.record(
                    session,
                    draw.choice(NEWS),
                    actor=draw.choice(names),
                    pilot=draw.choice(slugs),
                    now=now,
                    title="a volume",
                )
            number = trail.last_number(session)
