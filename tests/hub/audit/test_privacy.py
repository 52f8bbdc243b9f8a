"""No entry holds what tells who somebody is: no name, no address, no subject, no token."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

import kontor
from kontor.audit import reading
from kontor.audit.reading import Wanted
from kontor.names import is_person
from kontor.people.authenticator import KontorAuthenticator
from kontor.people.claims import read_claims
from kontor.people.partners import load_partners
from kontor.pilots import demo
from kontor.site import Site

PERSONAS = json.loads((Path(kontor.__file__).parent / "people/issuer/personas.json").read_text("utf-8"))["personas"]


@pytest.fixture
async def whole(site: Site, session: Session) -> str:
    """All that the log holds after the demo has been set up and everybody has signed in."""
    demo.seed(session)
    session.commit()
    authenticator = KontorAuthenticator(
        site=site, issuer_alias="demo", authorize_url="x", token_url="x", userdata_url="x", allow_all=True
    )
    for persona in PERSONAS:
        claims = read_claims(persona["claims"], load_partners())
        await authenticator.update_auth_model(
            {
                "name": authenticator.user_info_to_username(persona["claims"]),
                "auth_state": {authenticator.user_auth_state_key: claims, "access_token": "secret-of-the-issuer"},
            }
        )
    assert reading.count(session, Wanted(actions=frozenset({"signed_in"}))) == len(PERSONAS)
    return " ".join(str(tuple(row)) for row in session.execute(text("SELECT * FROM audit"))).casefold()


async def test_nobody_is_named(whole: str) -> None:
    for persona in PERSONAS:
        for word in [persona["subject"], persona["claims"]["email"], *persona["name"].split()]:
            assert re.search(rf"\b{re.escape(word.casefold())}\b", whole) is None, word


@pytest.mark.parametrize("sign", ["@", "secret", "token", "http"])
async def test_no_address_and_no_token(whole: str, sign: str) -> None:
    assert sign not in whole


async def test_people_are_account_names(whole: str, session: Session) -> None:
    accounts = reading.accounts(session) - {"kontor"}
    assert len(accounts) >= len(PERSONAS)
    assert all(is_person(name) for name in accounts)
