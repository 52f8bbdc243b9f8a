"""The actions of the log in groups, so that somebody can ask for one kind of thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kontor.words import N_


@dataclass(frozen=True)
class Group:
    """Actions that belong together; `words` is what pages call them."""

    words: str
    actions: frozenset[str]


def _group(words: str, *actions: str) -> Group:
    return Group(words, frozenset(actions))


GROUPS: Final[dict[str, Group]] = {
    "sign-in": _group(N_("Sign-in"), "signed_in"),
    "life": _group(
        N_("Life of the pilot"),
        "pilot_proposed",
        "pilot_revised",
        "pilot_withdrawn",
        "pilot_approved",
        "pilot_declined",
        "approval_taken_back",
        "pilot_started",
        "pilot_extended",
        "pilot_closing",
        "pilot_reopened",
        "pilot_archived",
        "deletion_asked",
        "deletion_asked",
        "pilot_data_deleted",
        "agreement_recorded",
        "agreement_ending",
        "agreement_expired",
        "pilot_ending",
    ),
    "members": _group(
        N_("Members and invitations"),
        "member_added",
        "member_left",
        "member_removed",
        "membership_ended",
        "membership_dated",
        "membership_undated",
        "role_changed",
        "lead_handed_over",
        "invitation_made",
        "invitation_accepted",
        "invitation_confirmed",
        "invitation_refused",
        "invitation_revoked",
        "access_ended",
    ),
    "documents": _group(
        N_("Documents and files"),
        "share_made",
        "share_used",
        "share_revoked",
        "file_downloaded",
        "file_uploaded",
        "file_deleted",
        "file_restored",
    ),
    "exports": _group(N_("Exports"), "pilot_exported", "log_exported", "report_exported", "data_of_person_exported"),
    "computing": _group(
        N_("Computing"), "workspace_opened", "workspace_started", "lab_started", "cluster_started", "cluster_stopped"
    ),
    "data": _group(N_("Data"), "data_added", "data_opened", "data_attached"),
    "budget": _group(
        N_("Budget"),
        "budget_set",
        "budget_warned",
        "budget_slowed",
        "budget_extended",
        "budget_stopped",
        "budget_resumed",
    ),
}


def group_of(action: str) -> str | None:
    """The group of an action; None for one that this version does not know."""
    return next((name for name, group in GROUPS.items() if action in group.actions), None)
