"""Taking a step in the life of a pilot (`lifecycle.STEPS`): approve, decline, start, extend, close, archive and back.

A step that others have to live with carries a reason. Who takes one says which version of the pilot they read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import SYSTEM
from kontor.database import now as this_moment
from kontor.errors import Conflict, KontorError
from kontor.pilots import lifecycle, store
from kontor.pilots.life import deciding, typed
from kontor.pilots.life.draft import GUARDED
from kontor.pilots.life.revisions import held
from kontor.pilots.lifecycle import Step, day_of
from kontor.pilots.model import PilotRow
from kontor.pilots.store import Pilot
from kontor.settings import PilotSettings
from kontor.words import _

NEED_REASON: Final = frozenset({"approve", "decline", "close", "reopen", "extend", "take-back", "withdraw", "restore"})
ASKED_FIRST: Final = frozenset({"start", "close", "archive", "withdraw"})
"""Steps that lose something or cannot be taken back: pages ask once more before them."""
REASON_LEAST, REASON_MOST = 3, 2000


class WrongStep(KontorError):
    """A step was asked for with something that cannot be; `field` is `reason` or `ends`."""

    status = 422

    def __init__(self, field: str, message: str, *, code: str) -> None:
        super().__init__(message, code=code)
        self.field = field


@dataclass(frozen=True)
class Asked:
    """A step as somebody asks for it.

    Parameters
    ----------
    version : int
        The version of the pilot that they read.
    ends : date or None
        The new last day, for `extend`, and for `reopen` where the old one has passed.
    """

    step: str
    version: int
    reason: str = ""
    ends: date | None = None


def take(
    session: Session,
    slug: str,
    asked: Asked,
    *,
    by: str,
    who: frozenset[str],
    rules: PilotSettings,
    now: datetime | None = None,
) -> Pilot:
    """Take a step, as somebody who is `who` in this pilot (see `lifecycle`).

    Raises
    ------
    NotFound
        If there is no such pilot.
    Conflict
        If it was changed since (`changed_meanwhile`), has no such step now (`wrong_state`), or something stands in
        the way (`agreement_missing`, `guests_in_pilot`, `pilot_over`, `data_gone`).
    NotAllowed
        If the step is not theirs (`may_not_step`), or they would decide on a pilot of their own (`own_pilot`).
    WrongStep
        If the reason is missing or cannot be taken (`bad_reason`), or the new end cannot be (`bad_dates`).
    """
    moment = now or this_moment()
    row = held(session, slug, asked.version)
    found = lifecycle.step(row.state, asked.step, who)
    if asked.step in deciding.DECISIONS:
        deciding.refuse_own(session, slug, by, row.proposed_by, moment)
    reason = typed.lines(asked.reason)
    if by != SYSTEM:
        _check_reason(asked.step, reason)
    if asked.step == "approve" and row.class_ == "clinical":
        deciding.refuse_guests(session, slug, moment)
    change(row, asked.step, found, ends=asked.ends, rules=rules, today=day_of(moment))
    row.reason, row.changed, row.version = reason or None, moment, row.version + 1
    session.flush()
    pilot = store.pilot_of(row)
    trail.record(session, found.action, actor=by, pilot=slug, now=moment, reason=reason, **_until(pilot, found, rules))
    return pilot


def change(row: PilotRow, name: str, found: Step, *, ends: date | None, rules: PilotSettings, today: date) -> None:
    """Bring state and dates of a row to where a step leads; raises as `take` does."""
    if name in ("approve", "propose"):
        _refuse_over(row, today)
    if name == "approve":
        _refuse_unguarded(row, today)
    elif name == "start":
        row.starts = min(row.starts, today)
    elif name == "extend":
        row.ends = _new_end(row, ends, rules, today)
    elif name == "reopen":
        if ends is not None or (row.ends is not None and row.ends < today):
            row.ends = _new_end(row, ends, rules, today)
        row.closed_on = None
    elif name == "restore":
        if row.data_deleted is not None or row.deletion_asked is not None:
            raise Conflict(
                _("The files of this pilot have been deleted, so it stays archived. Propose a new one instead."),
                code="data_gone",
            )
        row.closed_on, row.archived_on = today, None
    elif name == "close":
        row.closed_on = today
    elif name == "archive":
        row.archived_on = today
    row.state = found.to


def _check_reason(name: str, reason: str) -> None:
    least = REASON_LEAST if name in NEED_REASON else 0
    if mistake := typed.mistake_in(reason, least=least, most=REASON_MOST, several_lines=True):
        raise WrongStep("reason", _("Reason: {mistake}").format(mistake=mistake), code="bad_reason")


def _refuse_over(row: PilotRow, today: date) -> None:
    if row.ends is not None and row.ends < today:
        raise Conflict(
            _("The last day of this pilot has passed. Change its dates first."),
            code="pilot_over",
        )


def _refuse_unguarded(row: PilotRow, today: date) -> None:
    valid = row.agreement and row.agreement_ends and row.agreement_ends >= today
    if row.class_ in GUARDED and not valid:
        raise Conflict(
            _("A pilot with {kind} data needs an agreement or ethics approval in force. Record it first.").format(
                kind=_(row.class_)
            ),
            code="agreement_missing",
        )


def _new_end(row: PilotRow, ends: date | None, rules: PilotSettings, today: date) -> date:
    if ends is None:
        raise WrongStep("ends", _("Give the new last day."), code="bad_dates")
    latest = today + timedelta(days=rules.longest_days)
    if ends <= today:
        raise WrongStep("ends", _("The new last day has to be after today."), code="bad_dates")
    if ends > latest:
        raise WrongStep(
            "ends", _("A pilot can be extended until {latest} at most.").format(latest=latest), code="bad_dates"
        )
    if row.agreement_ends is not None and ends > row.agreement_ends:
        raise WrongStep(
            "ends",
            _("The agreement ends on {day}. Have a new one recorded first, or choose an earlier day.").format(
                day=row.agreement_ends
            ),
            code="bad_dates",
        )
    return ends


def _until(pilot: Pilot, found: Step, rules: PilotSettings) -> dict[str, str]:
    """The day that the entry in the log speaks of."""
    day = {
        "pilot_extended": pilot.ends,
        "pilot_closing": pilot.archive_day(rules.closing_days),
        "pilot_archived": pilot.deletion_day(rules.closing_days, rules.keep_days),
    }.get(found.action)
    return {"until": day.isoformat()} if day else {}
