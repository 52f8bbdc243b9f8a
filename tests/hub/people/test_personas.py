"""The people of the demo: their claims are of the shapes that Life Science Login sends, and say what the page says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kontor.names import account_name
from kontor.people.claims import read_claims
from kontor.people.faces import color_class
from kontor.people.partners import load_partners

from .conftest import PERSONAS

ENTITLEMENT = re.compile(r"urn:geant:lifescience-ri\.eu:group:lifescience:[a-z-]+(:[a-z-]+)*#aai\.lifescience-ri\.eu")
ASSURANCE = re.compile(r"https://refeds\.org/assurance(/version/2|/ID/unique|/ATP/ePA-1[md]|/IAP/(low|medium|high))?")
LISTS = {
    "voperson_external_affiliation",
    "eduperson_scoped_affiliation",
    "eduperson_entitlement",
    "eduperson_assurance",
}
GUESTS = ["nils", "pia"]
TEXTS = {"sub", "voperson_id", "name", "given_name", "family_name", "email"}

each_persona = pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona["id"])


def test_there_are_twelve_different_people() -> None:
    assert [persona["id"] for persona in PERSONAS] == [
        "maja",
        "jonas",
        "anke",
        "kari",
        "lars",
        "greta",
        "erik",
        "tove",
        "nils",
        "ingrid",
        "henrik",
        "pia",
    ]
    assert len({persona["subject"] for persona in PERSONAS}) == len(PERSONAS)
    assert len({persona["color"] for persona in PERSONAS[:9]}) == 9, "everybody in a pilot has a colour of their own"


def test_each_office_is_held_by_one_and_one_guest_is_unknown() -> None:
    assert [(one["id"], one["office"]) for one in PERSONAS if "office" in one] == [
        ("ingrid", "operator"),
        ("henrik", "steward"),
    ]
    assert [one["id"] for one in PERSONAS if one.get("unknown")] == ["pia"]


@each_persona
def test_the_page_says_what_the_claims_say(persona: dict[str, Any]) -> None:
    claims = read_claims(persona["claims"], load_partners())
    assert (claims.subject, claims.display_name) == (persona["subject"], persona["name"])
    if persona["id"] not in GUESTS:
        partner = load_partners().get(claims.partner or "")
        assert partner is not None
        assert (partner.name, partner.country) == (persona["partner"], persona["country"])
    assert persona["color"] == color_class(account_name("demo", claims.subject))


def test_only_the_guests_have_no_home_organisation() -> None:
    partners = load_partners()
    without = [persona["id"] for persona in PERSONAS if read_claims(persona["claims"], partners).partner is None]
    assert without == GUESTS


@each_persona
def test_claims_have_the_shapes_of_life_science_login(persona: dict[str, Any]) -> None:
    claims = persona["claims"]
    assert set(claims) - {"schac_home_organization"} == TEXTS | LISTS | {"email_verified"}
    assert all(isinstance(claims[key], str) and claims[key] for key in TEXTS)
    assert all(isinstance(claims[key], list) for key in LISTS)
    assert claims["email_verified"] is True
    assert claims["voperson_id"] == claims["sub"]
    assert claims["eduperson_scoped_affiliation"] == ["affiliate@lifescienceid.org"]
    assert all(ENTITLEMENT.fullmatch(value) for value in claims["eduperson_entitlement"])
    assert all(ASSURANCE.fullmatch(value) for value in claims["eduperson_assurance"])
