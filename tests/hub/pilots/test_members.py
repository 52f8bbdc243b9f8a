"""The rules by which people change who belongs to a pilot."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kontor.audit import trail
from kontor.audit.actions import ACTIONS
from kontor.errors import Conflict, KontorError, NotAllowed, NotFound
from kontor.pilots import members, store
from kontor.pilots.lifecycle import end_of
from kontor.pilots.membership import governing, roll
from kontor.pilots.membership.governing import ChangedMeanwhile
from tests.hub.pilots.pilot_people import KNEE, NOW, OTHER, TODAY, a_pilot, fill, governor, introduce

FAR = date(2027, 3, 11)


@pytest.fixture
def who(session: Session) -> dict[str, str]:
    return fill(session)


def role(session: Session, person: str) -> str | None:
    return members.role_of(session, person, KNEE, now=NOW)


def version(session: Session, person: str) -> int:
    found = members.get(session, KNEE, person, now=NOW)
    assert found is not None
    return found.version


def change(session: Session, who: dict[str, str], by: str, person: str, **values: Any) -> members.Member:
    given = {"version": version(session, who[person]), **values}
    return governing.change(session, governor(who, by), KNEE, who[person], now=NOW, **given)


def code_of(attempt: Callable[..., object], *given: Any, **values: Any) -> str:
    with pytest.raises(KontorError) as refusal:
        attempt(*given, **values)
    return refusal.value.code


@pytest.mark.parametrize(
    ("by", "code"),
    [
        pytest.param("stranger", "not_a_member", id="in no pilot"),
        pytest.param("other", "not_a_member", id="lead of another pilot"),
        pytest.param("viewer", "may_not_manage", id="viewer"),
        pytest.param("editor", "may_not_manage", id="editor"),
        pytest.param("lead", None, id="lead"),
        pytest.param("steward", None, id="steward of the installation"),
    ],
)
def test_who_may_change_people(session: Session, who: dict[str, str], by: str, code: str | None) -> None:
    someone = "editor" if by == "viewer" else "viewer"
    attempts: list[Callable[[], object]] = [
        lambda: change(session, who, by, someone, role="reviewer"),
        lambda: governing.add(session, governor(who, by), KNEE, [who["stranger"]], "viewer", now=NOW),
        lambda: governing.remove(
            session, governor(who, by), KNEE, who[someone], version=version(session, who[someone]), now=NOW
        ),
    ]
    for attempt in attempts:
        if code is None:
            attempt()
        else:
            with pytest.raises(NotAllowed) as refusal:
                attempt()
            assert refusal.value.code == code


def test_only_an_office_makes_a_data_steward(session: Session, who: dict[str, str]) -> None:
    assert code_of(lambda: change(session, who, "lead", "viewer", role="steward")) == "role_too_high"
    assert change(session, who, "steward", "viewer", role="steward").role == "steward"
    assert code_of(lambda: change(session, who, "lead", "viewer", role="boss")) == "unknown_role"


def test_the_log_says_who_did_what(session: Session, who: dict[str, str]) -> None:
    change(session, who, "lead", "viewer", role="editor", until=FAR)
    change(session, who, "lead", "viewer", until=None)
    told = trail.latest(session, [KNEE], actions=set(ACTIONS) - {"member_added", "pilot_started"})
    assert [one.action for one in told] == ["membership_undated", "membership_dated", "role_changed"]
    assert {(one.actor, one.person) for one in told} == {(who["lead"], who["viewer"])}
    assert told[1].details == {"until": "2027-03-11"}


def test_what_was_changed_meanwhile_is_told_and_kept(session: Session, who: dict[str, str]) -> None:
    read = version(session, who["viewer"])
    change(session, who, "steward", "viewer", role="editor")
    for attempt in (
        lambda: change(session, who, "lead", "viewer", role="runner", version=read),
        lambda: governing.remove(session, governor(who, "lead"), KNEE, who["viewer"], version=read, now=NOW),
        lambda: governing.hand_over(session, governor(who, "lead"), KNEE, who["viewer"], version=read, now=NOW),
    ):
        with pytest.raises(ChangedMeanwhile, match="Viewer is now editor") as refusal:
            attempt()
        assert refusal.value.there.role == "editor"
    assert role(session, who["viewer"]) == "editor"


def test_the_last_lead_stays(session: Session, who: dict[str, str]) -> None:
    lead = governor(who, "lead")
    mine = version(session, who["lead"])
    for by in ("lead", "steward"):
        assert code_of(change, session, who, by, "lead", role="editor") == "last_lead"
        assert code_of(change, session, who, by, "lead", until=FAR) == "last_lead"
    assert code_of(lambda: governing.leave(session, lead, KNEE, version=mine, now=NOW)) == "last_lead"
    steward = governor(who, "steward")
    assert code_of(lambda: governing.remove(session, steward, KNEE, who["lead"], version=mine, now=NOW)) == "last_lead"
    change(session, who, "lead", "editor", role="lead")
    governing.leave(session, lead, KNEE, version=mine, now=NOW)
    assert (role(session, who["lead"]), role(session, who["editor"])) == (None, "lead")


def test_a_lead_whose_time_ends_is_not_enough(session: Session, who: dict[str, str]) -> None:
    change(session, who, "lead", "editor", role="lead", until=FAR)
    assert code_of(lambda: change(session, who, "lead", "lead", role="viewer")) == "last_lead"
    there = version(session, who["editor"])
    handed = {"version": there, "now": NOW}
    assert code_of(governing.hand_over, session, governor(who, "lead"), KNEE, who["editor"], **handed) == "last_lead"
    change(session, who, "lead", "editor", until=None)
    change(session, who, "lead", "lead", role="viewer")


def test_handing_over(session: Session, who: dict[str, str]) -> None:
    lead, there = governor(who, "lead"), version(session, who["editor"])
    assert (
        code_of(lambda: governing.hand_over(session, lead, KNEE, who["stranger"], version=1, now=NOW)) == "not_a_member"
    )
    steward = governor(who, "steward")
    assert (
        code_of(lambda: governing.hand_over(session, steward, KNEE, who["editor"], version=there, now=NOW))
        == "not_the_lead"
    )
    assert governing.hand_over(session, lead, KNEE, who["editor"], version=there, now=NOW).role == "lead"
    assert role(session, who["lead"]) == "editor"
    assert trail.latest(session, [KNEE], actions=ACTIONS)[0].action == "lead_handed_over"


def test_two_leads_who_hand_over_to_each_other_at_once_leave_one(session: Session, who: dict[str, str]) -> None:
    change(session, who, "lead", "editor", role="lead")
    versions = {kind: version(session, who[kind]) for kind in ("lead", "editor")}
    session.commit()
    sessions = sessionmaker(session.get_bind())
    begun = threading.Barrier(2)
    said: list[str] = []

    def hand(giver: str, taker: str) -> None:
        with sessions() as mine, mine.begin():
            begun.wait(timeout=20)
            try:
                governing.hand_over(mine, governor(who, giver), KNEE, who[taker], version=versions[taker], now=NOW)
                said.append("done")
            except KontorError as error:
                said.append(error.code)

    for _round in range(5):
        threads = [threading.Thread(target=hand, args=pair) for pair in (("lead", "editor"), ("editor", "lead"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        session.expire_all()
        leads = [one.person for one in members.of(session, KNEE, now=NOW) if one.role == "lead"]
        assert len(leads) == 1
        assert sorted(said) in (["changed_meanwhile", "done"], ["done", "may_not_manage"])
        session.rollback()
        with sessions() as mine, mine.begin():
            for kind in ("lead", "editor"):
                members.set_role(mine, KNEE, who[kind], "lead", now=NOW)
        versions = {kind: version(session, who[kind]) for kind in ("lead", "editor")}
        session.rollback()
        said.clear()


@pytest.mark.parametrize(
    ("until", "code"),
    [
        pytest.param(None, "guest_needs_end", id="no end"),
        pytest.param(TODAY - timedelta(days=1), "bad_dates", id="yesterday"),
        pytest.param(TODAY, None, id="today"),
        pytest.param(TODAY + timedelta(days=90), None, id="the last day allowed"),
        pytest.param(TODAY + timedelta(days=91), "guest_needs_end", id="a day too long"),
        pytest.param(date.max, "bad_dates", id="the end of time"),
    ],
)
def test_guests_stay_until_a_day(session: Session, who: dict[str, str], until: date | None, code: str | None) -> None:
    def attempt() -> list[members.Member]:
        return governing.add(session, governor(who, "lead"), KNEE, [who["guest"]], "viewer", until=until, now=NOW)

    if code is not None:
        assert code_of(attempt) == code
        assert role(session, who["guest"]) is None
        return
    assert until is not None
    [guest] = attempt()
    assert (guest.sponsor, guest.until) == (who["lead"], end_of(until))
    assert code_of(lambda: change(session, who, "lead", "guest", until=None)) == "guest_needs_end"
    renewed = change(session, who, "steward", "guest", until=TODAY + timedelta(days=30))
    assert renewed.sponsor == who["steward"]


def test_no_guests_in_a_clinical_pilot(session: Session) -> None:
    who = fill(session, class_="clinical")
    day = TODAY + timedelta(days=5)
    for by in ("lead", "steward"):
        people = [who["guest"]]
        given = {"until": day, "now": NOW}
        assert code_of(governing.add, session, governor(who, by), KNEE, people, "viewer", **given) == "no_guests"
    governing.add(session, governor(who, "lead"), KNEE, [who["stranger"]], "viewer", now=NOW)


@pytest.mark.parametrize(
    ("state", "may"),
    [
        ("proposed", True),
        ("declined", True),
        ("withdrawn", True),
        ("approved", True),
        ("active", True),
        ("closing", True),
        ("archived", False),
    ],
)
def test_people_change_until_the_pilot_is_archived(
    session: Session, who: dict[str, str], state: str, may: bool
) -> None:
    store.create(session, a_pilot(state=state))
    read = version(session, who["viewer"])
    for by in ("lead", "steward"):
        if may:
            change(session, who, by, "viewer", role="reviewer" if by == "lead" else "viewer")
        else:
            assert code_of(change, session, who, by, "viewer", role="editor") == "pilot_archived"
    if not may:
        given = {"version": read, "now": NOW}
        assert code_of(governing.leave, session, governor(who, "viewer"), KNEE, **given) == "pilot_archived"


def test_many_are_added_at_once_or_nobody(session: Session, who: dict[str, str]) -> None:
    lead = governor(who, "lead")
    crowd = [introduce(session, f"person-{number}", "desy") for number in range(roll.MOST_AT_ONCE)]
    for bad, code in (
        ("u-typo", "no_such_person"),
        ("u" + "a" * 24, "no_such_person"),
        (who["viewer"], "already_member"),
        (who["guest"], "guest_needs_end"),
    ):
        assert (
            code_of(lambda bad=bad: governing.add(session, lead, KNEE, [*crowd[:-1], bad], "viewer", now=NOW)) == code
        )
        assert role(session, crowd[0]) is None
    assert (
        code_of(lambda: governing.add(session, lead, KNEE, [*crowd, who["stranger"]], "viewer", now=NOW)) == "too_many"
    )
    assert len(governing.add(session, lead, KNEE, [*crowd, crowd[0]], "viewer", now=NOW)) == 200


def test_the_refusal_names_ten_and_counts_the_rest(session: Session, who: dict[str, str]) -> None:
    with pytest.raises(NotFound, match=r"x0, x1, .*, x9 and 40 more\.") as refusal:
        roll.known_people(session, [f"x{number}" for number in range(50)])
    assert len(refusal.value.message) < 300
    with pytest.raises(NotFound) as strange:
        roll.known_people(session, ["\u202eevil\x00" + "y" * 500])
    assert "\u202e" not in strange.value.message
    assert len(strange.value.message) < 250


def test_another_pilot_is_left_alone(session: Session, who: dict[str, str]) -> None:
    with pytest.raises(NotFound):
        governing.remove(session, governor(who, "steward"), OTHER, who["viewer"], version=1, now=NOW)
    with pytest.raises(NotFound):
        governing.add(session, governor(who, "steward"), "nowhere", [who["stranger"]], "viewer", now=NOW)
    assert role(session, who["viewer"]) == "viewer"


def test_adding_a_member_again_says_so(session: Session, who: dict[str, str]) -> None:
    with pytest.raises(Conflict, match=r"Viewer is a member already, as viewer\. Nobody was added\."):
        governing.add(session, governor(who, "lead"), KNEE, [who["viewer"]], "editor", now=NOW)
