"""What happens by the calendar: each step on its day and not before, each warning once, again and again the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import ACTIONS, SYSTEM
from kontor.pilots import members, store
from kontor.pilots.life import clock
from kontor.pilots.lifecycle import day_of
from kontor.pilots.standing import why_closed
from kontor.settings import Settings
from tests.hub.pilots.drafts import NOW, a_pilot

SETTINGS = Settings()
RULES = SETTINGS.pilots
DAY = timedelta(days=1)
ENDS = date(2026, 12, 31)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def tick(session: Session, day: date) -> int:
    done = clock.tick(session, SETTINGS, noon(day))
    assert clock.tick(session, SETTINGS, noon(day)) == 0, "asking again changes nothing"
    return done


def state(session: Session, slug: str = "knee-mr") -> str:
    return store.get_one(session, slug).state


def told(session: Session, action: str) -> list[trail.Entry]:
    return trail.latest(session, ["knee-mr"], actions={action}, count=100)


CLOSED = date(2027, 1, 1)


@pytest.mark.parametrize(
    ("given", "before", "on", "after"),
    [
        pytest.param(
            {"state": "approved", "starts": date(2026, 4, 1)}, "approved", date(2026, 4, 1), "active", id="start"
        ),
        pytest.param({"state": "active"}, "active", ENDS + DAY, "closing", id="close"),
        pytest.param(
            {"state": "closing", "closed_on": CLOSED},
            "closing",
            CLOSED + RULES.closing_days * DAY,
            "archived",
            id="archive",
        ),
    ],
)
def test_steps_are_taken_on_their_day(
    session: Session, ada: str, given: dict[str, object], before: str, on: date, after: str
) -> None:
    a_pilot(session, ada, **given)  # type: ignore[arg-type]
    tick(session, on - DAY)
    assert state(session) == before
    tick(session, on)
    assert state(session) == after
    assert trail.latest(session, ["knee-mr"], actions=ACTIONS)[0].actor == SYSTEM


def test_an_approval_can_be_undone_before_the_pilot_starts(session: Session, ada: str) -> None:
    a_pilot(session, ada, state="approved", starts=day_of(NOW))
    assert clock.tick(session, SETTINGS, NOW + clock.TO_UNDO - timedelta(seconds=1)) == 0
    assert state(session) == "approved"
    assert clock.tick(session, SETTINGS, NOW + clock.TO_UNDO) == 1
    assert state(session) == "active"


@pytest.mark.parametrize(
    ("grace", "words"), [(None, "agreement"), (NOW + DAY, "agreement"), (NOW, "budget")], ids=["none", "runs", "over"]
)
def test_the_reason_why_nothing_runs_is_the_true_one(
    session: Session, ada: str, grace: datetime | None, words: str
) -> None:
    pilot = a_pilot(session, ada, agreement="A", agreement_ends=day_of(NOW) - DAY, grace_until=grace)
    assert f"The {words} of the pilot" in why_closed(pilot, "reading", NOW)


@pytest.mark.parametrize("quiet", ["proposed", "declined", "withdrawn", "archived"])
def test_nothing_happens_by_itself_elsewhere(session: Session, ada: str, quiet: str) -> None:
    a_pilot(session, ada, state=quiet, archived_on=ENDS, agreement="A", agreement_ends=ENDS)
    assert tick(session, date(2035, 1, 1)) == 0
    assert state(session) == quiet


def test_a_clock_that_stood_still_catches_up(session: Session, ada: str) -> None:
    a_pilot(session, ada, state="approved", starts=date(2026, 4, 1))
    tick(session, date(2030, 1, 1))
    assert state(session) == "closing", "people get their days for taking files along"
    pilot = store.get_one(session, "knee-mr")
    assert (pilot.closed_on, pilot.archived_on) == (date(2030, 1, 1), None)


def test_a_pilot_is_warned_once_for_each_end(session: Session, ada: str) -> None:
    a_pilot(session, ada)
    warned = ENDS - RULES.warning_days * DAY
    tick(session, warned - DAY)
    assert told(session, "pilot_ending") == []
    for day in (warned, warned + DAY, ENDS):
        tick(session, day)
        assert [one.details["until"] for one in told(session, "pilot_ending")] == [ENDS.isoformat()]
    later = date(2027, 3, 31)
    pilot = store.get_one(session, "knee-mr")
    store.create(session, store.Pilot(**{**vars(pilot), "ends": later}))
    tick(session, later - DAY)
    assert [one.details["until"] for one in told(session, "pilot_ending")] == [later.isoformat(), ENDS.isoformat()]


def test_an_agreement_is_warned_of_and_its_end_told_once(session: Session, ada: str) -> None:
    agreed = date(2026, 8, 31)
    a_pilot(session, ada, agreement="A", agreement_ends=agreed)
    tick(session, agreed - (RULES.warning_days + 1) * DAY)
    assert told(session, "agreement_ending") == []
    for day in (agreed - RULES.warning_days * DAY, agreed):
        tick(session, day)
        assert len(told(session, "agreement_ending")) == 1
        assert told(session, "agreement_expired") == []
        assert store.get_one(session, "knee-mr").mode(noon(day)) == "working"
    for day in (agreed + DAY, agreed + 9 * DAY):
        tick(session, day)
        assert len(told(session, "agreement_expired")) == 1
        assert store.get_one(session, "knee-mr").mode(noon(day)) == "reading"


def test_a_membership_that_ended_is_told_of_once(session: Session, ada: str, ben: str) -> None:
    a_pilot(session, ada)
    members.add(session, "knee-mr", ben, "viewer", until=NOW + DAY, now=NOW)
    assert clock.tick(session, SETTINGS, NOW + DAY - timedelta(seconds=1)) == 0
    assert clock.tick(session, SETTINGS, NOW + DAY) == 1
    assert clock.tick(session, SETTINGS, NOW + 2 * DAY) == 0
    assert [(one.person, one.details) for one in told(session, "membership_ended")] == [(ben, {"role": "viewer"})]


def test_who_was_removed_is_not_told_of_twice(session: Session, ada: str, ben: str) -> None:
    a_pilot(session, ada)
    members.add(session, "knee-mr", ben, "viewer", now=NOW)
    members.remove(session, "knee-mr", ben, by=ada, now=NOW + DAY)
    assert clock.tick(session, SETTINGS, NOW + 2 * DAY) == 0


@pytest.mark.parametrize(
    ("given", "days", "is_due"),
    [
        pytest.param({}, RULES.keep_days - 1, False, id="the day before"),
        pytest.param({}, RULES.keep_days, True, id="on its day"),
        pytest.param({"deletion_asked": NOW}, 0, True, id="asked for"),
        pytest.param({"data_deleted": NOW}, RULES.keep_days, False, id="done"),
        pytest.param({"state": "closing"}, RULES.keep_days, False, id="not archived"),
    ],
)
def test_when_files_are_due_for_deletion(
    session: Session, ada: str, given: dict[str, object], days: int, is_due: bool
) -> None:
    a_pilot(session, ada, **{"state": "archived", "archived_on": ENDS, **given})  # type: ignore[arg-type]
    found = clock.due(session, SETTINGS, noon(ENDS + days * DAY))
    assert [one.slug for one in found] == (["knee-mr"] if is_due else [])
