"""Who decides on a proposal: an office that takes no part in it, and what stands in the way of a clinical one."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from kontor.errors import Conflict, NotAllowed
from kontor.people import store as people
from kontor.pilots import lifecycle, members
from kontor.pilots.lifecycle import Step
from kontor.pilots.standing import Standing
from kontor.words import _

DECISIONS: Final = frozenset({"approve", "decline"})


def steps_open(place: Standing, person: str) -> dict[str, Step]:
    """The steps that somebody may take now, by name; nobody decides on a pilot in which they take part."""
    found = lifecycle.steps_for(place.pilot.state, place.who)
    own = place.role is not None or place.pilot.proposed_by == person
    return {name: step for name, step in found.items() if not (own and name in DECISIONS)}


def refuse_own(session: Session, slug: str, person: str, proposed_by: str | None, now: datetime | None) -> None:
    """Raise NotAllowed (`own_pilot`) if somebody proposed a pilot or is a member of it."""
    if person == proposed_by or members.role_of(session, person, slug, now=now) is not None:
        raise own_pilot()


def own_pilot() -> NotAllowed:
    """The refusal of who would decide on their own pilot."""
    return NotAllowed(_("You take part in this pilot, so somebody else has to decide."), code="own_pilot")


def refuse_guests(session: Session, slug: str, now: datetime | None) -> None:
    """Raise Conflict (`guests_in_pilot`) if guests are members, because a clinical pilot has none."""
    found = members.of(session, slug, now=now)
    known = people.by_names(session, [one.person for one in found])
    guests = [known[one.person].display_name for one in found if one.sponsor or known[one.person].partner is None]
    if guests:
        raise Conflict(
            _(
                "Clinical pilots are for people of the consortium's partners only, and these members are guests: "
                "{names}. Remove them first, or have their organisations become partners."
            ).format(names=", ".join(sorted(guests))),
            code="guests_in_pilot",
        )
