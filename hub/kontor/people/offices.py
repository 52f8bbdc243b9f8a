"""Offices: who looks after the installation.

An *operator* runs it, a *steward* approves pilots and agreements; both come from the settings only, never from a
claim. The demo brings one of each along, so that its pilots can be approved.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from kontor.names import account_name
from kontor.site import Site

OPERATOR, STEWARD = "operator", "steward"
DEMO_ISSUER: Final = "demo"
_PERSONAS = Path(__file__).with_name("issuer") / "personas.json"


@dataclass(frozen=True)
class Offices:
    """Who holds which office, by account name."""

    operators: frozenset[str] = frozenset()
    stewards: frozenset[str] = frozenset()

    @classmethod
    def at(cls, site: Site) -> Offices:
        """The offices of an installation."""
        demo = _demo() if site.settings.demo.enabled else cls()
        return cls(
            demo.operators | set(site.settings.people.operators), demo.stewards | set(site.settings.people.stewards)
        )

    def of(self, account: str) -> str | None:
        """The office of a person: `operator`, `steward` or None."""
        if account in self.operators:
            return OPERATOR
        return STEWARD if account in self.stewards else None


@cache
def _demo() -> Offices:
    held: dict[str, set[str]] = {OPERATOR: set(), STEWARD: set()}
    for persona in json.loads(_PERSONAS.read_text(encoding="utf-8"))["personas"]:
        if office := persona.get("office"):
            held[office].add(account_name(DEMO_ISSUER, persona["subject"]))
    return Offices(frozenset(held[OPERATOR]), frozenset(held[STEWARD]))
