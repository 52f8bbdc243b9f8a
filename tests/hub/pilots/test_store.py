"""Pilots and members: who has which role when, and what is refused."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import ACTIONS
from kontor.errors import Conflict, KontorError, NotFound
from kontor.pilots import members, standing, store

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_pilot(**values: Any) -> store.Pilot:
    given: dict[str, Any] = {
        "slug": "knee-mr",
        "title": "Knees",
        "question": "Why?",
        "class_": "standard",
        "state": "active",
        "technique": "MR",
        "facility": None,
        "notebook": None,
        "starts": date(2026, 3, 1),
        "ends": None,
        **values,
    }
    return store.Pilot(**given)


@pytest.fixture(autouse=True)
def pilot(session: Session) -> store.Pilot:
    return store.create(session, a_pilot(), now=START)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        pytest.param({"slug": "Knee"}, "bad_name", id="capital in the slug"),
        pytest.param({"slug": "a"}, "bad_name", id="slug too short"),
        pytest.param({"slug": "a" * 28}, "bad_name", id="slug too long"),
        pytest.param({"slug": "ws--x"}, "bad_name", id="two hyphens"),
        pytest.param({"slug": "../x"}, "bad_name", id="a path"),
        pytest.param({"class_": "secret"}, "unknown_class", id="unknown class"),
        pytest.param({"state": "running"}, "unknown_state", id="unknown state"),
        pytest.param({"title": "  "}, "bad_title", id="no title"),
        pytest.param({"ends": date(2026, 2, 28)}, "bad_dates", id="ends before it starts"),
    ],
)
def test_a_pilot_that_cannot_be_is_refused(session: Session, values: dict[str, Any], code: str) -> None:
    with pytest.raises(KontorError) as refusal:
        store.create(session, a_pilot(**values))
    assert refusal.value.code == code
    assert [one.slug for one in store.active(session)] == ["knee-mr"]


def test_a_pilot_may_end_on_the_day_it_starts(session: Session) -> None:
    store.create(session, a_pilot(slug="one-day", ends=date(2026, 3, 1)))


def test_unknown_class_says_which_there_are(session: Session) -> None:
    with pytest.raises(KontorError, match="open, standard, sensitive, clinical"):
        store.create(session, a_pilot(class_="secret"))


def test_creating_again_brings_words_up_to_date_and_is_no_news(session: Session) -> None:
    store.create(session, a_pilot(title="Knees again"))
    found = store.get(session, "knee-mr")
    assert found is not None
    assert found.title == "Knees again"
    assert len(trail.latest(session, ["knee-mr"], actions=ACTIONS)) == 1


@pytest.mark.parametrize(
    ("after", "role"),
    [
        pytest.param(-HOUR, None, id="before they joined"),
        pytest.param(0 * HOUR, "editor", id="the moment they joined"),
        pytest.param(HOUR, "editor", id="while it runs"),
        pytest.param(2 * HOUR, None, id="the moment it ends"),
        pytest.param(3 * HOUR, None, id="after it ended"),
    ],
)
def test_a_role_lasts_as_long_as_the_membership(session: Session, ada: str, after: timedelta, role: str | None) -> None:
    members.add(session, "knee-mr", ada, "editor", until=START + 2 * HOUR, now=START)
    now = START + after
    assert members.role_of(session, ada, "knee-mr", now=now) == role
    assert members.has_pilot(session, ada, now=now) == (role is not None)
    assert members.all_working(session, now=now) == {"knee-mr": {ada: role} if role else {}}
    assert [one.person for one in members.of(session, "knee-mr", now=now)] == ([ada] if role else [])


@pytest.mark.parametrize("state", ["proposed", "declined", "withdrawn", "approved", "closing", "archived"])
def test_nothing_runs_in_a_pilot_that_is_not_active(session: Session, ada: str, state: str) -> None:
    members.add(session, "knee-mr", ada, "lead", now=START)
    store.create(session, a_pilot(state=state))
    assert members.role_of(session, ada, "knee-mr") == "lead"
    assert members.pilots_of(session, ada) == []
    assert members.all_working(session) == {}
    place = standing.of_person(session, ada, "knee-mr")
    assert not place.may_open
    assert not place.can("run")


def test_a_stranger_has_no_role(session: Session, ada: str, ben: str) -> None:
    members.add(session, "knee-mr", ada, "lead", now=START)
    assert members.role_of(session, ben, "knee-mr") is None
    assert members.role_of(session, ada, "nowhere") is None
    assert not members.get(session, "knee-mr", ben)


def test_leaving_ends_the_role_and_coming_back_begins_anew(session: Session, ada: str) -> None:
    members.add(session, "knee-mr", ada, "lead", now=START)
    members.remove(session, "knee-mr", ada, now=START + HOUR)
    assert members.role_of(session, ada, "knee-mr", now=START + HOUR) is None
    members.add(session, "knee-mr", ada, "viewer", now=START + 2 * HOUR)
    assert members.role_of(session, ada, "knee-mr", now=START + HOUR) is None
    assert members.role_of(session, ada, "knee-mr", now=START + 2 * HOUR) == "viewer"


def test_leads_come_first(session: Session, ada: str, ben: str) -> None:
    members.add(session, "knee-mr", ada, "viewer", now=START)
    members.add(session, "knee-mr", ben, "lead", now=START + HOUR)
    assert [one.role for one in members.of(session, "knee-mr")] == ["lead", "viewer"]


def test_what_happened_is_told_newest_first(session: Session, ada: str) -> None:
    members.add(session, "knee-mr", ada, "viewer", now=START)
    members.set_role(session, "knee-mr", ada, "editor", now=START + HOUR)
    members.set_role(session, "knee-mr", ada, "editor", now=START + HOUR)
    members.remove(session, "knee-mr", ada, now=START + 2 * HOUR)
    told = [one.action for one in trail.latest(session, ["knee-mr"], actions=ACTIONS)]
    assert told == ["member_removed", "role_changed", "member_added", "pilot_started"]
    assert len(trail.latest(session, ["knee-mr"], actions=ACTIONS, count=2)) == 2
    assert trail.latest(session, ["other"], actions=ACTIONS) == []


def test_an_unknown_action_is_a_mistake_of_the_caller(session: Session) -> None:
    with pytest.raises(ValueError, match="party"):
        trail.record(session, "party", actor="kontor", pilot="knee-mr")


def test_refusals_about_members(session: Session, ada: str) -> None:
    cases: list[tuple[Any, type[KontorError], str]] = [
        (lambda: members.add(session, "knee-mr", ada, "boss"), KontorError, "unknown_role"),
        (lambda: members.add(session, "nowhere", ada, "lead"), NotFound, "no_such_pilot"),
        (lambda: members.add(session, "knee-mr", "u" + "a" * 24, "lead"), NotFound, "no_such_person"),
        (lambda: members.add(session, "knee-mr", ada, "lead", until=START, now=START), KontorError, "bad_dates"),
        (lambda: members.set_role(session, "knee-mr", ada, "lead"), NotFound, "not_a_member"),
        (lambda: members.remove(session, "knee-mr", ada), NotFound, "not_a_member"),
    ]
    for attempt, kind, code in cases:
        with pytest.raises(kind) as refusal:
            attempt()
        assert refusal.value.code == code
    members.add(session, "knee-mr", ada, "viewer")
    with pytest.raises(Conflict) as taken:
        members.add(session, "knee-mr", ada, "lead")
    assert taken.value.code == "already_member"
    with pytest.raises(KontorError, match="viewer, reviewer, runner, editor, lead, steward"):
        members.set_role(session, "knee-mr", ada, "boss")
    assert members.role_of(session, ada, "knee-mr") == "viewer"
