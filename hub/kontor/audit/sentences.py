"""An entry of the log as a sentence, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping

from kontor.audit.actions import ACTIONS, SYSTEM
from kontor.audit.trail import Entry
from kontor.words import _


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
    return _(ACTIONS[entry.action].sentence).format_map(_Forgiving(words))


def _shown(key: str, value: object) -> object:
    return _(str(value)) if key == "role" else value


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
