"""What people were given: gains are written down at once, losses are found until they are settled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kontor.audit.model import EntryRow
from kontor.people import store as people
from kontor.pilots import granted, members, store
from kontor.pilots.granted import Loss
from kontor.pilots.lifecycle import MODES
from kontor.pilots.model import GrantedRow, PilotRow
from kontor.roles import ROLES

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = START + timedelta(hours=1)


def a_pilot(session: Session, slug: str = "knee", **values: Any) -> None:
    given: dict[str, Any] = {"title": slug, "question": "?", "class_": "open", "state": "active", **values}
    store.create(
        session,
        store.Pilot(
            slug=slug, technique=None, facility=None, notebook=None, starts=date(2026, 3, 1), ends=None, **given
        ),
        now=START,
    )


def person(session: Session, subject: str, *, signed_in: bool = True) -> str:
    given = {"issuer": "demo", "subject": subject, "display_name": subject, "partner": None, "country": None}
    name = people.introduce(session, **given).name
    if signed_in:
        people.record_login(session, name=name, **given)
    return name


@pytest.fixture(autouse=True)
def knee(session: Session) -> None:
    a_pilot(session)


@pytest.fixture
def ada(session: Session) -> str:
    name = person(session, "ada")
    members.add(session, "knee", name, "editor", now=START)
    return name


@pytest.mark.parametrize(
    ("role", "working", "reading"),
    [
        ("viewer", "read", "read"),
        ("reviewer", "read", "read"),
        ("steward", "read", "read"),
        ("runner", "run", "read"),
        ("editor", "edit", "read"),
        ("lead", "edit", "read"),
        (None, None, None),
    ],
)
def test_levels(role: str | None, working: str | None, reading: str | None) -> None:
    found = {mode: granted.level_of(role, mode) for mode in {*MODES.values()}}
    assert found == {"working": working, "reading": reading, "planning": None, "record": None}


def test_every_role_is_in_the_table_above() -> None:
    assert set(ROLES) == {"viewer", "reviewer", "steward", "runner", "editor", "lead"}


LOSSES = [
    ("edit", None, {"edit", "run", "read"}),
    ("edit", "read", {"edit", "run"}),
    ("edit", "run", {"edit"}),
    ("run", None, {"run", "read"}),
    ("run", "read", {"run"}),
    ("read", None, {"read"}),
]


@pytest.mark.parametrize(("had", "has", "lost"), LOSSES)
def test_what_a_loss_includes(had: str, has: str | None, lost: set[str]) -> None:
    loss = Loss("knee", "u", had, has, works=True)
    assert {level for level in granted.LEVELS if loss.of(level)} == lost


def test_a_member_is_written_down_before_they_are_given_anything(session: Session, ada: str) -> None:
    found = granted.look(session, LATER)
    assert found.working == {"knee": {ada: "editor"}}
    assert not found.losses
    assert session.get_one(GrantedRow, ("knee", ada)).level == "edit"


def test_somebody_who_never_signed_in_is_not_in_the_hub(session: Session) -> None:
    ben = person(session, "ben", signed_in=False)
    members.add(session, "knee", ben, "lead", now=START)
    assert granted.look(session, LATER).working == {"knee": {}}


def losses(session: Session, now: datetime = LATER) -> list[tuple[str, str | None]]:
    return [(one.had, one.has) for one in granted.look(session, now).losses.get("knee", [])]


@pytest.mark.parametrize(
    ("role", "expected"), [("viewer", "read"), ("runner", "run"), ("lead", None), ("editor", None)], ids=str
)
def test_another_role(session: Session, ada: str, role: str, expected: str | None) -> None:
    granted.look(session, LATER)
    members.set_role(session, "knee", ada, role, now=LATER)
    assert losses(session) == ([("edit", expected)] if expected else [])


def test_a_loss_is_found_until_it_is_settled_and_the_log_is_told_once(session: Session, ada: str) -> None:
    granted.look(session, LATER)
    members.remove(session, "knee", ada, now=LATER)
    for _ in range(3):
        assert losses(session) == [("edit", None)]
    found = granted.look(session, LATER).losses["knee"]
    for _ in range(2):
        granted.settle(session, found, now=LATER)
    assert losses(session) == []
    assert told(session) == [ada]


def test_somebody_who_is_back_before_it_was_noticed_has_lost_nothing(session: Session, ada: str) -> None:
    granted.look(session, LATER)
    members.remove(session, "knee", ada, now=LATER)
    members.add(session, "knee", ada, "lead", now=LATER)
    assert losses(session) == []


def test_somebody_who_is_back_meanwhile_is_written_down_again(session: Session, ada: str) -> None:
    granted.look(session, LATER)
    members.remove(session, "knee", ada, now=LATER)
    found = granted.look(session, LATER).losses["knee"]
    members.add(session, "knee", ada, "editor", now=LATER)
    granted.settle(session, found, now=LATER)
    assert losses(session) == []
    assert session.get_one(GrantedRow, ("knee", ada)).level == "edit"


def test_a_membership_ends_by_its_date(session: Session, ada: str) -> None:
    members.set_until(session, "knee", ada, LATER, sponsor=ada, now=START)
    before = LATER - timedelta(seconds=2)
    granted.look(session, before)
    assert losses(session, before) == []
    assert granted.seconds_to_next_end(session, before, at_most=15) == 2
    assert losses(session, LATER) == [("edit", None)]
    assert granted.seconds_to_next_end(session, LATER, at_most=15) == 15


def test_near_midnight_it_looks_every_second(session: Session) -> None:
    """An agreement ends with a day of the consortium's calendar."""
    midnight = datetime(2026, 3, 4, 23, tzinfo=UTC)
    assert granted.seconds_to_next_end(session, midnight - timedelta(seconds=10), at_most=15) == 1
    assert granted.seconds_to_next_end(session, midnight - timedelta(seconds=20), at_most=15) == 15


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ({"agreement_ends": date(2026, 2, 1)}, "read"),
        ({"grace_until": START}, "read"),
        ({"state": "closing"}, "read"),
        ({"state": "archived"}, None),
        ({"state": "proposed"}, None),
    ],
    ids=repr,
)
def test_a_pilot_that_stops_working(session: Session, ada: str, values: dict[str, Any], left: str | None) -> None:
    granted.look(session, LATER)
    row = session.get_one(PilotRow, "knee")
    for key, value in values.items():
        setattr(row, key, value)
    found = granted.look(session, LATER)
    assert found.working == {}
    assert [(one.has, one.works) for one in found.losses["knee"]] == [(left, False)]
    assert ("knee" in granted.doors(session, LATER).generations) is (left is not None)
    granted.settle(session, found.losses["knee"], now=LATER)
    assert told(session) == [], "the log has told of the pilot"


def test_only_some_pilots(session: Session, ada: str) -> None:
    a_pilot(session, "lung")
    members.add(session, "lung", ada, "lead", now=START)
    granted.look(session, LATER)
    for slug in ("knee", "lung"):
        members.remove(session, slug, ada, now=LATER)
    found = granted.look(session, LATER, {"lung"})
    assert found.working == {"lung": {}}
    assert set(found.losses) == {"lung"}
    assert set(granted.look(session, LATER).losses) == {"knee", "lung"}


def test_doors(session: Session) -> None:
    a_pilot(session, "lung")
    assert granted.doors(session, LATER) == granted.Doors({"knee": 0, "lung": 0}, {})
    granted.shut(session, "knee")
    granted.shut(session, "knee", clusters_since=START)
    granted.shut(session, "knee")
    assert granted.doors(session, LATER) == granted.Doors({"knee": 3, "lung": 0}, {"knee": START})
    assert granted.generation_of(session, "knee") == 3
    assert granted.generation_of(session, "lung") == 0


@pytest.mark.parametrize(("started", "ended"), [(START, True), (LATER, False), (LATER + timedelta(days=1), False)])
def test_clusters_that_had_to_end(session: Session, started: datetime, ended: bool) -> None:
    assert not granted.cluster_has_ended(session, "knee", started)
    granted.shut(session, "knee", clusters_since=LATER)
    assert granted.cluster_has_ended(session, "knee", started) is ended
    assert not granted.cluster_has_ended(session, "lung", started)


def told(session: Session) -> list[str | None]:
    return list(session.scalars(select(EntryRow.person).where(EntryRow.action == "access_ended")))


def test_who_came_back_and_left_again_meanwhile_is_ended_once_more(session: Session, ada: str) -> None:
    """The end of what they used while they were back must not be forgotten with the end of the first time."""
    granted.look(session, START)
    members.remove(session, "knee", ada, now=LATER)
    first = granted.look(session, LATER).losses["knee"]
    members.add(session, "knee", ada, "editor", now=LATER + timedelta(seconds=1))
    members.remove(session, "knee", ada, now=LATER + timedelta(seconds=2))
    after = LATER + timedelta(seconds=3)
    granted.settle(session, first, now=after)
    again = granted.look(session, after).losses["knee"]
    assert [loss.person for loss in again] == [ada]
    granted.settle(session, again, now=after)
    assert "knee" not in granted.look(session, after).losses
