"""Where somebody stands towards a pilot: the one question that every page and route about a pilot asks first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from kontor import roles
from kontor.database import now as this_moment
from kontor.errors import NotAllowed, NotFound
from kontor.people.callers import Caller
from kontor.people.offices import Offices
from kontor.pilots import lifecycle, members, store
from kontor.pilots.lifecycle import OPEN, Mode
from kontor.pilots.model import STATES
from kontor.pilots.store import Pilot
from kontor.words import _

ACTS_AS = "editor"


@dataclass(frozen=True)
class Standing:
    """A pilot, the role in it, and the office held in the installation; there is no standing without one of them.

    Parameters
    ----------
    role : str or None
        Role of the member; None for a steward or operator who is no member.
    office : str or None
        `steward` or `operator` of the installation. An office sees the page, the people, the budget and the log and
        takes the steps of the life cycle; it gives no right to files, data or computing.
    mode : str
        What is open in the pilot now.
    """

    pilot: Pilot
    role: str | None
    office: str | None = None
    mode: Mode = "working"

    def can(self, capability: str) -> bool:
        """Whether the role has a capability (see `kontor.roles`) and the pilot's mode leaves it open."""
        return roles.can(self.role, capability) and capability in OPEN[self.mode]

    @property
    def data_open(self) -> bool:
        """Whether the pilot's files and data may be read."""
        return self.can("read") and self.mode in ("working", "reading")

    @property
    def may_manage(self) -> bool:
        """Whether people, dates and facts may be changed: by a lead, or by an office."""
        return self.can("manage") or self.office is not None

    @property
    def who(self) -> frozenset[str]:
        """What this person is for the steps of the life cycle."""
        lead = {lifecycle.LEAD} if roles.can(self.role, "manage") else set()
        return frozenset(lead | ({lifecycle.OFFICE} if self.office else set()))

    @property
    def may_open(self) -> bool:
        """Whether the workspace may be opened. Looking on without editing comes later; until then it is closed."""
        return self.can("edit")

    @property
    def why_not(self) -> str | None:
        """Why the workspace may not be opened, and what to do; None if it may."""
        if self.may_open:
            return None
        if self.mode != "working":
            return why_closed(self.pilot, self.mode)
        if self.role is None:
            return _("The workspace is for editors and leads of the pilot; you look after it without being a member.")
        return _(
            "Your role here is {role}. The workspace is for editors and leads; "
            "ask the lead of this pilot if you need to work in it."
        ).format(role=_(self.role))


def why_closed(pilot: Pilot, mode: Mode, now: datetime | None = None) -> str:
    """Why nothing runs in a pilot, and what to do."""
    if mode == "planning":
        return _("The pilot is {state}. Its workspace opens when it is approved and has started.").format(
            state=_(pilot.state)
        )
    if mode == "record":
        return _("The pilot is archived. What it was stays readable here; its workspace is closed.")
    if pilot.state == "closing":
        return _("The pilot is closing: files can be read and taken along, nothing runs any more.")
    if pilot.grace_until is not None and pilot.grace_until <= (now or this_moment()):
        return _("The budget of the pilot is used up, so computing has stopped. A lead or steward can change that.")
    return _("The agreement of the pilot has ended, so it is read-only until a new one is recorded.")


def of_person(
    session: Session, person: str, slug: str, *, offices: Offices | None = None, now: datetime | None = None
) -> Standing:
    """A person's standing, in whatever state the pilot is.

    Parameters
    ----------
    offices : Offices, optional
        With it, stewards and operators have a standing in every pilot.

    Raises
    ------
    NotFound
        If there is no such pilot (`no_such_pilot`).
    NotAllowed
        If they are not a member (`not_a_member`).
    """
    pilot = _pilot(session, slug)
    role = members.role_of(session, person, slug, now=now)
    office = offices.of(person) if offices else None
    if role is None and office is None:
        raise _not_a_member()
    return Standing(pilot, role, office, pilot.mode(now))


def of_caller(session: Session, caller: Caller, slug: str, *, offices: Offices | None = None) -> Standing:
    """A caller's standing: a person's own; workspaces and clusters act in their own pilot as editors while it works.

    Raises
    ------
    NotFound, NotAllowed
        As `of_person`, and `pilot_not_active` for a workspace or cluster whose pilot does not work.
    """
    if caller.kind == "person":
        return of_person(session, caller.name, slug, offices=offices)
    pilot = _pilot(session, slug)
    if caller.pilot != slug:
        raise _not_a_member()
    if pilot.mode() != "working":
        raise not_active(pilot)
    return Standing(pilot, ACTS_AS)


def working(place: Standing) -> Standing:
    """`place`, or NotAllowed (`pilot_not_active`) unless the pilot's files and data are open."""
    if not place.data_open:
        if place.role is None:
            raise _not_a_member()
        raise not_active(place.pilot)
    return place


def all_of_caller(session: Session, caller: Caller) -> list[Standing]:
    """A caller's standing in every active pilot they have one in, by title."""
    if caller.kind == "person":
        return all_of_person(session, caller.name, states=("active",))
    own = store.get(session, caller.pilot or "")
    return [Standing(own, ACTS_AS)] if own is not None and own.mode() == "working" else []


def all_of_person(session: Session, person: str, *, states: tuple[str, ...] = STATES) -> list[Standing]:
    """A person's standing as a member of each pilot in these states, by title."""
    return [
        Standing(pilot, role, None, pilot.mode()) for pilot, role in members.pilots_of(session, person, states=states)
    ]


def not_active(pilot: Pilot) -> NotAllowed:
    """The refusal for a pilot that does not work."""
    return NotAllowed(
        _("The pilot {title!r} is not open for work: {why}").format(
            title=pilot.title, why=why_closed(pilot, pilot.mode())
        ),
        code="pilot_not_active",
    )


def _pilot(session: Session, slug: str) -> Pilot:
    pilot = store.get(session, slug)
    if pilot is None:
        raise NotFound(_("There is no pilot {slug!r}.").format(slug=slug[:40]), code="no_such_pilot")
    return pilot


def _not_a_member() -> NotAllowed:
    """The refusal of outsiders, who learn nothing about the pilot by it."""
    return NotAllowed(_("You are not a member of this pilot. Ask its lead."), code="not_a_member")
