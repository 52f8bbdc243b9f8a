"""Poking the reconciler when what was changed is kept: asked earlier, it would read the database as it was."""

from __future__ import annotations

from sqlalchemy import event
from sqlalchemy.orm import Session

from kontor.pilots import access
from kontor.site import Site


def poke_when_kept(session: Session, site: Site, pilot: str | None = None) -> None:
    """Ask the reconciler to look, at one pilot if it is given, as soon as this transaction has ended well."""

    def kept(_session: Session) -> None:
        access.poke(site, pilot)

    event.listen(session, "after_commit", kept, once=True)
