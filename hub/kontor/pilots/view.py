"""A pilot as people see it: the words, the people with their faces, who is here now, and what the reader may do."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from kontor.people import store as people
from kontor.people.portrait import Portrait, Portraits
from kontor.pilots import members
from kontor.pilots.membership.rules import is_guest
from kontor.pilots.standing import Standing


class PersonInPilot(BaseModel):
    """A member as others see them; `here` means that they are in the workspace now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    display_name: str
    initials: str
    color: str
    tone: str = Field(exclude=True)
    partner: str | None
    sector: str | None = Field(exclude=True)
    country: str | None
    role: str
    guest: bool = Field(exclude=True)
    here: bool


class PilotView(BaseModel):
    """A pilot for one reader."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str
    title: str
    question: str
    class_: str = Field(alias="class")
    state: str
    role: str | None
    technique: str | None
    facility: str | None
    may_open: bool
    why_not: str | None
    people: list[PersonInPilot]
    here: list[str]
    open_url: str
    page_url: str

    @property
    def countries(self) -> list[str]:
        """Countries of the members' partners, in the order of the members."""
        return list(dict.fromkeys(one.country for one in self.people if one.country))

    @property
    def sectors(self) -> list[str]:
        """Sectors of the members' partners, in the order of the members."""
        return list(dict.fromkeys(one.sector for one in self.people if one.sector))

    @property
    def people_here(self) -> list[PersonInPilot]:
        return [one for one in self.people if one.here]


def pilot_view(
    session: Session, standing: Standing, *, portraits: Portraits, here: Collection[str], service_url: str
) -> PilotView:
    """A pilot as the holder of `standing` sees it.

    Parameters
    ----------
    here : collection of str
        Account names of those who are in the workspace now; strangers among them are left out.
    service_url : str
        Public address of this service, ending in a slash.
    """
    pilot = standing.pilot
    present = _people(session, pilot.slug, portraits, here)
    page = f"{service_url}pilots/{pilot.slug}"
    return PilotView.model_validate(
        {
            "slug": pilot.slug,
            "title": pilot.title,
            "question": pilot.question,
            "class": pilot.class_,
            "state": pilot.state,
            "technique": pilot.technique,
            "facility": pilot.facility,
            "role": standing.role,
            "may_open": standing.may_open,
            "why_not": standing.why_not,
            "people": present,
            "here": [one.name for one in present if one.here],
            "open_url": f"{page}/workspace",
            "page_url": page,
        }
    )


def _people(session: Session, slug: str, portraits: Portraits, here: Collection[str]) -> list[PersonInPilot]:
    found = members.of(session, slug)
    known = people.by_names(session, [member.person for member in found])
    return [
        _person(portraits.of(known[one.person]), one.role, guest=is_guest(known[one.person]), here=one.person in here)
        for one in found
    ]


def _person(one: Portrait, role: str, *, guest: bool, here: bool) -> PersonInPilot:
    return PersonInPilot(
        name=one.name,
        display_name=one.display_name,
        initials=one.initials,
        color=one.color,
        tone=one.tone,
        partner=one.partner,
        sector=one.sector,
        country=one.country,
        role=role,
        guest=guest,
        here=here,
    )
