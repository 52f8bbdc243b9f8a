"""The demo pilots: four collaborations between the people whom the demo issuer offers.

Seeding again changes nothing that people did since: pilots are brought to the words of `demo.toml`, people who
are members stay what they are, and people who left stay away.
"""

from __future__ import annotations

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from kontor.errors import KontorError
from kontor.people import store as people
from kontor.people.claims import read_claims
from kontor.people.partners import load_partners
from kontor.pilots import members, store
from kontor.pilots.model import MembershipRow

ISSUER: Final = "demo"
_TABLE = Path(__file__).with_name("demo.toml")
_PERSONAS = Path(__file__).parent.parent / "people" / "issuer" / "personas.json"


def seed(session: Session, *, now: datetime | None = None) -> None:
    """Enter the demo people, pilots and memberships that are not there yet.

    Raises
    ------
    KontorError
        If `demo.toml` names a persona that the demo issuer does not have.
    """
    accounts = _introduce(session, now)
    for entry in tomllib.loads(_TABLE.read_text(encoding="utf-8"))["pilot"]:
        roles: dict[str, str] = entry.pop("members")
        partners = [store.TakesPart(**one) for one in entry.pop("partners")]
        store.create(session, store.Pilot(class_=entry.pop("class"), state="active", **entry), now=now)
        store.set_partners(session, entry["slug"], partners)
        for persona, role in roles.items():
            if persona not in accounts:
                raise KontorError(f"{_TABLE.name}: the demo issuer has no persona {persona!r}.", code="no_such_persona")
            if not _was_member(session, entry["slug"], accounts[persona]):
                members.add(session, entry["slug"], accounts[persona], role, now=now)


def _introduce(session: Session, now: datetime | None) -> dict[str, str]:
    """Make the personas known; persona id -> account name."""
    partners = load_partners()
    accounts: dict[str, str] = {}
    personas: list[dict[str, Any]] = json.loads(_PERSONAS.read_text(encoding="utf-8"))["personas"]
    for persona in personas:
        if persona.get("unknown"):
            continue
        claims = read_claims(persona["claims"], partners)
        person = people.introduce(
            session,
            issuer=ISSUER,
            subject=claims.subject,
            display_name=claims.display_name,
            partner=claims.partner,
            country=claims.country,
            now=now,
        )
        accounts[persona["id"]] = person.name
    return accounts


def _was_member(session: Session, slug: str, person: str) -> bool:
    found = session.scalar(
        select(MembershipRow.person).where(MembershipRow.pilot == slug, MembershipRow.person == person)
    )
    return found is not None
