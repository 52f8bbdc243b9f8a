"""The table of steps: every state, every step, everybody; and what is open in which state."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from kontor.audit.actions import ACTIONS
from kontor.errors import Conflict, NotAllowed
from kontor.pilots import lifecycle
from kontor.pilots.model import STATES

NOBODY: frozenset[str] = frozenset()
LEAD, OFFICE, CLOCK = (frozenset({who}) for who in ("lead", "office", "clock"))
STEPS = (
    "approve",
    "decline",
    "withdraw",
    "propose",
    "start",
    "take-back",
    "extend",
    "close",
    "reopen",
    "archive",
    "restore",
)

# (state, step) -> (state after, lead may, office may, clock may); everything that is not here is no step at all
TABLE = {
    ("proposed", "approve"): ("approved", False, True, False),
    ("proposed", "decline"): ("declined", False, True, False),
    ("proposed", "withdraw"): ("withdrawn", True, False, False),
    ("declined", "propose"): ("proposed", True, True, False),
    ("withdrawn", "propose"): ("proposed", True, False, False),
    ("approved", "start"): ("active", True, True, True),
    ("approved", "take-back"): ("proposed", False, True, False),
    ("active", "extend"): ("active", True, True, False),
    ("active", "close"): ("closing", True, True, True),
    ("closing", "reopen"): ("active", True, True, False),
    ("closing", "archive"): ("archived", True, True, True),
    ("archived", "restore"): ("closing", False, True, False),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_every_state_and_step(state: str, step: str) -> None:
    row = TABLE.get((state, step))
    for who, at in ((NOBODY, 0), (LEAD, 1), (OFFICE, 2), (CLOCK, 3)):
        if row is None:
            with pytest.raises(Conflict) as refusal:
                lifecycle.step(state, step, who)
            assert refusal.value.code == "wrong_state"
        elif at and row[at]:
            assert lifecycle.step(state, step, who).to == row[0]
            assert step in lifecycle.steps_for(state, who)
        else:
            with pytest.raises(NotAllowed) as refused:
                lifecycle.step(state, step, who)
            assert refused.value.code == "may_not_step"
            assert step not in lifecycle.steps_for(state, who)


def test_the_table_has_no_other_steps() -> None:
    assert set(lifecycle.STEPS) == set(TABLE)
    assert {name for _state, name in lifecycle.STEPS} == set(STEPS)


@pytest.mark.parametrize(("origin", "name"), lifecycle.STEPS, ids="-".join)
def test_an_undo_leads_back(origin: str, name: str) -> None:
    step = lifecycle.STEPS[origin, name]
    assert ACTIONS[step.action]
    if step.undo is not None:
        back = lifecycle.STEPS[step.to, step.undo]
        assert back.to == origin or (origin, name) in {("proposed", "decline"), ("declined", "propose")}
        assert back.by & step.by, "who can do it can take it back"


DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("state", "agreement_ends", "stopped", "mode"),
    [
        ("proposed", None, False, "planning"),
        ("declined", None, False, "planning"),
        ("withdrawn", None, False, "planning"),
        ("approved", DAY - timedelta(days=1), True, "planning"),
        ("active", None, False, "working"),
        ("active", DAY, False, "working"),
        ("active", DAY - timedelta(days=1), False, "reading"),
        ("active", DAY, True, "reading"),
        ("closing", DAY, False, "reading"),
        ("archived", DAY - timedelta(days=9), True, "record"),
    ],
)
def test_what_is_open(state: str, agreement_ends: date | None, stopped: bool, mode: str) -> None:
    assert lifecycle.mode(state, agreement_ends=agreement_ends, stopped=stopped, today=DAY) == mode


def test_every_state_has_a_mode() -> None:
    assert set(lifecycle.MODES) == set(STATES)
    assert set(lifecycle.MODES.values()) == set(lifecycle.OPEN)


def test_a_day_is_one_in_the_consortium() -> None:
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert lifecycle.day_of(late) == date(2026, 3, 2)
    assert lifecycle.last_day(lifecycle.end_of(DAY)) == DAY
