"""Everything that the audit log can say: a closed table of actions, each with its sentence.

In a sentence `{actor}` did it, `{person}` is whom it was about, `{dataset}` which data; every other name is a key
of the entry's details. `news` are told to the members of the pilot in the lobby; the rest is for the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kontor.words import N_

SYSTEM: Final = "kontor"
"""Actor of what the clock or the installation does by itself."""


@dataclass(frozen=True)
class Action:
    """What can happen."""

    sentence: str
    news: bool = False


ACTIONS: Final[dict[str, Action]] = {
    # people
    "signed_in": Action(N_("{actor} signed in.")),
    "data_of_person_exported": Action(N_("{actor} exported what is known about {person}.")),
    # life cycle
    "pilot_proposed": Action(N_("{actor} proposed the pilot."), news=True),
    "pilot_revised": Action(N_("{actor} changed: {changed}.")),
    "pilot_withdrawn": Action(N_("{actor} withdrew the proposal: {reason}"), news=True),
    "pilot_approved": Action(N_("{actor} approved the pilot: {reason}"), news=True),
    "pilot_declined": Action(N_("{actor} declined the proposal: {reason}"), news=True),
    "approval_taken_back": Action(N_("{actor} took the approval back: {reason}"), news=True),
    "pilot_started": Action(N_("The pilot is open."), news=True),
    "pilot_extended": Action(N_("{actor} moved the end to {until}: {reason}"), news=True),
    "pilot_closing": Action(N_("The pilot is closing; it will be archived on {until}. {reason}"), news=True),
    "pilot_reopened": Action(N_("{actor} opened the pilot again: {reason}"), news=True),
    "pilot_archived": Action(N_("The pilot is archived; its files will be deleted on {until}."), news=True),
    "deletion_asked": Action(N_("{actor} asked for the files and data of the pilot to be deleted now.")),
    "pilot_data_deleted": Action(N_("The files and data of the pilot were deleted ({files} files).")),
    "agreement_recorded": Action(N_("{actor} recorded the agreement {reference}, in force until {until}."), news=True),
    "agreement_ending": Action(
        N_("The agreement ends on {until}. Without a new one the pilot becomes read-only."), news=True
    ),
    "agreement_expired": Action(
        N_("The agreement ended on {until}: the pilot is read-only until a new one is recorded."), news=True
    ),
    "pilot_ending": Action(N_("The pilot ends on {until}."), news=True),
    # members
    "member_added": Action(N_("{person} joined as {role}."), news=True),
    "member_left": Action(N_("{person} left."), news=True),
    "member_removed": Action(N_("{actor} removed {person}."), news=True),
    "membership_ended": Action(N_("The membership of {person} ended."), news=True),
    "membership_dated": Action(N_("{actor} let the membership of {person} end on {until}.")),
    "membership_undated": Action(N_("{actor} let the membership of {person} go on without an end.")),
    "role_changed": Action(N_("{person} is now {role}."), news=True),
    "lead_handed_over": Action(N_("{actor} handed the lead over to {person}."), news=True),
    "invitation_made": Action(N_("{actor} made an invitation as {role}.")),
    "invitation_accepted": Action(N_("{actor} accepted an invitation as {role} and waits for a yes.")),
    "invitation_confirmed": Action(N_("{actor} confirmed the invitation of {person} as {role}.")),
    "invitation_refused": Action(N_("{actor} turned down {person}, who had accepted an invitation.")),
    "invitation_revoked": Action(N_("{actor} took back an invitation as {role}.")),
    "access_ended": Action(N_("The workspace or clusters were closed because {person} lost the right to them.")),
    # documents and files
    "share_made": Action(N_("{actor} made a link to {path} as {role}.")),
    "share_used": Action(N_("{actor} opened {path} by a link.")),
    "share_revoked": Action(N_("{actor} took back the link to {path}.")),
    "file_downloaded": Action(N_("{actor} downloaded {path}.")),
    "file_uploaded": Action(N_("{actor} uploaded {path}.")),
    "file_deleted": Action(N_("{actor} deleted {path}.")),
    "file_restored": Action(N_("{actor} brought {path} back.")),
    "pilot_exported": Action(N_("{actor} exported the pilot's files ({files} files).")),
    "log_exported": Action(N_("{actor} exported this log.")),
    "report_exported": Action(N_("{actor} exported the list of pilots.")),
    # compute and data
    "workspace_opened": Action(N_("{actor} opened the workspace."), news=True),
    "workspace_started": Action(N_("The workspace was started.")),
    "lab_started": Action(N_("{actor} started their lab.")),
    "cluster_started": Action(N_("{actor} started a cluster with {workers} workers.")),
    "cluster_stopped": Action(N_("{actor} stopped a cluster.")),
    "data_added": Action(N_("New data: {title}."), news=True),
    "data_opened": Action(N_("{actor} opened the data set {dataset}.")),
    "data_attached": Action(N_("{actor} was given a key to the pilot's data as {role}.")),
    # budget
    "budget_set": Action(N_("{actor} set the budget to {credits} credits: {reason}"), news=True),
    "budget_warned": Action(N_("The pilot has used {percent} % of its budget."), news=True),
    "budget_slowed": Action(
        N_("The budget is used up: the pilot is slowed, and stops on {until} unless the lead extends."), news=True
    ),
    "budget_extended": Action(N_("{actor} extended the grace until {until}: {reason}"), news=True),
    "budget_stopped": Action(N_("The budget is used up and the grace is over: computing has stopped."), news=True),
    "budget_resumed": Action(N_("There is budget again: computing is open."), news=True),
}

NEWS: Final = frozenset(name for name, action in ACTIONS.items() if action.news)
