"""Governing: the rules by which people change who belongs to a pilot.

A *governor* is who changes people: a lead of the pilot, or a holder of an office of the installation. What they may
do is in `membership_rules`.

Every change takes the pilot first (`hold`): two people who change one pilot at once are heard one after the other, and
the second is told what the first one did (`ChangedMeanwhile`). Time is a parameter: `now` is this moment unless given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from kontor import roles
from kontor.errors import Conflict, NotAllowed
from kontor.people import store as people
from kontor.people.offices import Offices
from kontor.people.store import Person
from kontor.pilots import members, standing
from kontor.pilots.members import Member
from kontor.pilots.membership import rules as membership_rules
from kontor.pilots.membership.roll import known_people
from kontor.pilots.membership.rules import end_of_stay, is_guest, keeps_a_lead, lasting_leads, may_give, place_for
from kontor.pilots.model import PilotRow
from kontor.pilots.standing import Standing
from kontor.settings import PilotSettings
from kontor.words import _


class Keep(Enum):
    """What is left as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


class ChangedMeanwhile(Conflict):
    """Somebody else changed what was read; `there` is what is there now."""

    code = "changed_meanwhile"

    def __init__(self, message: str, there: Member) -> None:
        super().__init__(message)
        self.there = there


@dataclass(frozen=True)
class Governor:
    """Who changes people, and the rules of the installation that bind them."""

    name: str
    offices: Offices
    rules: PilotSettings

    @classmethod
    def of(cls, state: Any, name: str) -> Governor:
        """Somebody in the application with this state."""
        return cls(name, state.offices, state.site.settings.pilots)


def add(
    session: Session,
    by: Governor,
    slug: str,
    names: Sequence[str],
    role: str,
    *,
    until: date | None = None,
    now: datetime | None = None,
) -> list[Member]:
    """Make people members; all of them, or nobody if one of them cannot be.

    Parameters
    ----------
    names : sequence of str
        Account names, at most `roll.MOST_AT_ONCE`.
    until : date, optional
        The last day of their membership; guests need one.

    Raises
    ------
    KontorError
        If there are too many, nobody, names that nobody has, or a day that cannot be.
    NotAllowed, Conflict
        If they may not be added: see `hold`, `may_give`, `may_join`, `place_for`; or are members already.
    """
    place = hold(session, by, slug, now)
    may_give(place, role)
    found = known_people(session, names)
    ends = end_of_stay(until, now)
    for person in found:
        if (there := members.get(session, slug, person.name, now=now)) is not None:
            raise Conflict(
                _("{name} is a member already, as {role}. Nobody was added.").format(
                    name=person.display_name, role=_(there.role)
                ),
                code="already_member",
            )
        membership_rules.may_join(by.name, person, role)
        place_for(place, by.rules, person, until, now)
    return [
        members.add(
            session,
            slug,
            person.name,
            role,
            until=ends,
            sponsor=by.name if is_guest(person) else None,
            by=by.name,
            now=now,
        )
        for person in found
    ]


def change(
    session: Session,
    by: Governor,
    slug: str,
    person: str,
    *,
    version: int,
    role: str | None = None,
    until: date | Keep | None = KEEP,
    now: datetime | None = None,
) -> Member:
    """Give a member another role, another last day (None: no end), or both.

    Raises
    ------
    NotFound
        If they are not a member.
    Conflict
        If somebody changed the membership meanwhile (`changed_meanwhile`), or it is the last lead's (`last_lead`).
    NotAllowed, KontorError
        As `hold`, `may_alter` and `place_for`.
    """
    place = hold(session, by, slug, now)
    there = _read(session, slug, person, version, now)
    wanted = there.role if role is None else role
    who = _person(session, person)
    ends = there.until if isinstance(until, Keep) else end_of_stay(until, now)
    membership_rules.may_alter(place, by.name, there, who, wanted, ends)
    if wanted != "lead" or ends is not None:
        keeps_a_lead(session, there, steps_down=wanted != "lead", now=now)
    sponsor = there.sponsor
    if not isinstance(until, Keep) and ends != there.until:
        place_for(place, by.rules, who, until, now)
        sponsor = by.name if is_guest(who) else None
    members.set_role(session, slug, person, wanted, by=by.name, now=now)
    return members.set_until(session, slug, person, ends, sponsor=sponsor, by=by.name, now=now)


def remove(
    session: Session, by: Governor, slug: str, person: str, *, version: int, now: datetime | None = None
) -> None:
    """End a membership now; one's own as `leave`.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As `change`.
    """
    if person == by.name:
        leave(session, by, slug, version=version, now=now)
        return
    place = hold(session, by, slug, now)
    there = _read(session, slug, person, version, now)
    membership_rules.keeps_steward(place, by.name, there)
    keeps_a_lead(session, there, steps_down=True, now=now)
    members.remove(session, slug, person, by=by.name, now=now)


def leave(session: Session, by: Governor, slug: str, *, version: int, now: datetime | None = None) -> None:
    """End one's own membership, whatever one's role.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As `change`; `last_lead` if nobody else would look after the pilot.
    """
    _take(session, slug)
    _not_a_record(standing.of_person(session, by.name, slug, offices=by.offices, now=now))
    there = _read(session, slug, by.name, version, now)
    keeps_a_lead(session, there, steps_down=True, now=now)
    members.remove(session, slug, by.name, by=by.name, now=now)


def hand_over(
    session: Session, by: Governor, slug: str, person: str, *, version: int, now: datetime | None = None
) -> Member:
    """Make another member lead in one's own place, and become editor.

    Parameters
    ----------
    version : int
        Of the other's membership.

    Raises
    ------
    NotFound
        If they are not a member.
    NotAllowed
        If one is not a lead oneself (`not_the_lead`), or the other cannot be one: see `guest_role`, `keeps_steward`.
    Conflict
        If somebody changed the membership meanwhile, or no lasting lead would remain (`last_lead`).
    """
    place = hold(session, by, slug, now)
    if place.role != "lead":
        raise membership_rules.not_the_lead()
    there = _read(session, slug, person, version, now)
    if person == by.name:
        raise Conflict(_("You are the lead. Choose whom you hand over to."), code="already_lead")
    membership_rules.keeps_steward(place, by.name, there)
    membership_rules.guest_role(_person(session, person), "lead")
    if there.until is not None and not lasting_leads(session, slug, now) - {by.name}:
        raise Conflict(
            _("Their membership ends, and the pilot would be without a lead. Take the end away first."),
            code="last_lead",
        )
    return members.hand_over(session, slug, by.name, person, now=now)


def hold(session: Session, by: Governor, slug: str, now: datetime | None = None) -> Standing:
    """Take a pilot until this transaction ends, and return the standing of who changes its people.

    Raises
    ------
    NotFound, NotAllowed
        As `must_manage`.
    Conflict
        If the pilot is archived (`pilot_archived`).
    """
    _take(session, slug)
    return _not_a_record(must_manage(session, by, slug, now))


def must_manage(session: Session, by: Governor, slug: str, now: datetime | None = None) -> Standing:
    """The standing of who looks after the people of a pilot, also of one that is archived.

    Raises
    ------
    NotFound
        If there is no such pilot.
    NotAllowed
        If they are neither a lead nor hold an office.
    """
    place = standing.of_person(session, by.name, slug, offices=by.offices, now=now)
    if not (roles.can(place.role, "manage") or place.office):
        raise NotAllowed(
            _("Leads change who belongs to a pilot. Your role here is {role}.").format(role=_(place.role or "")),
            code="may_not_manage",
        )
    return place


def _take(session: Session, slug: str) -> None:
    """Hold the pilot's row, and read everything anew from here."""
    session.flush()
    held = update(PilotRow).where(PilotRow.slug == slug).values(version=PilotRow.version)
    session.execute(held.execution_options(synchronize_session=False))
    session.expire_all()


def _not_a_record(place: Standing) -> Standing:
    if place.mode == "record":
        raise Conflict(
            _("The pilot is archived. Who belonged to it stays as it was; nobody joins or leaves any more."),
            code="pilot_archived",
        )
    return place


def _read(session: Session, slug: str, person: str, version: int, now: datetime | None) -> Member:
    there = members.member_of(members.must_run(session, slug, person, now))
    if there.version != version:
        name = _person(session, person).display_name
        raise ChangedMeanwhile(
            _("Somebody else changed this meanwhile: {name} is now {role}. Nothing was changed by you.").format(
                name=name, role=_(there.role)
            ),
            there,
        )
    return there


def _person(session: Session, name: str) -> Person:
    found = people.get(session, name)
    assert found is not None, "members are people"
    return found
