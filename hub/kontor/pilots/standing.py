"""Where somebody stands towards a pilot: the one question that every page and route about a pilot asks first."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from kontor import roles
from kontor.errors import NotAllowed, NotFound
from kontor.people.callers import Caller
from kontor.pilots import store
from kontor.pilots.store import Pilot

ACTS_AS = "editor"


@dataclass(frozen=True)
class Standing:
    """A pilot and the role in it; there is no standing without a role."""

    pilot: Pilot
    role: str

    def can(self, capability: str) -> bool:
        """Whether the role has a capability (see `kontor.roles`)."""
        return roles.can(self.role, capability)

    @property
    def may_open(self) -> bool:
        """Whether the workspace may be opened. Looking on without editing comes later; until then it is closed."""
        return self.can("edit")

    @property
    def why_not(self) -> str | None:
        """Why the workspace may not be opened, and what to do; None if it may."""
        if self.may_open:
            return None
        return (
            f"Your role here is {self.role}. The workspace is for editors and leads; "
            "ask the lead of this pilot if you need to work in it."
        )


def of_person(session: Session, person: str, slug: str) -> Standing:
    """A person's standing.

    Raises
    ------
    NotFound
        If there is no such pilot (`no_such_pilot`).
    NotAllowed
        If it is not active (`pilot_not_active`) or they are not a member (`not_a_member`).
    """
    pilot = store.get(session, slug)
    if pilot is None:
        raise NotFound(f"There is no pilot {slug[:40]!r}.", code="no_such_pilot")
    role = store.role_of(session, person, slug)
    if role is None:
        raise _not_active(pilot) if store.belongs(session, person, slug) else _not_a_member(pilot)
    return Standing(pilot, role)


def of_caller(session: Session, caller: Caller, slug: str) -> Standing:
    """A caller's standing: a person's own; workspaces and clusters act in their own pilot as editors.

    Raises
    ------
    NotFound, NotAllowed
        As `of_person`.
    """
    if caller.kind == "person":
        return of_person(session, caller.name, slug)
    pilot = store.get(session, slug)
    if pilot is None:
        raise NotFound(f"There is no pilot {slug[:40]!r}.", code="no_such_pilot")
    if caller.pilot != slug:
        raise _not_a_member(pilot)
    if pilot.state != "active":
        raise _not_active(pilot)
    return Standing(pilot, ACTS_AS)


def all_of_caller(session: Session, caller: Caller) -> list[Standing]:
    """A caller's standing in every pilot they have one in, by title."""
    if caller.kind == "person":
        return [Standing(pilot, role) for pilot, role in store.pilots_of(session, caller.name)]
    own = store.get(session, caller.pilot or "")
    return [Standing(own, ACTS_AS)] if own is not None and own.state == "active" else []


def _not_active(pilot: Pilot) -> NotAllowed:
    return NotAllowed(
        f"The pilot {pilot.title!r} is {pilot.state}; it can be used while it is active.", code="pilot_not_active"
    )


def _not_a_member(pilot: Pilot) -> NotAllowed:
    return NotAllowed(f"You are not a member of the pilot {pilot.title!r}. Ask its lead.", code="not_a_member")
