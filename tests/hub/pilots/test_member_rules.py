"""What nobody gives by an office, what no lead takes away, and what a guest never is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kontor.errors import KontorError
from kontor.people.offices import Offices
from kontor.pilots import members
from kontor.pilots.membership import governing
from kontor.pilots.membership.governing import Governor
from kontor.settings import PilotSettings
from tests.hub.pilots.pilot_people import KNEE, NOW, TODAY, fill, governor

LATER = TODAY + timedelta(days=30)


@pytest.fixture
def who(session: Session) -> dict[str, str]:
    return fill(session)


def add(session: Session, who: dict[str, str], by: str, person: str, role: str, until: date | None = None) -> None:
    governing.add(session, governor(who, by), KNEE, [who[person]], role, until=until, now=NOW)


def version(session: Session, person: str) -> int:
    found = members.get(session, KNEE, person, now=NOW)
    assert found is not None
    return found.version


def change(session: Session, who: dict[str, str], by: str, person: str, **values: Any) -> members.Member:
    there = version(session, who[person])
    return governing.change(session, governor(who, by), KNEE, who[person], version=there, now=NOW, **values)


def remove(session: Session, who: dict[str, str], by: str, person: str) -> None:
    governing.remove(session, governor(who, by), KNEE, who[person], version=version(session, who[person]), now=NOW)


def hand_over(session: Session, who: dict[str, str], person: str) -> None:
    there = version(session, who[person])
    governing.hand_over(session, governor(who, "lead"), KNEE, who[person], version=there, now=NOW)


def code_of(attempt: Callable[..., object], *given: Any, **values: Any) -> str:
    with pytest.raises(KontorError) as refusal:
        attempt(*given, **values)
    return refusal.value.code


@pytest.mark.parametrize("role", ["viewer", "editor", "lead", "steward"])
def test_an_office_does_not_add_itself(session: Session, who: dict[str, str], role: str) -> None:
    assert code_of(add, session, who, "steward", "steward", role) == "not_yourself"
    assert members.role_of(session, who["steward"], KNEE, now=NOW) is None


def test_another_lead_or_office_adds_who_holds_one(session: Session, who: dict[str, str]) -> None:
    add(session, who, "lead", "steward", "editor")
    assert members.role_of(session, who["steward"], KNEE, now=NOW) == "editor"
    remove(session, who, "lead", "steward")
    other = Governor(who["other"], Offices(operators=frozenset({who["other"]})), PilotSettings())
    governing.add(session, other, KNEE, [who["steward"]], "lead", now=NOW)
    assert members.role_of(session, who["steward"], KNEE, now=NOW) == "lead"


def test_an_office_neither_promotes_itself_nor_stays_longer(session: Session, who: dict[str, str]) -> None:
    add(session, who, "lead", "steward", "runner", TODAY + timedelta(days=9))
    for role in ("editor", "lead"):
        assert code_of(change, session, who, "steward", "steward", role=role) == "not_yourself"
    for until in (LATER, None):
        assert code_of(change, session, who, "steward", "steward", until=until) == "not_yourself"
    assert change(session, who, "steward", "steward", role="viewer", until=TODAY).role == "viewer"


def test_no_lead_takes_a_steward_away(session: Session, who: dict[str, str]) -> None:
    change(session, who, "steward", "viewer", role="steward")
    for values in ({"role": "viewer"}, {"role": "editor"}, {"until": LATER}):
        assert code_of(change, session, who, "lead", "viewer", **values) == "steward_by_office"
    assert code_of(remove, session, who, "lead", "viewer") == "steward_by_office"
    assert code_of(hand_over, session, who, "viewer") == "steward_by_office"
    assert members.role_of(session, who["viewer"], KNEE, now=NOW) == "steward"


@pytest.mark.parametrize("by", ["steward", "viewer"])
def test_an_office_or_the_steward_takes_the_role_away(session: Session, who: dict[str, str], by: str) -> None:
    change(session, who, "steward", "viewer", role="steward")
    remove(session, who, by, "viewer")
    assert members.role_of(session, who["viewer"], KNEE, now=NOW) is None


@pytest.mark.parametrize("by", ["lead", "steward"])
def test_a_guest_is_editor_at_most(session: Session, who: dict[str, str], by: str) -> None:
    assert code_of(add, session, who, by, "guest", "lead", LATER) == "guest_role"
    add(session, who, by, "guest", "viewer", LATER)
    assert change(session, who, by, "guest", role="editor").role == "editor"
    assert code_of(change, session, who, by, "guest", role="lead") == "guest_role"
    change(session, who, "lead", "editor", role="lead")
    assert code_of(hand_over, session, who, "guest") == "guest_role"
