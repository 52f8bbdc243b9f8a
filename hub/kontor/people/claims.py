"""From an issuer's claims to what Kontor keeps of a person. Pure: no clock, no network, no log.

    claims           what the issuer says at UserInfo, in the shapes of AARC and eduPerson
    affiliation      `word@scope`, as the home organisation says it (`voperson_external_affiliation`)
    belonging        an affiliation of someone who is there now: member, faculty, staff, student, employee

The partner comes from a belonging affiliation and the partner table, and from nothing else: alum, affiliate and
library-walk-in give none, nor does a mail address, nor what a proxy says of itself
(`eduperson_scoped_affiliation`). Mail addresses, entitlements and raw claims are not kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kontor.errors import KontorError
from kontor.people.faces import clean_name
from kontor.people.partners import Partner, Partners

BELONGING = frozenset({"member", "faculty", "staff", "student", "employee"})
VOCABULARY = BELONGING | {"affiliate", "alum", "library-walk-in"}

MOST_VALUES = 2_000
LONGEST_VALUE = 1_024
MOST_BYTES = 512 * 1024

_SUBJECT = re.compile(r"[\x21-\x7e]{1,255}")
_AFFILIATION = re.compile(r"([a-z-]+)@([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)")


class ClaimsError(KontorError):
    """The issuer's answer cannot be used, so nobody is signed in."""

    code = "bad_claims"
    status = 403


@dataclass(frozen=True, slots=True)
class Claims:
    """What Kontor keeps of an issuer's answer.

    Attributes
    ----------
    subject : str
        The issuer's `sub`, byte for byte.
    display_name : str
        Safe to show; never empty.
    partner, country : str or None
        Slug and country code from the partner table; None without a belonging affiliation, and while several
        partners come into question.
    affiliations : tuple of str
        `word@scope` of the home organisations, in lower case and in the order sent.
    partners : tuple of str
        Slugs of all partners that come into question.
    """

    subject: str
    display_name: str
    partner: str | None
    country: str | None
    affiliations: tuple[str, ...]
    partners: tuple[str, ...] = ()


def read_claims(claims: object, partners: Partners) -> Claims:
    """Read an issuer's answer; refuse what has the wrong shape.

    Raises
    ------
    ClaimsError
        If there is no usable `sub`, or a claim that Kontor reads has a shape it cannot have.
    """
    if not isinstance(claims, Mapping):
        raise ClaimsError(_refusal("its answer is not a set of claims"))
    subject = _subject(claims)
    affiliations = _affiliations(claims)
    candidates = _candidates(affiliations, _texts(claims, "schac_home_organization"), partners)
    partner = candidates[0] if len(candidates) == 1 else None
    return Claims(
        subject=subject,
        display_name=_display_name(claims, partner),
        partner=partner.slug if partner else None,
        country=partner.country if partner else None,
        affiliations=affiliations,
        partners=tuple(candidate.slug for candidate in candidates),
    )


def _refusal(fault: str) -> str:
    return f"Your sign-in service sent something that Kontor cannot use: {fault}. Please tell the operator."


def _subject(claims: Mapping[object, object]) -> str:
    subject = claims.get("sub")
    if subject is None:
        raise ClaimsError(_refusal("it does not say who you are (sub is missing)"))
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise ClaimsError(_refusal("your identifier (sub) is not 1 to 255 printable ASCII characters without spaces"))
    return subject


def _text(claims: Mapping[object, object], key: str) -> str:
    """A claim that is one text; "" if it is missing."""
    value = claims.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ClaimsError(_refusal(f"{key} is not a text"))
    return value


def _texts(claims: Mapping[object, object], key: str) -> tuple[str, ...]:
    """A claim that is a list of texts; a lone text is a list of one and is never split.

    Items that are no text, or longer than 1,024 characters, count for nothing. More than 2,000 items or 512 KiB are
    refused rather than cut off.
    """
    value = claims.get(key)
    if value is None:
        return ()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list):
        raise ClaimsError(_refusal(f"{key} is not a list of texts"))
    texts = [item for item in values if isinstance(item, str)]
    if len(values) > MOST_VALUES or sum(len(text.encode(errors="replace")) for text in texts) > MOST_BYTES:
        raise ClaimsError(_refusal(f"{key} has more than {MOST_VALUES:,} values or 512 KiB"))
    return tuple(text for text in texts if len(text) <= LONGEST_VALUE)


def _affiliations(claims: Mapping[object, object]) -> tuple[str, ...]:
    """The well-formed home affiliations, in lower case, each once."""
    sent = [text.lower() for text in _texts(claims, "voperson_external_affiliation") if text.isascii()]
    matches = [match for text in sent if (match := _AFFILIATION.fullmatch(text))]
    return tuple(dict.fromkeys(match[0] for match in matches if match[1] in VOCABULARY))


def _candidates(affiliations: tuple[str, ...], homes: tuple[str, ...], partners: Partners) -> list[Partner]:
    """Partners that the belonging affiliations name, narrowed to those that own the stated home organisation.

    If the home organisation (`schac_home_organization`) contradicts all of them, none wins: a steward decides.
    """
    words_and_scopes = [affiliation.split("@") for affiliation in affiliations]
    found = [partners.by_scope(scope) for word, scope in words_and_scopes if word in BELONGING]
    candidates = list({partner.slug: partner for partner in found if partner}.values())
    if not homes:
        return candidates
    owners = {partner.slug for home in homes for partner in partners.sharing(home)}
    return [candidate for candidate in candidates if candidate.slug in owners]


def _display_name(claims: Mapping[object, object], partner: Partner | None) -> str:
    whole = _text(claims, "name")
    parts = f"{_text(claims, 'given_name')} {_text(claims, 'family_name')}"
    home = partner.name if partner else "another organisation"
    return clean_name(whole) or clean_name(parts) or f"Person from {home}"
