"""The rules of membership: who may be in a pilot, with which role, and that it never is without a lead.

guest         a person without a partner of the consortium; stays until a day, and somebody answers for them
oneself       an office opens no pilot to whoever holds it: somebody else adds and promotes them
steward       looks at what the leads do; only an office gives that role, and no lead takes it away
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
OPEN_ROLES: Final = frozenset({"viewer", "reviewer", "runner", "editor"})
"""Roles that a guest may have, and that an invitation may give."""


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


def may_invite(place: Standing, role: str) -> None:
    """Raise unless the holder of `place` may make an invitation with this role: editor at most."""
    may_give(place, role)
    if role not in OPEN_ROLES:
        raise NotAllowed(
            _(
                "An invitation gives the role editor at most. Who is to become {role} gets that role as a member."
            ).format(role=_(role)),
            code="invitation_role",
        )


def roles_to_invite(place: Standing) -> list[str]:
    """The roles that an invitation by the holder of `place` may give, the smallest first."""
    return [role for role in roles_to_give(place) if role in OPEN_ROLES]


def may_join(by: str, person: Person, role: str) -> None:
    """Raise unless `by` may make this person a member with this role, or give a member this role.

    Raises
    ------
    NotAllowed
        If it is themselves (`not_yourself`), or more than a guest may be (`guest_role`).
    """
    if person.name == by:
        raise not_yourself()
    guest_role(person, role)


def guest_role(person: Person, role: str) -> None:
    """Raise NotAllowed (`guest_role`) if somebody is a guest and the role is more than editor."""
    if is_guest(person) and role not in OPEN_ROLES:
        raise NotAllowed(
            _(
                "{name} is a guest, because no partner of the consortium vouches for them. Guests are editor at most."
            ).format(name=person.display_name),
            code="guest_role",
        )


def may_alter(place: Standing, by: str, there: Member, who: Person, role: str, until: datetime | None) -> None:
    """Raise unless `by`, whose standing is `place`, may give a member this role and this end.

    Raises
    ------
    NotAllowed
        If it takes a steward's role away (see `keeps_steward`), or gives somebody who is no lead more than they have,
        by their own office (`not_yourself`); or a role that may not be given (`may_give`, `guest_role`).
    """
    if role != there.role:
        may_give(place, role)
        guest_role(who, role)
    keeps_steward(place, by, there)
    if there.person != by or roles.can(place.role, "manage"):
        return
    longer = there.until is not None and (until is None or until > there.until)
    if longer or not roles.ROLES[role] <= roles.ROLES[there.role]:
        raise not_yourself()


def keeps_steward(place: Standing, by: str, there: Member) -> None:
    """Raise NotAllowed (`steward_by_office`) if a lead would change the membership of a steward of the pilot."""
    if there.role in OFFICE_ROLES and place.office is None and there.person != by:
        raise NotAllowed(
            _("A steward looks at what the leads do, so leads cannot change or end this membership. Ask an operator."),
            code="steward_by_office",
        )


def ends_work(place: Standing, before: str, role: str) -> bool:
    """Whether a member with the role `before`, who may use the workspace or the clusters now, could not with `role`."""
    lost = roles.ROLES[before] - roles.ROLES.get(role, frozenset())
    return place.mode == "working" and bool(lost & {"edit", "run"})


def not_yourself() -> NotAllowed:
    """The refusal of who would use their office to come into a pilot, or to be more in it."""
    return NotAllowed(
        _("By your office you cannot give yourself a place in a pilot. Ask a lead or another office holder to do it."),
        code="not_yourself",
    )


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
