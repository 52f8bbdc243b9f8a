"""Reading an issuer's claims: what gives a partner, what gives none, and what is refused."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest

from kontor.people.claims import Claims, ClaimsError, read_claims
from kontor.people.partners import Partners, load_partners

SUBJECT = "0e4b@lifescience-ri.eu"


@pytest.fixture(scope="module")
def partners() -> Partners:
    return load_partners()


def read(partners: Partners, **claims: Any) -> Claims:
    return read_claims({"sub": SUBJECT} | claims, partners)


def test_keeps_what_kontor_needs_and_nothing_else(partners: Partners) -> None:
    claims = read(
        partners,
        name="Kari Nordmann",
        email="kari@uio.no",
        email_verified=True,
        preferred_username="kari",
        voperson_external_affiliation=["member@uio.no", "alum@ku.dk"],
        schac_home_organization="uio.no",
        eduperson_entitlement=["urn:geant:lifescience-ri.eu:group:lifescience:admin#aai.lifescience-ri.eu"],
    )
    assert claims == Claims(
        subject=SUBJECT,
        display_name="Kari Nordmann",
        partner="university-of-oslo",
        country="NO",
        affiliations=("member@uio.no", "alum@ku.dk"),
        partners=("university-of-oslo",),
    )
    assert "kari@" not in repr(claims)


def test_cannot_be_changed_afterwards(partners: Partners) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read(partners).partner = "uke"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("affiliation", "partner"),
    [
        pytest.param("member@ku.dk", "university-of-copenhagen", id="member"),
        pytest.param("faculty@ku.dk", "university-of-copenhagen", id="faculty"),
        pytest.param("staff@ku.dk", "university-of-copenhagen", id="staff"),
        pytest.param("student@ku.dk", "university-of-copenhagen", id="student"),
        pytest.param("employee@ku.dk", "university-of-copenhagen", id="employee"),
        pytest.param("alum@ku.dk", None, id="alum has left"),
        pytest.param("affiliate@ku.dk", None, id="affiliate does not belong"),
        pytest.param("library-walk-in@ku.dk", None, id="library visitor does not belong"),
        pytest.param("owner@ku.dk", None, id="a word of no vocabulary"),
        pytest.param("Member@LU.SE", "lund-university", id="case does not matter"),
        pytest.param("member@lu.se.evil.com", None, id="scope with more behind"),
        pytest.param("member@evil-lu.se", None, id="scope with more before"),
        pytest.param("member@student.lu.se", None, id="subdomain that is not listed"),
        pytest.param("member@se", None, id="only the country's label"),
        pytest.param("member@l\u016b.se", None, id="letter that looks alike"),
        pytest.param("member@\u212au.dk", None, id="Kelvin sign for k"),
        pytest.param("member@", None, id="no scope"),
        pytest.param("@lu.se", None, id="no word"),
        pytest.param("lu.se", None, id="no at sign"),
        pytest.param("a@b@lu.se", None, id="two at signs"),
        pytest.param("member@lu.se@ku.dk", None, id="two scopes"),
        pytest.param(" member@lu.se", None, id="leading space"),
        pytest.param("member@lu.se\n", None, id="trailing newline"),
        pytest.param("member@lu.se.", None, id="trailing dot"),
        pytest.param("member@lu.se;member@ku.dk", None, id="two in one text are not split"),
        pytest.param("member@lu.se member@ku.dk", None, id="two with a space are not split"),
        pytest.param('["member@lu.se"]', None, id="JSON in a text"),
        pytest.param("member@uke.uni-hamburg.de", "uke", id="hospital under the university's domain"),
        pytest.param("member@uni-hamburg.de", "university-of-hamburg", id="the university itself"),
        pytest.param("member@maxiv.lu.se", "max-iv", id="own scope of a partner that shares another"),
        pytest.param("member@skane.se", "skane-university-hospital", id="default of a shared scope"),
        pytest.param("member@sunet.se", None, id="no partner of the consortium"),
    ],
)
def test_partner_of_one_affiliation(partners: Partners, affiliation: str, partner: str | None) -> None:
    in_list = read(partners, voperson_external_affiliation=[affiliation])
    alone = read(partners, voperson_external_affiliation=affiliation)
    assert (in_list.partner, alone.partner) == (partner, partner)


@pytest.mark.parametrize(
    ("claims", "partner", "candidates"),
    [
        pytest.param({}, None, (), id="nothing"),
        pytest.param({"voperson_external_affiliation": None}, None, (), id="null"),
        pytest.param({"voperson_external_affiliation": []}, None, (), id="empty list"),
        pytest.param({"email": "boss@lu.se", "email_verified": True}, None, (), id="a mail address"),
        pytest.param({"eduperson_scoped_affiliation": ["member@lu.se"]}, None, (), id="what the proxy says of itself"),
        pytest.param({"affiliation": ["member@lu.se"], "eppn": "x@lu.se"}, None, (), id="other claims"),
        pytest.param({"schac_home_organization": "lu.se"}, None, (), id="home organisation alone"),
        pytest.param(
            {"voperson_external_affiliation": ["alum@lu.se"], "schac_home_organization": "lu.se"},
            None,
            (),
            id="alum with home organisation",
        ),
        pytest.param(
            {"voperson_external_affiliation": ["member@lu.se", "employee@lu.se"]},
            "lund-university",
            ("lund-university",),
            id="twice the same partner",
        ),
        pytest.param(
            {"voperson_external_affiliation": ["member@lu.se", "member@ku.dk"]},
            None,
            ("lund-university", "university-of-copenhagen"),
            id="two partners",
        ),
        pytest.param(
            {"voperson_external_affiliation": ["member@lu.se", "member@ku.dk"], "schac_home_organization": "KU.dk"},
            "university-of-copenhagen",
            ("university-of-copenhagen",),
            id="two partners and where they signed in",
        ),
        pytest.param(
            {
                "voperson_external_affiliation": ["member@lu.se", "member@ku.dk"],
                "schac_home_organization": ["lu.se", "ku.dk"],
            },
            None,
            ("lund-university", "university-of-copenhagen"),
            id="two partners and two homes",
        ),
        pytest.param(
            {"voperson_external_affiliation": ["member@lu.se"], "schac_home_organization": "ku.dk"},
            None,
            (),
            id="home organisation contradicts",
        ),
        pytest.param(
            {"voperson_external_affiliation": ["member@lu.se"], "schac_home_organization": "evil.example"},
            None,
            (),
            id="home organisation that nobody knows",
        ),
        pytest.param(
            {"voperson_external_affiliation": ["member@maxiv.lu.se"], "schac_home_organization": "lu.se"},
            "max-iv",
            ("max-iv",),
            id="home organisation is the shared scope",
        ),
        pytest.param(
            {"voperson_external_affiliation": [1, None, ["member@ku.dk"], {"a": 1}, "member@lu.se"]},
            "lund-university",
            ("lund-university",),
            id="items that are no text count for nothing",
        ),
        pytest.param(
            {"voperson_external_affiliation": ["member@lu.se", "x" * 1025]},
            "lund-university",
            ("lund-university",),
            id="an item that is too long counts for nothing",
        ),
    ],
)
def test_partner_of_several_claims(
    partners: Partners, claims: dict[str, Any], partner: str | None, candidates: tuple[str, ...]
) -> None:
    found = read(partners, **claims)
    assert (found.partner, found.partners) == (partner, candidates)
    assert (found.country is None) == (partner is None)


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param("a", id="one character"),
        pytest.param("a" * 255, id="255 characters"),
        pytest.param("!~\"'/\\<>../@", id="any printable ASCII"),
        pytest.param("Case-Matters", id="case is kept"),
    ],
)
def test_subject_is_kept_byte_for_byte(partners: Partners, subject: str) -> None:
    assert read(partners, sub=subject).subject == subject


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(None, id="no claims"),
        pytest.param([], id="a list"),
        pytest.param("sub", id="a text"),
        pytest.param({}, id="no subject"),
        pytest.param({"sub": None}, id="subject null"),
        pytest.param({"sub": ""}, id="subject empty"),
        pytest.param({"sub": 7}, id="subject a number"),
        pytest.param({"sub": True}, id="subject true"),
        pytest.param({"sub": ["a"]}, id="subject a list"),
        pytest.param({"sub": "a" * 256}, id="subject too long"),
        pytest.param({"sub": "a b"}, id="subject with a space"),
        pytest.param({"sub": "a\n"}, id="subject with a newline"),
        pytest.param({"sub": "\x00a"}, id="subject with a control character"),
        pytest.param({"sub": "\x7f"}, id="subject with delete"),
        pytest.param({"sub": "\u212aim"}, id="subject with a Kelvin sign"),
        pytest.param({"sub": "a\u200b"}, id="subject with an invisible character"),
        pytest.param({"sub": "a", "name": 7}, id="name a number"),
        pytest.param({"sub": "a", "name": ["Maja"]}, id="name a list"),
        pytest.param({"sub": "a", "given_name": {}}, id="given name a dict"),
        pytest.param({"sub": "a", "family_name": False}, id="family name false"),
        pytest.param({"sub": "a", "voperson_external_affiliation": {"member@lu.se": 1}}, id="affiliations a dict"),
        pytest.param({"sub": "a", "voperson_external_affiliation": 7}, id="affiliations a number"),
        pytest.param({"sub": "a", "voperson_external_affiliation": True}, id="affiliations true"),
        pytest.param({"sub": "a", "schac_home_organization": {"lu.se": 1}}, id="home organisation a dict"),
        pytest.param({"sub": "a", "voperson_external_affiliation": ["member@lu.se"] * 2001}, id="2,001 affiliations"),
        pytest.param({"sub": "a", "voperson_external_affiliation": [None] * 2001}, id="2,001 nulls"),
        pytest.param({"sub": "a", "voperson_external_affiliation": ["x" * 1024] * 513}, id="over 512 KiB"),
    ],
)
def test_wrong_shapes_are_refused_in_words(partners: Partners, claims: object) -> None:
    with pytest.raises(ClaimsError) as refused:
        read_claims(claims, partners)
    assert (refused.value.status, refused.value.code) == (403, "bad_claims")
    assert str(refused.value).endswith("Please tell the operator.")
    assert len(str(refused.value)) < 250, "the sentence never repeats what was sent"


def test_as_many_values_as_allowed_are_read_in_no_time(partners: Partners) -> None:
    sent = ["member@lu.se"] * 2000
    began = time.perf_counter()
    assert read(partners, voperson_external_affiliation=sent).affiliations == ("member@lu.se",)
    assert read(partners, voperson_external_affiliation=["-" * 1024] * 512).affiliations == ()
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        pytest.param({"name": "Åsa Ek"}, "Åsa Ek", id="name"),
        pytest.param({"name": " ", "given_name": "Åsa", "family_name": "Ek"}, "Åsa Ek", id="blank name, parts instead"),
        pytest.param({"given_name": "Åsa"}, "Åsa", id="given name only"),
        pytest.param({"name": "asa@lu.se", "family_name": "Ek"}, "Ek", id="a mail address is no name"),
        pytest.param({}, "Person from another organisation", id="no name, no partner"),
        pytest.param({"name": None}, "Person from another organisation", id="null"),
        pytest.param(
            {"name": "\u202e\u200b", "voperson_external_affiliation": ["staff@desy.de"]},
            "Person from DESY",
            id="nothing visible in it",
        ),
    ],
)
def test_display_name(partners: Partners, claims: dict[str, Any], shown: str) -> None:
    assert read(partners, **claims).display_name == shown
