"""The rules of membership: who may be in a pilot, with which role, and that it never is without a lead.

guest         a person without a partner of the consortium; stays until a day, and somebody answers for them
lasting lead  a lead without an end: every pilot keeps one, so that somebody always looks after it
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from kontor import roles
from kontor.database import now as this_moment
from kontor.errors import Conflict, KontorError, NotAllowed
from kontor.people.store import Person
from kontor.pilots import members
from kontor.pilots.lifecycle import day_of, end_of
from kontor.pilots.members import Member
from kontor.pilots.standing import Standing
from kontor.pilots.store import one_of
from kontor.settings import PilotSettings
from kontor.words import _

LONGEST_DAYS: Final = 3650
OFFICE_ROLES: Final = frozenset({"steward"})
"""Roles that only an office gives: a data steward looks at what the leads do."""


def may_give(place: Standing, role: str) -> None:
    """Raise unless the holder of `place` may give this role: none above their own, unless by an office."""
    one_of("role", role, tuple(roles.ROLES))
    above = role in OFFICE_ROLES or not roles.ROLES[role] <= roles.ROLES.get(place.role or "", frozenset())
    if above and place.office is None:
        raise NotAllowed(
            _("You cannot give the role {role}: it is not within your own. Ask a steward.").format(role=_(role)),
            code="role_too_high",
        )


def roles_to_give(place: Standing) -> list[str]:
    """The roles that the holder of `place` may give, the smallest first."""
    own = roles.ROLES.get(place.role or "", frozenset())
    return [
        role for role, rights in roles.ROLES.items() if place.office or (rights <= own and role not in OFFICE_ROLES)
    ]


def is_guest(person: Person) -> bool:
    """Whether somebody comes from no partner of the consortium."""
    return person.partner is None


def place_for(
    place: Standing, rules: PilotSettings, person: Person, until: date | None, now: datetime | None = None
) -> None:
    """Raise unless somebody may be in this pilot until that day.

    Raises
    ------
    NotAllowed
        For a guest in a clinical pilot (`no_guests`).
    KontorError
        For a guest without an end within the days that guests may stay (`guest_needs_end`).
    """
    if not is_guest(person):
        return
    if place.pilot.class_ == "clinical":
        raise NotAllowed(no_guests(person.display_name), code="no_guests")
    latest = day_of(now or this_moment()) + timedelta(days=rules.guest_days)
    if until is None or until > latest:
        raise KontorError(
            _(
                "{name} is a guest, because no partner of the consortium vouches for them. "
                "Choose a last day, {day} at the latest; you can extend it before it comes."
            ).format(name=person.display_name, day=latest.isoformat()),
            code="guest_needs_end",
        )


def no_guests(name: str) -> str:
    """Why somebody cannot be in a clinical pilot."""
    return _(
        "{name} is a guest, and clinical pilots are for people of the consortium's partners only. "
        "Their organisation has to become a partner first."
    ).format(name=name)


def not_the_lead() -> NotAllowed:
    """The refusal of who would hand over the lead and has none."""
    return NotAllowed(
        _("Only a lead hands over the lead. By your office you can give somebody the role lead instead."),
        code="not_the_lead",
    )


def lasting_leads(session: Session, slug: str, now: datetime | None) -> set[str]:
    return {one.person for one in members.of(session, slug, now=now) if one.role == "lead" and one.until is None}


def keeps_a_lead(session: Session, there: Member, *, steps_down: bool, now: datetime | None) -> None:
    """Raise Conflict if the pilot would be without a lasting lead when `there` steps down or gets an end."""
    if there.role != "lead" or (there.until is not None and not steps_down):
        return
    others = [one for one in members.of(session, there.pilot, now=now) if one.person != there.person]
    if not any(one.role == "lead" and (one.until is None or there.until is not None) for one in others):
        raise Conflict(
            _("A pilot needs a lead who stays. Hand over the lead to somebody else first; then this is possible."),
            code="last_lead",
        )


def end_of_stay(until: date | None, now: datetime | None) -> datetime | None:
    """The moment at which a last day is over; raises KontorError (`bad_dates`) if it has passed or is too far away."""
    if until is None:
        return None
    today = day_of(now or this_moment())
    if until < today:
        raise members.past_end()
    if until > today + timedelta(days=LONGEST_DAYS):
        raise KontorError(_("The end of a membership is at most ten years away."), code="bad_dates")
    return end_of(until)
