"""Proposing a pilot: everybody who has a partner, is in a pilot or holds an office may."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.database import now as this_moment
from kontor.errors import Conflict, NotAllowed
from kontor.people import store as people
from kontor.people.offices import Offices
from kontor.people.partners import Partners
from kontor.pilots import members, store
from kontor.pilots.life import typed
from kontor.pilots.life.choices import notebook_for
from kontor.pilots.life.draft import Draft, WrongDraft, mistakes_in, named
from kontor.pilots.lifecycle import day_of
from kontor.pilots.membership import people_search
from kontor.pilots.model import STATES, PilotRow
from kontor.pilots.store import Pilot
from kontor.roles import ROLES
from kontor.settings import Settings
from kontor.words import _

MOST_OPEN: Final = 20
_MOST_READ: Final = 10_000


@dataclass(frozen=True)
class House:
    """What of the installation the rules for pilots need."""

    settings: Settings
    partners: Partners
    offices: Offices


def may_propose(session: Session, person: str, offices: Offices) -> bool:
    """Whether somebody may propose: has a partner, is a member of a pilot, or holds an office."""
    if offices.of(person):
        return True
    who = people.get(session, person)
    if who is None:
        return False
    return who.partner is not None or bool(members.pilots_of(session, person, states=STATES))


def propose(session: Session, draft: Draft, *, by: str, house: House, now: datetime | None = None) -> Pilot:
    """Make a pilot of a draft; who proposes it is its lead.

    Raises
    ------
    NotAllowed
        If they may not propose (`may_not_propose`).
    WrongDraft
        With everything that is wrong with it.
    Conflict
        If the short name is taken (`slug_taken`), or too many of their proposals wait (`too_many_proposals`).
    """
    moment = now or this_moment()
    trail.hold(session)
    if not may_propose(session, by, house.offices):
        raise NotAllowed(
            _("Pilots are proposed by people of a partner or a pilot. Ask somebody there to propose it with you."),
            code="may_not_propose",
        )
    draft = replace(draft, others=named(draft.others))
    found = mistakes_in(draft, partners=house.partners, settings=house.settings, today=day_of(moment))
    if mistake := _wrong_people(session, draft, by):
        found["people"] = mistake
    if found:
        raise WrongDraft(found)
    _refuse_many(session, by)
    slug = draft.slug or free_slug(session, draft.title)
    if store.get(session, slug) is not None:
        raise Conflict(_("There is a pilot with the short name {slug} already.").format(slug=slug), code="slug_taken")
    pilot = store.add(session, _pilot_of(draft, slug, by), now=moment)
    store.set_partners(session, slug, draft.organisations)
    trail.record(session, "pilot_proposed", actor=by, pilot=slug, now=moment)
    members.add(session, slug, by, "lead", by=by, now=moment)
    for person, role in draft.people:
        if person != by:
            members.add(session, slug, person, role, by=by, now=moment)
    return pilot


def free_slug(session: Session, title: str) -> str:
    """The short name that a pilot with this title gets."""
    return typed.free_slug(title, lambda slug: store.get(session, slug) is not None)


def waiting(session: Session) -> list[tuple[Pilot, datetime]]:
    """The proposals that wait for an answer, each with the moment since when; those that wait longest first."""
    rows = session.scalars(select(PilotRow).where(PilotRow.state == "proposed")).all()
    sent = trail.latest(session, [row.slug for row in rows], actions={"pilot_proposed"}, count=_MOST_READ)
    since = {one.pilot: one.moment for one in reversed(sent)}
    found = [(store.pilot_of(row), since.get(row.slug, row.changed)) for row in rows]
    return sorted(found, key=lambda one: one[1])


def _pilot_of(draft: Draft, slug: str, by: str) -> Pilot:
    return Pilot(
        slug=slug,
        title=draft.title,
        question=draft.question,
        class_=draft.class_,
        state="proposed",
        technique=draft.technique or None,
        facility=draft.facility or None,
        notebook=notebook_for(draft.technique),
        starts=draft.starts,
        ends=draft.ends,
        data_wanted=draft.data_wanted,
        agreement=draft.agreement or None,
        agreement_ends=draft.agreement_ends,
        credits=draft.credits,
        proposed_by=by,
    )


def _wrong_people(session: Session, draft: Draft, by: str) -> str | None:
    known = {one.name for one in people_search.circle(session, by)} if draft.people else set()
    for person, role in draft.people:
        if person != by and person not in known:
            return _("Choose people of your own partner or pilots only; others are invited by a link later.")
        if role not in ROLES or role == "steward":
            return _("Choose a role for everybody.")
    if len({person for person, _role in draft.people}) != len(draft.people):
        return _("Somebody is named twice. Choose one role for everybody.")
    return None


def _refuse_many(session: Session, by: str) -> None:
    waiting = session.scalar(
        select(func.count()).select_from(PilotRow).where(PilotRow.proposed_by == by, PilotRow.state == "proposed")
    )
    if (waiting or 0) >= MOST_OPEN:
        raise Conflict(
            _("{n} of your proposals wait for an answer. Withdraw one, or wait until some are decided.").format(
                n=waiting
            ),
            code="too_many_proposals",
        )
