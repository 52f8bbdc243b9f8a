"""A person's pilots as a list: what each is, who is in it now, and what one should know before opening it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import Request
from markupsafe import Markup
from sqlalchemy.orm import Session

from kontor import roles
from kontor.database import now as this_moment
from kontor.people import store as people
from kontor.pilots import members
from kontor.pilots.helix import COUNTRIES, SECTORS, Mix
from kontor.pilots.lifecycle import Mode, day_of
from kontor.pilots.snapshot import Snapshot
from kontor.pilots.store import Pilot
from kontor.quantities import day
from kontor.settings import Settings
from kontor.web.pages import part
from kontor.web.signin import Visitor
from kontor.words import N_, _, language, ngettext

GROUPS: dict[Mode, str] = {
    "working": N_("At work"),
    "planning": N_("Being prepared"),
    "reading": N_("Read-only"),
    "record": N_("Archived"),
}


@dataclass(frozen=True)
class Note:
    """Something to know about a pilot; `tone` is the chip's class."""

    words: str
    tone: str = ""


@dataclass(frozen=True)
class Present:
    """Somebody who is in a workspace now."""

    name: str
    display_name: str
    initials: str
    tone: str
    here: bool = True


@dataclass(frozen=True)
class Row:
    """A pilot in the list of one of its members."""

    pilot: Pilot
    role: str
    mode: Mode
    mix: Mix
    people_here: tuple[Present, ...] = ()

    @property
    def slug(self) -> str:
        return self.pilot.slug

    @property
    def title(self) -> str:
        return self.pilot.title

    @property
    def may_open(self) -> bool:
        """Whether this member may open the workspace now."""
        return self.mode == "working" and roles.can(self.role, "edit")

    @property
    def countries(self) -> list[str]:
        """Countries of the organisations that take part, the consortium's first."""
        found = {one.country for one in self.mix.organisations if one.country}
        return [*(code for code in COUNTRIES if code in found), *sorted(found - set(COUNTRIES))]

    @property
    def sectors(self) -> list[str]:
        """Kinds of organisations that take part, the main ones first."""
        return [sector for sector in SECTORS if self.mix.sectors[sector]]


def rows_of(
    request: Request, session: Session, visitor: Visitor, snapshot: Snapshot, *, now: datetime | None = None
) -> list[Row]:
    """A visitor's pilots in every state: those at work first, among them those where somebody is, then by title."""
    moment = now or this_moment()
    roles = snapshot.roles.get(visitor.name, {})
    present = present_in(request, session, roles)
    rows = [
        Row(one.pilot, roles[one.pilot.slug], one.pilot.mode(moment), one.mix, present.get(one.pilot.slug, ()))
        for one in snapshot.entries
        if one.pilot.slug in roles
    ]
    order = list(GROUPS)
    return sorted(rows, key=lambda row: (order.index(row.mode), not row.people_here))


def drawn(request: Request, snapshot: Snapshot, row: Row, *, now: datetime | None = None) -> Markup:
    """A row as it stands on pages."""
    settings: Settings = request.app.state.site.settings
    today = day_of(now or this_moment())

    def draw() -> Markup:
        used = snapshot.used.get(row.slug, 0)
        notes = notes_of(row.pilot, row.mode, settings=settings, used=used, today=today)
        return part(request, "pilot_row.html", row=row, notes=notes)

    return snapshot.once("row", (language(), row.slug, row.role, row.mode, row.people_here), draw)


def present_in(request: Request, session: Session, slugs: Iterable[str]) -> dict[str, tuple[Present, ...]]:
    """Who is in these workspaces now, members only; empty ones are left out."""
    state = request.app.state
    heard: dict[str, Collection[str]] = {slug: found for slug in slugs if (found := state.presence.here(slug))}
    if not heard:
        return {}
    belonging = members.of_many(session, heard)
    known = people.by_names(session, {name for names in heard.values() for name in names})
    return {slug: _present(state, known, belonging[slug], names) for slug, names in heard.items()}


def _present(
    state: Any, known: dict[str, people.Person], belonging: Collection[str], names: Collection[str]
) -> tuple[Present, ...]:
    portraits = [state.portraits.of(known[name]) for name in names if name in known and name in belonging]
    found = [Present(one.name, one.display_name, one.initials, one.tone) for one in portraits]
    return tuple(sorted(found, key=lambda one: one.display_name))


def notes_of(pilot: Pilot, mode: Mode, *, settings: Settings, used: int, today: date) -> list[Note]:
    """What a member should know: where the pilot is in its life, what ends soon, how much of its budget is used.

    Parameters
    ----------
    used : int
        Percent of the budget.
    """
    if pilot.state != "active":
        return [_of_state(pilot, settings)]
    found = []
    if mode == "reading":
        found.append(Note(_("read-only: {why}").format(why=_why(pilot, today)), "warn"))
    warning = settings.pilots.warning_days
    for ends, one, many, last in (
        (pilot.ends, N_("ends in {n} day"), N_("ends in {n} days"), N_("ends today")),
        (
            pilot.agreement_ends,
            N_("agreement ends in {n} day"),
            N_("agreement ends in {n} days"),
            N_("agreement ends today"),
        ),
    ):
        left = (ends - today).days if ends else None
        if left is not None and 0 <= left <= warning:
            found.append(Note(ngettext(one, many, left).format(n=left) if left else _(last), "warn"))
    if used >= settings.budget.warn_percent:
        found.append(Note(_("{percent} % of the budget used").format(percent=used), "warn"))
    return found


def _of_state(pilot: Pilot, settings: Settings) -> Note:
    """Where a pilot that is not active stands."""
    if pilot.state == "proposed":
        return Note(_("proposed, waits for a decision"))
    if pilot.state == "approved":
        return Note(_("approved, starts on {day}").format(day=day(pilot.starts)), "ok")
    archived = pilot.archive_day(settings.pilots.closing_days)
    if pilot.state == "closing" and archived:
        return Note(_("closing, archived on {day}").format(day=day(archived)), "warn")
    return Note(_(pilot.state))


def _why(pilot: Pilot, today: date) -> str:
    expired = pilot.agreement_ends is not None and pilot.agreement_ends < today
    return _("the agreement has ended") if expired else _("the budget is used up")
