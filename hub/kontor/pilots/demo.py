"""The demo pilots: four collaborations between the people whom the demo issuer offers.

Seeding again changes nothing that people did since: a pilot that is there stays as it is, with everybody in it.
"""

from __future__ import annotations

import json
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from kontor.database import now as this_moment
from kontor.errors import KontorError
from kontor.people import store as people
from kontor.people.claims import read_claims
from kontor.people.partners import load_partners
from kontor.pilots import members, store
from kontor.pilots.lifecycle import day_of

ISSUER: Final = "demo"
_DAYS: Final = ("starts", "ends", "agreement_ends")
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
        if store.get(session, entry["slug"]) is None:
            _enter(session, entry, accounts, now)


def _enter(session: Session, entry: dict[str, Any], accounts: dict[str, str], now: datetime | None) -> None:
    """Enter one pilot of the table with its partners and members."""
    partners = [store.TakesPart(**one) for one in entry.pop("partners")]
    roles: dict[str, str] = entry.pop("members")
    for persona in roles:
        if persona not in accounts:
            raise KontorError(f"{_TABLE.name}: the demo issuer has no persona {persona!r}.", code="no_such_persona")
    state, class_ = entry.pop("state", "active"), entry.pop("class")
    today = day_of(now or this_moment())
    entry |= {name: today + timedelta(days=entry[name]) for name in _DAYS}
    lead = next(accounts[persona] for persona, role in roles.items() if role == "lead")
    store.create(session, store.Pilot(class_=class_, state=state, proposed_by=lead, **entry), now=now)
    store.set_partners(session, entry["slug"], partners)
    for persona, role in roles.items():
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
