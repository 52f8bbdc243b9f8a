"""What addresses and forms speak of: a document, an invitation, a share link, an upload that waits, in some pilot."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kontor.data import catalogue
from kontor.database import now
from kontor.pilots import standing, store
from kontor.pilots.documents import file_changes, shares
from kontor.pilots.membership import door as invitation_door
from kontor.pilots.membership import invitations
from kontor.pilots.membership.governing import Governor
from kontor.pilots.model import BudgetRow, PilotRow
from kontor.web.seal import Seal
from tests.hub.web.documents import DOT, furnish, markdown, notebook
from tests.hub.web.house import House, a_data_set, account


@dataclass(frozen=True)
class Objects:
    """Objects of one pilot.

    Parameters
    ----------
    known : dict
        Name -> what stands for it in an address or a form.
    held : dict
        Name -> what a seal for the person who asks contains: an upload that waits, a deletion to take back.
    """

    known: dict[str, Any]
    held: dict[str, dict[str, Any]]

    def of(self, house: House, persona: str) -> dict[str, Any]:
        """All of them, for somebody who asks."""
        seal = Seal(house.site.secret("session-secret"), "files")
        person = account(persona)
        sealed = {name: seal.close({**value, "person": person}) for name, value in self.held.items()}
        return {**self.known, **sealed, "me": person}


def fill_pilot(house: House, slug: str, *, lead: str, editor: str, member: str, mark: str) -> Objects:
    """Make one object of each kind in a pilot; the names of all of them hold `mark`, so no other pilot has them."""
    root = furnish(house, slug)
    (root / mark).mkdir()
    for name, content in (("text.txt", b"text"), ("dot.png", DOT), ("gone.txt", b"gone")):
        (root / mark / name).write_bytes(content)
    (root / mark / "book.ipynb").write_text(notebook(markdown("# Heading")))
    staged = file_changes.stage(root, mark, io.BytesIO(b"new"), now=now())
    aside = file_changes.put_aside(root, f"{mark}/gone.txt", now=now())
    with house.session() as session, session.begin():
        catalogue.register(session, a_data_set(slug, f"{mark}-data"))
    return Objects(
        {
            "slug": slug,
            "person": account(member),
            "dataset": f"{mark}-data",
            "folder": mark,
            "file": f"{mark}/text.txt",
            "picture": f"{mark}/dot.png",
            "notebook": f"{mark}/book.ipynb",
            **_invitations(house, slug, lead),
            **_shares(house, slug, mark, lead, editor),
        },
        {
            "staged": {**vars(staged), "slug": slug, "name": "new.txt"},
            "undo": {"slug": slug, "path": f"{mark}/gone.txt", "aside": aside},
        },
    )


def use_up(house: House, slug: str) -> None:
    """Let the budget of a pilot be used up, and its grace run."""
    with house.session() as session, session.begin():
        row = session.get_one(PilotRow, slug)
        row.grace_until = now() + timedelta(hours=20)
        session.merge(BudgetRow(pilot=slug, used=row.credits + 1, stage="grace", since=now()))


def version_of(house: House, slug: str) -> int:
    """The version of a pilot that a change has to name."""
    with house.session() as session:
        return store.get_one(session, slug).version


def _invitations(house: House, slug: str, lead: str) -> dict[str, str]:
    """One that nobody has used, with its token, and one that nils has accepted."""
    by, guest = (Governor.of(house.app.state, account(one)) for one in (lead, "nils"))
    with house.session() as session, session.begin():
        waiting, token = invitations.make(session, by, slug, "viewer", "For a guest")
        invitation_door.accept(session, guest, token)
        unused, token = invitations.make(session, by, slug, "viewer", "For somebody")
    return {"waiting": waiting.id, "unused": unused.id, "invitation": token}


def _shares(house: House, slug: str, mark: str, lead: str, editor: str) -> dict[str, str]:
    """Links of the lead to a notebook, to look and to ask, and one of the editor."""
    found: dict[str, str] = {}
    wanted = (("looking", lead, "viewer"), ("asking", lead, "runner"), ("editors", editor, "viewer"))
    with house.session() as session, session.begin():
        for name, persona, role in wanted:
            place = standing.of_person(session, account(persona), slug)
            root = house.site.pilot_folders / slug
            one, token = shares.make(session, place, account(persona), root, f"{mark}/book.ipynb", role)
            found |= {f"{name}_share": one.id, f"{name}_link": token}
    return found
