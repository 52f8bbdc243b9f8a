"""What `kontor up` prints when the house is open: the address, and who to be."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from kontor.site import Site

_PACKAGE = Path(__file__).resolve().parents[1]


def welcome(site: Site, seconds: float) -> str:
    """The lines for a newcomer.

    Parameters
    ----------
    seconds : float
        How long the start took.
    """
    lines = ["", f"Kontor is open: {site.public_url}   (after {seconds:.0f} s; Ctrl-C closes it)"]
    if site.settings.demo.enabled:
        lines += ["", "Sign in as one of the demo people; they are made up and have no passwords:", *people()]
        lines += ["", "Co-editing: open the workspace of 'knee-mr' as maja, and as jonas in a private window."]
    return "\n".join(lines)


def people() -> list[str]:
    """One line for each demo person: who they are, and their pilots."""
    personas: list[dict[str, Any]] = json.loads((_PACKAGE / "people" / "issuer" / "personas.json").read_text("utf-8"))[
        "personas"
    ]
    pilots = tomllib.loads((_PACKAGE / "pilots" / "demo.toml").read_text("utf-8"))["pilot"]
    lines = []
    for one in personas:
        roles = [
            f"{pilot['slug']} ({pilot['members'][one['id']]})" for pilot in pilots if one["id"] in pilot["members"]
        ]
        place = f"{one['name']}, {one['partner']}, {one['country']}"
        lines.append(f"  {one['id']:<6} {place:<68} {', '.join(roles) or _without_pilot(one)}")
    return lines


def _without_pilot(persona: dict[str, Any]) -> str:
    offices = {"operator": "operator: approves pilots, reads the log", "steward": "steward: approves pilots"}
    if office := persona.get("office"):
        return offices[office]
    return "never here before: try an invitation" if persona.get("unknown") else "no pilot yet: the waiting room"
