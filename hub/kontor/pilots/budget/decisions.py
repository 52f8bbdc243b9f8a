"""What people decide about a budget: a lead extends the grace once, a steward or operator sets the credits.

Every decision has a reason, is in the audit log, and takes effect at once (`stages.advance`).
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.errors import Conflict, KontorError, NotAllowed
from kontor.pilots.budget import stages, standing
from kontor.pilots.budget.standing import BudgetStanding
from kontor.pilots.life import typed
from kontor.pilots.life.revisions import held
from kontor.pilots.model import PilotRow
from kontor.pilots.standing import Standing
from kontor.settings import BudgetSettings
from kontor.words import _

MOST_CREDITS: Final = 1e9
LEAST_CREDITS: Final = 0.001
REASON_LEAST, REASON_MOST = 3, 500


class WrongDecision(KontorError):
    """Something that was typed cannot be; `field` is `hours`, `credits` or `reason`."""

    status = 422

    def __init__(self, field: str, message: str, *, code: str) -> None:
        super().__init__(message, code=code)
        self.field = field


def may_extend(place: Standing) -> bool:
    """Whether somebody may extend the grace of this pilot: its lead, or an office."""
    return place.may_manage and place.pilot.state == "active"


def may_set(place: Standing) -> bool:
    """Whether somebody may set the credits: stewards and operators of the installation."""
    return place.office is not None


def sees_people(place: Standing) -> bool:
    """Whether somebody sees who used what: leads and stewards of the pilot, and the offices."""
    return place.office is not None or place.role in ("lead", "steward")


def extend_grace(
    session: Session, place: Standing, hours: int, reason: str, *, by: str, settings: BudgetSettings, now: datetime
) -> BudgetStanding:
    """Give a used-up budget more time, once, counted from its end or, if that has passed, from now.

    Raises
    ------
    NotAllowed
        If they are neither lead nor office (`may_not_extend`).
    WrongDecision
        If the hours are not 1 to the settings' `grace_hours` (`bad_hours`), or the reason is none (`bad_reason`).
    Conflict
        If there is no grace to extend (`no_grace`), or it was extended already (`already_extended`).
    """
    if not may_extend(place):
        raise NotAllowed(_("Only a lead of the pilot extends the grace of its budget."), code="may_not_extend")
    if not 1 <= hours <= settings.grace_hours:
        raise WrongDecision(
            "hours",
            _("Give a whole number of hours from 1 to {most}.").format(most=settings.grace_hours),
            code="bad_hours",
        )
    why = _checked(reason)
    slug = place.pilot.slug
    found = standing.of(session, slug, settings, now=now)
    if found.extended:
        raise _extended()
    if not found.extendable or found.grace_until is None:
        raise Conflict(_("There is no grace to extend: the budget is not used up."), code="no_grace")
    until = max(found.grace_until, now) + timedelta(hours=hours)
    as_read = PilotRow.grace_until == found.grace_until, PilotRow.grace_extended.is_(False)
    if not _changed(session, slug, *as_read, grace_until=until, grace_extended=True):
        raise _extended()
    trail.record(
        session,
        "budget_extended",
        actor=by,
        pilot=slug,
        now=now,
        until=until.isoformat(timespec="minutes"),
        hours=hours,
        reason=why,
    )
    stages.advance(session, settings, now=now, slug=slug)
    return standing.of(session, slug, settings, now=now)


def set_credits(
    session: Session,
    place: Standing,
    credits: float,
    reason: str,
    *,
    version: int,
    by: str,
    settings: BudgetSettings,
    now: datetime,
) -> BudgetStanding:
    """Set what a pilot has for the whole of its life.

    Parameters
    ----------
    version : int
        The version of the pilot that they read.

    Raises
    ------
    NotAllowed
        If they hold no office (`may_not_set`).
    WrongDecision
        If the number cannot be a budget (`bad_credits`), or the reason is none (`bad_reason`).
    Conflict
        If the pilot was changed since they read it (`changed_meanwhile`), or is archived (`wrong_state`).
    """
    if not may_set(place):
        raise NotAllowed(_("Stewards and operators set the budget of a pilot. Ask one of them."), code="may_not_set")
    if not (math.isfinite(credits) and LEAST_CREDITS <= credits <= MOST_CREDITS):
        raise WrongDecision("credits", _("Give a number of credits from 0.001 to 1,000,000,000."), code="bad_credits")
    why = _checked(reason)
    slug = place.pilot.slug
    row = held(session, slug, version)
    if row.state == "archived":
        raise Conflict(
            _("A pilot that is {state} cannot do this. Load the page again to see where it stands.").format(
                state=_(row.state)
            ),
            code="wrong_state",
        )
    before, row.credits, row.version, row.changed = row.credits, credits, row.version + 1, now
    session.flush()
    trail.record(session, "budget_set", actor=by, pilot=slug, now=now, credits=credits, before=before, reason=why)
    stages.advance(session, settings, now=now, slug=slug)
    return standing.of(session, slug, settings, now=now)


def _checked(reason: str) -> str:
    """A reason as it is kept; WrongDecision (`bad_reason`) if it is missing, too long or cannot be shown."""
    kept = typed.line(reason)
    if mistake := typed.mistake_in(kept, least=REASON_LEAST, most=REASON_MOST):
        raise WrongDecision("reason", mistake, code="bad_reason")
    return kept


def _changed(session: Session, slug: str, *as_read: Any, **values: Any) -> bool:
    statement = update(PilotRow).where(PilotRow.slug == slug, *as_read).values(**values)
    found = cast(CursorResult[Any], session.execute(statement.execution_options(synchronize_session="fetch")))
    return found.rowcount == 1


def _extended() -> Conflict:
    return Conflict(
        _("The grace was extended already; that can be done once. A steward can raise the budget."),
        code="already_extended",
    )
