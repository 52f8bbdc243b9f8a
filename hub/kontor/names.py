"""Names: account names, pilot slugs and what is made of them.

An *account name* is what JupyterHub, DNS, paths and labels see. Persons are `u` and 24 characters of base32
(120 bits of SHA-256 over issuer alias and subject), workspaces are `ws-` and the pilot's slug; no issuer can
send either, because a person's name is always derived here. Both pass JupyterHub's `safe_slug` unchanged or
are injective under it, and both are valid DNS labels (RFC 1035).
"""

from __future__ import annotations

import base64
import hashlib
import re

from kontor.errors import KontorError

_SLUG = re.compile(r"\A[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_ACCOUNT = re.compile(r"\Au[a-z2-7]{24}\Z")
_DATASET = _SLUG

SLUG_MIN, SLUG_MAX = 2, 27
WORKSPACE_PREFIX = "ws-"
GROUP_PREFIX = "pilot-"
WORKSPACES_GROUP = "workspaces"
SERVICE_NAME = "lobby"
RECONCILER_NAME = "reconciler"
GATEWAY_NAME = "gateway"
MANAGE_SCOPE = "custom:kontor:manage"


def account_name(issuer_alias: str, subject: str) -> str:
    """Opaque account name of a person: injective, stable, and telling nothing about them.

    Parameters
    ----------
    issuer_alias : str
        The alias of the issuer in the settings (not its URL, which may move).
    subject : str
        The issuer's `sub`, byte for byte.
    """
    digest = hashlib.sha256(f"{issuer_alias}\0{subject}".encode()).digest()
    return "u" + base64.b32encode(digest).decode("ascii").lower()[:24]


def is_person(account: str) -> bool:
    """Whether `account` has the form of a person's account name."""
    return _ACCOUNT.fullmatch(account) is not None


def check_slug(slug: str, what: str = "pilot") -> str:
    """Return `slug` unchanged, or raise KontorError if it is not a slug.

    A slug has 2 to 27 characters: lower-case letters, digits and single hyphens, beginning with a letter.
    """
    if not is_slug(slug):
        raise KontorError(
            f"{slug[:60]!r} is not a name for a {what}: use 2 to 27 lower-case letters, digits and single hyphens, "
            "beginning with a letter.",
            code="bad_name",
        )
    return slug


def is_slug(text: str) -> bool:
    """Whether `text` is a slug (see `check_slug`)."""
    return SLUG_MIN <= len(text) <= SLUG_MAX and _SLUG.fullmatch(text) is not None


def workspace_account(slug: str) -> str:
    """Hub account of a pilot's workspace."""
    return WORKSPACE_PREFIX + check_slug(slug)


def pilot_of_workspace(account: str) -> str | None:
    """The pilot whose workspace `account` is, or None."""
    slug = account.removeprefix(WORKSPACE_PREFIX)
    return slug if slug != account and _SLUG.fullmatch(slug) else None


def pilot_group(slug: str) -> str:
    """Hub group of those who may run clusters of a pilot."""
    return GROUP_PREFIX + check_slug(slug)


def pilot_of_group(group: str) -> str | None:
    """The pilot whose cluster group `group` is, or None."""
    slug = group.removeprefix(GROUP_PREFIX)
    return slug if slug != group and _SLUG.fullmatch(slug) else None


def subdomain(name: str, domain: str, kind: str) -> str:
    """Subdomain hook for JupyterHub: users and services each at `<name>.<domain>`.

    Account names and our service names cannot collide (a person's name has 25 characters, a workspace's begins
    with `ws-`), so one level, and one wildcard certificate, is enough.
    """
    if kind == "user" and not (is_person(name) or pilot_of_workspace(name)):
        raise ValueError(f"unexpected account name {name!r}")
    return f"{name}.{domain}"
