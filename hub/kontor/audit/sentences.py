"""An entry of the log as a sentence, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from kontor.audit.actions import ACTIONS, SYSTEM
from kontor.audit.trail import Entry
from kontor.quantities import day, moment
from kontor.words import N_, _

_DAY: Final = len("2026-06-03")
FIELDS: Final = {
    "title": N_("Title"),
    "question": N_("Question"),
    "partners": N_("Who takes part"),
    "others": N_("Who takes part"),
    "facility": N_("Facility"),
    "technique": N_("Technique"),
    "data_wanted": N_("Data wanted"),
    "class": N_("Kind of data"),
    "agreement": N_("Agreement"),
    "agreement_ends": N_("Last day of the agreement"),
    "starts": N_("First day"),
    "ends": N_("Last day"),
    "credits": N_("Computing hours"),
}
"""Fields of a pilot, as the details name them, in words."""


def people_in(entries: list[Entry]) -> set[str]:
    """Account names in these entries, for looking up what they are called."""
    return {name for one in entries for name in (one.actor, one.person) if name}


def sentence(entry: Entry, called: Mapping[str, str]) -> str:
    """What happened, in one sentence.

    Parameters
    ----------
    called : mapping
        Account name -> what people call them. Who is missing in it is "somebody", a workspace "the workspace".
    """
    words: dict[str, object] = {key: _shown(key, value) for key, value in entry.details.items()}
    words["actor"] = _name(entry.actor, called)
    words["person"] = _name(entry.person or "", called)
    words["dataset"] = entry.dataset or ""
    action = ACTIONS.get(entry.action)
    if action is None:
        return _("Something that this version of Kontor does not know: {action}.").format(action=entry.action)
    told = _(action.sentence).format_map(_Forgiving(words))
    return told[:1].upper() + told[1:]


def meaning(action: str) -> str:
    """What an action means, with ellipses for what differs from entry to entry."""
    found = ACTIONS.get(action)
    return _(found.sentence).format_map(_Forgiving()) if found else ""


def _shown(key: str, value: object) -> object:
    if value is None or value == "":
        return "–"
    if key == "role":
        return _(str(value))
    if key == "changed":
        return ", ".join(dict.fromkeys(_(FIELDS.get(field, field)) for field in str(value).split(", ")))
    return _until(str(value)) if key == "until" else value


def _until(text: str) -> str:
    """A day or a moment in the reader's language; as it stands if it is neither."""
    try:
        return day(date.fromisoformat(text)) if len(text) == _DAY else moment(datetime.fromisoformat(text))
    except ValueError:
        return text


def _name(account: str, called: Mapping[str, str]) -> str:
    if account == SYSTEM:
        return "Kontor"
    if account.startswith("ws-"):
        return _("the workspace")
    return called.get(account) or _("somebody")


class _Forgiving(dict[str, object]):
    """An old entry that lacks a word stays readable."""

    def __missing__(self, key: str) -> str:
        return "…"
