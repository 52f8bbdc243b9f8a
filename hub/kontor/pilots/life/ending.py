"""The end of a pilot: who may take its files along, and their deletion.

taking along   a lead while it works or closes, if its data is open or standard; sensitive and clinical data
               nobody, until there is a reviewed way out
deletion       the clock does it when the day has come, or soon after an office asked for it; the pilot's record,
               its members, its data sets' entries and its log stay
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from kontor import names, roles
from kontor.audit import trail
from kontor.audit.actions import SYSTEM
from kontor.data import objectstore
from kontor.data.deletion import delete_objects
from kontor.database import now as this_moment
from kontor.errors import Conflict, NotAllowed
from kontor.pilots import store
from kontor.pilots.life.draft import GUARDED
from kontor.pilots.life.revisions import held
from kontor.pilots.model import PilotRow
from kontor.pilots.standing import Standing
from kontor.pilots.store import Pilot
from kontor.site import Site
from kontor.words import _


def may_export(place: Standing) -> bool:
    """Whether somebody may take the pilot's files along."""
    if place.mode != "working" and place.pilot.state != "closing":
        return False
    if place.pilot.class_ in GUARDED:
        return False
    return roles.can(place.role, "manage")


def export_allowed(place: Standing) -> Standing:
    """`place`, or NotAllowed (`may_not_export`)."""
    if not may_export(place):
        if place.pilot.class_ in GUARDED:
            raise NotAllowed(
                _(
                    "Files of sensitive and clinical pilots are not taken out from here; that needs a review which "
                    "Kontor does not offer yet. Ask the steward."
                ),
                code="may_not_export",
            )
        raise NotAllowed(
            _("Leads take the files along, while the pilot is active or closing. Ask the lead."), code="may_not_export"
        )
    return place


def ask_deletion(
    session: Session, slug: str, *, by: str, version: int, confirmed: str, now: datetime | None = None
) -> Pilot:
    """Have the files of an archived pilot deleted now instead of on their day; for an office.

    Parameters
    ----------
    confirmed : str
        The pilot's short name, typed once more.

    Raises
    ------
    Conflict
        If the pilot is not archived (`wrong_state`), was changed since (`changed_meanwhile`), or the name typed is
        another one (`not_confirmed`).
    """
    moment = now or this_moment()
    row = held(session, slug, version)
    if row.state != "archived" or row.data_deleted is not None:
        raise Conflict(_("Only files of an archived pilot are deleted, and only once."), code="wrong_state")
    if confirmed.strip() != slug:
        raise Conflict(_("Type the short name of this pilot, {slug}.").format(slug=slug), code="not_confirmed")
    row.deletion_asked, row.changed, row.version = moment, moment, row.version + 1
    session.flush()
    trail.record(session, "deletion_asked", actor=by, pilot=slug, now=moment)
    return store.pilot_of(row)


def delete(site: Site, sessions: sessionmaker[Session], slug: str, *, now: datetime | None = None) -> int:
    """Delete the files and objects of an archived pilot and write down how many there were. Safe to repeat.

    Raises
    ------
    Conflict
        If the pilot is not archived any more; nothing was deleted then.
    Unavailable
        If the object store does not answer; what is left is deleted when this is asked again.
    """
    names.check_slug(slug)
    with sessions() as session, session.begin():
        row = held(session, slug)
        if row.state != "archived":
            raise Conflict(_("Only files of an archived pilot are deleted, and only once."), code="wrong_state")
        if row.data_deleted is not None:
            return 0
        # from here on nobody brings the pilot back
        row.deletion_asked = row.deletion_asked or now or this_moment()
    count = delete_objects(objectstore.admin_client(site), slug)
    count += delete_folder(site.pilot_folders / slug)
    delete_folder(site.kept_of_labs / names.workspace_account(slug))
    with sessions() as session, session.begin():
        trail.record(session, "pilot_data_deleted", actor=SYSTEM, pilot=slug, now=now, files=count)
        row = session.get_one(PilotRow, slug)
        row.data_deleted, row.version = now or this_moment(), row.version + 1
    return count


def delete_folder(folder: Path) -> int:
    """Delete a folder with all that is in it; returns how many files there were. No link is followed.

    Folders that are read-only, as `raw` is, are made writable first: rights come from lists that only their owner,
    who runs this, may change.
    """
    if folder.is_symlink():
        folder.unlink()
        return 0
    if not folder.is_dir():
        return 0
    count = 0
    for path, _folders, files in os.walk(folder):
        Path(path).chmod(0o700)
        count += len(files)
    shutil.rmtree(folder)
    return count
