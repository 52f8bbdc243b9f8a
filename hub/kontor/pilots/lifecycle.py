"""The life of a pilot: which step leads from which state to which, who may take it, and what is open meanwhile.

    proposed ─ approve ─▶ approved ─ start ─▶ active ─ close ─▶ closing ─ archive ─▶ archived
        │ ▲                  │                 ▲ └ extend          │                    │
        │ └──── take-back ───┘                 └───── reopen ──────┴────── restore ─────┘ (to closing)
        ├ decline ─▶ declined ──┐
        └ withdraw ─▶ withdrawn ┴ propose ─▶ proposed

Each step that can be taken back names the step that does it. The clock takes some steps by itself: a pilot that was
approved starts on its first day, closes after its last, and is archived when its closing time is over.

What members may do depends on the *mode* that state, agreement and budget make (`mode`):

    planning    the pilot is proposed, declined, withdrawn or approved: its page and its people, no data yet
    working     all that the role allows
    reading     closing, or the agreement has ended, or the budget is used up: look and manage, nothing runs
    record      archived: what it was, nothing more
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from kontor.errors import Conflict, NotAllowed
from kontor.words import N_, _

Mode = Literal["planning", "working", "reading", "record"]
LEAD, OFFICE, CLOCK = "lead", "office", "clock"
_ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Step:
    """A change of state.

    Parameters
    ----------
    to : str
        The state that it leads to.
    by : frozenset of str
        Who may take it: `lead` (of the pilot; before it is approved also who proposed it), `office` (stewards and
        operators of the installation), `clock`.
    action : str
        What the audit log calls it.
    words : str
        What pages call it.
    undo : str or None
        The step that takes it back; None if nothing is lost by it or it is confirmed instead.
    """

    to: str
    by: frozenset[str]
    action: str
    words: str
    undo: str | None = None


def _by(*who: str) -> frozenset[str]:
    return frozenset(who)


STEPS: Final[dict[tuple[str, str], Step]] = {
    ("proposed", "approve"): Step("approved", _by(OFFICE), "pilot_approved", N_("Approve"), "take-back"),
    ("proposed", "decline"): Step("declined", _by(OFFICE), "pilot_declined", N_("Decline"), "propose"),
    ("proposed", "withdraw"): Step("withdrawn", _by(LEAD), "pilot_withdrawn", N_("Withdraw"), "propose"),
    ("declined", "propose"): Step("proposed", _by(LEAD, OFFICE), "pilot_proposed", N_("Propose again")),
    ("withdrawn", "propose"): Step("proposed", _by(LEAD), "pilot_proposed", N_("Propose again")),
    ("approved", "start"): Step("active", _by(LEAD, OFFICE, CLOCK), "pilot_started", N_("Start now")),
    ("approved", "take-back"): Step("proposed", _by(OFFICE), "approval_taken_back", N_("Undo approval"), "approve"),
    ("active", "extend"): Step("active", _by(LEAD, OFFICE), "pilot_extended", N_("Extend")),
    ("active", "close"): Step("closing", _by(LEAD, OFFICE, CLOCK), "pilot_closing", N_("Close"), "reopen"),
    ("closing", "reopen"): Step("active", _by(LEAD, OFFICE), "pilot_reopened", N_("Open again"), "close"),
    ("closing", "archive"): Step("archived", _by(LEAD, OFFICE, CLOCK), "pilot_archived", N_("Archive"), "restore"),
    ("archived", "restore"): Step("closing", _by(OFFICE), "pilot_reopened", N_("Bring back to closing"), "archive"),
}

MODES: Final[dict[str, Mode]] = {
    "proposed": "planning",
    "declined": "planning",
    "withdrawn": "planning",
    "approved": "planning",
    "active": "working",
    "closing": "reading",
    "archived": "record",
}

OPEN: Final[dict[Mode, frozenset[str]]] = {
    "planning": frozenset({"read", "manage"}),
    "working": frozenset({"read", "comment", "run", "edit", "manage"}),
    "reading": frozenset({"read", "comment", "manage"}),
    "record": frozenset({"read"}),
}


def step(state: str, name: str, who: frozenset[str]) -> Step:
    """The step `name` from `state`, for somebody who is `who` (any of lead, office, clock).

    Raises
    ------
    Conflict
        If there is no such step from this state (`wrong_state`).
    NotAllowed
        If they may not take it (`may_not_step`).
    """
    found = STEPS.get((state, name))
    if found is None:
        raise Conflict(
            _("A pilot that is {state} cannot do this. Load the page again to see where it stands.").format(
                state=_(state)
            ),
            code="wrong_state",
        )
    if not found.by & who:
        raise NotAllowed(_("Your role does not allow this step. Ask the lead or a steward."), code="may_not_step")
    return found


def steps_for(state: str, who: frozenset[str]) -> dict[str, Step]:
    """The steps that somebody who is `who` may take from `state`, by name."""
    return {name: found for (origin, name), found in STEPS.items() if origin == state and found.by & who}


def mode(state: str, *, agreement_ends: date | None, stopped: bool, today: date) -> Mode:
    """What is open in a pilot.

    Parameters
    ----------
    agreement_ends : date or None
        The last day on which the agreement holds.
    stopped : bool
        Whether the budget is used up and its grace over.
    """
    found = MODES[state]
    expired = agreement_ends is not None and agreement_ends < today
    return "reading" if found == "working" and (expired or stopped) else found


def day_of(moment: datetime) -> date:
    """The calendar day of a moment where the consortium is; a pilot's dates are such days."""
    return moment.astimezone(_ZONE).date()


def end_of(day: date) -> datetime:
    """The moment at which a day is over there; what lasts until a day ends then."""
    return datetime.combine(day + timedelta(days=1), time(), _ZONE)


def last_day(moment: datetime) -> date:
    """The last day of what ends at a moment: the other way round from `end_of`."""
    return day_of(moment - timedelta(microseconds=1))
