"""Share links: one document of a pilot, for whoever has the link and is signed in, for some days.

A link lets people look at one document. It makes nobody a member and opens nothing else. Its role says more only
together with a person: who has a link as runner or editor may ask to join (`share_requests`), and a lead says yes or
no. In pilots whose data is sensitive or clinical, links lead members to a document and let nobody else in.

A link is good while it has not ended, was not taken back, the pilot's files are open and whoever made it may read
them. Everything else is told in the same words, whatever the reason. Time is a parameter.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kontor import roles
from kontor.audit import trail
from kontor.database import now as this_moment
from kontor.errors import KontorError, NotAllowed, NotFound
from kontor.pilots import members, standing, store
from kontor.pilots.documents import files
from kontor.pilots.documents.files import STAYS_INSIDE
from kontor.pilots.life.typed import line, mistake_in
from kontor.pilots.model import ShareRow, ShareUseRow
from kontor.pilots.standing import Standing
from kontor.pilots.store import Pilot
from kontor.words import N_, _

LOOKING: Final = ("viewer", "reviewer")
"""Roles whose links let people look; anybody in the pilot may give those within their own."""
WORKING: Final = ("runner", "editor")
"""Roles whose links let people ask to join; only who manages may give them."""
SHORTEST, USUAL, LONGEST = 1, 7, 30
LONGEST_NOTE: Final = 200
NOT_GOOD: Final = N_(
    "This link cannot be used. It may have been taken back, be too old, or belong to a pilot that is closed to you. "
    "Ask whoever gave it to you for a new one. After several tries, wait ten minutes."
)


@dataclass(frozen=True)
class Share:
    """A link to a document; `note` says for whom it is, in the words of who made it."""

    id: str
    pilot: str
    path: str
    role: str
    note: str
    made_by: str
    made: datetime
    expires: datetime
    revoked: datetime | None

    def state(self, now: datetime | None = None) -> str:
        """`open`, `expired` or `revoked`."""
        if self.revoked is not None:
            return "revoked"
        return "open" if self.expires > (now or this_moment()) else "expired"


@dataclass(frozen=True)
class Use:
    """Who used a link, since when and how often."""

    person: str
    first: datetime
    last: datetime
    times: int


@dataclass(frozen=True)
class Shared:
    """What a good link opens for the person who holds it; `place` is their own standing in the pilot, if any."""

    share: Share
    pilot: Pilot
    place: Standing | None


def roles_to_share(place: Standing) -> list[str]:
    """The roles that a link made by the holder of `place` may have, the smallest first."""
    own = roles.ROLES.get(place.role or "", frozenset())
    may_invite = place.can("manage")
    return [role for role in (*LOOKING, *WORKING) if roles.ROLES[role] <= own and (role in LOOKING or may_invite)]


def make(
    session: Session,
    place: Standing,
    by: str,
    root: Path,
    path: str,
    role: str,
    *,
    days: int = USUAL,
    note: str = "",
    now: datetime | None = None,
) -> tuple[Share, str]:
    """Make a link to a document.

    Parameters
    ----------
    place : Standing
        Where its maker `by` stands.
    root : Path
        The pilot's folder.
    days : int
        How long it is good: SHORTEST to LONGEST.

    Returns
    -------
    tuple
        The link, and its token, which is not kept anywhere.

    Raises
    ------
    NotAllowed
        If the maker may not read, or not give this role (`role_too_high`).
    NotFound
        If there is no such file.
    KontorError
        If the days (`bad_days`), the role (`unknown_role`) or the note (`bad_note`) cannot be.
    """
    moment = now or this_moment()
    standing.working(place)
    store.one_of("role", role, (*LOOKING, *WORKING))
    if role not in roles_to_share(place):
        raise NotAllowed(
            _("You cannot share as {role}. A link never gives more than you have; links to join are for leads.").format(
                role=_(role)
            ),
            code="role_too_high",
        )
    if not SHORTEST <= days <= LONGEST:
        raise KontorError(
            _("A link is good for {shortest} to {longest} days.").format(shortest=SHORTEST, longest=LONGEST),
            code="bad_days",
        )
    note = line(note)
    if mistake := mistake_in(note, most=LONGEST_NOTE):
        raise KontorError(mistake, code="bad_note")
    files.open_file(root, path).close()
    token = secrets.token_urlsafe(24)
    row = ShareRow(
        id=secrets.token_hex(8),
        pilot=place.pilot.slug,
        path=path,
        role=role,
        token_hash=hash_of(token),
        note=note,
        made_by=by,
        made=moment,
        expires=moment + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    trail.record(
        session, "share_made", actor=by, pilot=row.pilot, now=now, path=path, role=role, share=row.id, days=days
    )
    return _share(row), token


def find(session: Session, token: str, person: str, *, now: datetime | None = None) -> Shared:
    """What a token opens for a person, without counting it.

    Raises
    ------
    NotFound
        If it is not good; always in the same words (`link_not_good`).
    """
    row = session.scalar(select(ShareRow).where(ShareRow.token_hash == hash_of(token)))
    asked = row or ShareRow(pilot="", made_by="")
    pilot = store.get(session, asked.pilot)
    maker = members.role_of(session, asked.made_by, asked.pilot, now=now)
    own = members.role_of(session, person, asked.pilot, now=now)
    if row is None or pilot is None or _share(row).state(now) != "open":
        raise not_good()
    mode = pilot.mode(now)
    place = Standing(pilot, own, None, mode) if own else None
    let_in = pilot.class_ not in STAYS_INSIDE or (place is not None and place.data_open)
    if not Standing(pilot, maker, None, mode).data_open or not let_in:
        raise not_good()
    return Shared(_share(row), pilot, place)


def count(session: Session, share: Share, person: str, *, again: bool = True, now: datetime | None = None) -> None:
    """Count that somebody opened the document; the first time of each person is in the log.

    Parameters
    ----------
    again : bool
        Whether to count somebody who is counted already: a page and the picture in it are one look.
    """
    moment = now or this_moment()
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    first = {"share": share.id, "person": person, "first": moment, "last": moment, "times": 1}
    kept = session.execute(insert(ShareUseRow).values(first).on_conflict_do_nothing())
    if cast("CursorResult[Any]", kept).rowcount:
        details: dict[str, Any] = {"path": share.path, "share": share.id}
        trail.record(session, "share_used", actor=person, pilot=share.pilot, person=person, now=now, **details)
    elif again:
        session.execute(
            update(ShareUseRow)
            .where(ShareUseRow.share == share.id, ShareUseRow.person == person)
            .values(last=moment, times=ShareUseRow.times + 1)
            .execution_options(synchronize_session=False)
        )


def of_pilot(
    session: Session, slug: str, *, made_by: str | None = None, offset: int = 0, limit: int = 200
) -> tuple[list[Share], int]:
    """A part of the links of a pilot, or of those that somebody made, the newest first; and how many there are."""
    chosen = select(ShareRow).where(ShareRow.pilot == slug)
    if made_by is not None:
        chosen = chosen.where(ShareRow.made_by == made_by)
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    rows = session.scalars(chosen.order_by(ShareRow.made.desc(), ShareRow.id).offset(offset).limit(limit))
    return [_share(row) for row in rows], total


def uses_of(session: Session, ids: Collection[str]) -> dict[str, list[Use]]:
    """Who used each of these links, the latest first."""
    found: dict[str, list[Use]] = {id: [] for id in ids}
    rows = session.scalars(select(ShareUseRow).where(ShareUseRow.share.in_(found)).order_by(ShareUseRow.last.desc()))
    for row in rows:
        found[row.share].append(Use(row.person, row.first, row.last, row.times))
    return found


def whose(place: Standing, person: str) -> str | None:
    """Whose links somebody sees and takes back: their own; with None, those of everybody, which is for leads."""
    return None if place.can("manage") else person


def revoke(session: Session, place: Standing, by: str, id: str, *, now: datetime | None = None) -> Share:
    """Take a link back, at once; doing it again changes nothing.

    Raises
    ------
    NotFound
        If the pilot has no such link, or it is another person's and `by` is no lead (`no_such_share`).
    """
    row = session.get(ShareRow, id)
    if row is None or row.pilot != place.pilot.slug or whose(place, by) not in (None, row.made_by):
        raise NotFound(_("There is no such link in this pilot."), code="no_such_share")
    changed = session.execute(
        update(ShareRow)
        .where(ShareRow.id == id, ShareRow.revoked.is_(None))
        .values(revoked=now or this_moment())
        .execution_options(synchronize_session=False)
    )
    if cast("CursorResult[Any]", changed).rowcount:
        trail.record(session, "share_revoked", actor=by, pilot=row.pilot, now=now, path=row.path, share=id)
    session.refresh(row)
    return _share(row)


def people_in(found: Sequence[Share], uses: dict[str, list[Use]]) -> set[str]:
    """Account names in these links, for looking up what they are called."""
    return {one.made_by for one in found} | {use.person for part in uses.values() for use in part}


def not_good() -> NotFound:
    """The one refusal of links."""
    return NotFound(_(NOT_GOOD), code="link_not_good")


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _share(row: ShareRow) -> Share:
    return Share(**{field: getattr(row, field) for field in Share.__dataclass_fields__})
