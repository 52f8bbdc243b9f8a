"""Members and people found, as others see them: with their faces, and never with more than they need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from kontor.people import store as people
from kontor.people.portrait import Portrait, Portraits
from kontor.pilots import lifecycle
from kontor.pilots.members import Member


class PersonView(BaseModel):
    """Somebody; `name` is the account name, `partner` and `country` are None for guests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    display_name: str
    initials: str
    color: str
    tone: str = Field(exclude=True)
    partner: str | None
    sector: str | None
    country: str | None


class MemberView(PersonView):
    """A member of a pilot.

    `last_day` is the last day of the membership, None without an end; a guest has a `sponsor`, who answers for them;
    `here` means in the workspace now. Who changes the membership sends the `version` that they read.
    """

    role: str
    since: datetime
    last_day: date | None
    guest: bool
    sponsor: str | None
    sponsor_name: str | None
    here: bool
    version: int


def person_view(one: Portrait) -> PersonView:
    """Somebody, from their portrait."""
    return PersonView(**_portrait(one))


def member_views(
    session: Session, found: Sequence[Member], *, portraits: Portraits, here: Collection[str]
) -> list[MemberView]:
    """Members of one pilot, in their order.

    Parameters
    ----------
    here : collection of str
        Account names of those who are in the workspace now.
    """
    known = people.by_names(session, {name for one in found for name in (one.person, one.sponsor) if name})
    views = []
    for one in found:
        sponsor = known.get(one.sponsor or "")
        views.append(
            MemberView(
                **_portrait(portraits.of(known[one.person])),
                role=one.role,
                since=one.since,
                last_day=lifecycle.last_day(one.until) if one.until else None,
                guest=one.sponsor is not None,
                sponsor=one.sponsor,
                sponsor_name=sponsor.display_name if sponsor else None,
                here=one.person in here,
                version=one.version,
            )
        )
    return views


def _portrait(one: Portrait) -> dict[str, Any]:
    return {name: getattr(one, name) for name in PersonView.model_fields}
