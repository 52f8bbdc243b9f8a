"""Roles as data: what a member of a pilot may do.

A *role* is a named set of *capabilities*:

    read     see the pilot, its people, its data and its results
    comment  write comments and notes
    run      run code: workspaces' kernels and the pilot's Dask clusters
    edit     change notebooks and files in the workspace
    manage   change members, roles and dates
"""

from __future__ import annotations

from typing import Final

CAPABILITIES: Final = ("read", "comment", "run", "edit", "manage")

ROLES: Final[dict[str, frozenset[str]]] = {
    "viewer": frozenset({"read"}),
    "reviewer": frozenset({"read", "comment"}),
    "runner": frozenset({"read", "comment", "run"}),
    "editor": frozenset({"read", "comment", "run", "edit"}),
    "lead": frozenset({"read", "comment", "run", "edit", "manage"}),
    "steward": frozenset({"read"}),
}


def can(role: str | None, capability: str) -> bool:
    """Whether `role` has `capability`; an unknown or missing role has none.

    Raises
    ------
    ValueError
        If `capability` is not one of CAPABILITIES (a mistake of the caller, never of a person).
    """
    if capability not in CAPABILITIES:
        raise ValueError(f"unknown capability {capability!r}")
    return capability in ROLES.get(role or "", frozenset())
