"""Invitations: who makes them, what the door says, who answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import ACTIONS
from kontor.errors import Conflict, KontorError, NotFound
from kontor.people.offices import Offices
from kontor.people.tries import Tries
from kontor.pilots import members, store
from kontor.pilots.lifecycle import end_of
from kontor.pilots.membership import door as invitation_door
from kontor.pilots.membership import governing, invitations
from kontor.pilots.membership.governing import Governor
from kontor.settings import PilotSettings
from tests.hub.pilots.pilot_people import KNEE, NOW, OTHER, START, TODAY, a_pilot, fill, governor

WEEK = timedelta(days=7)


@pytest.fixture
def who(session: Session) -> dict[str, str]:
    return fill(session)


def make(
    session: Session, who: dict[str, str], by: str = "lead", role: str = "editor", **values: Any
) -> tuple[str, str]:
    made, token = invitations.make(session, governor(who, by), KNEE, role, "For a friend", now=NOW, **values)
    return made.id, token


def accept(
    session: Session, who: dict[str, str], token: str, by: str = "guest", **values: Any
) -> invitations.Invitation:
    return invitation_door.accept(session, governor(who, by), token, now=values.get("now", NOW))


def code_of(attempt: Callable[..., object], *given: Any, **values: Any) -> str:
    with pytest.raises(KontorError) as refusal:
        attempt(*given, **values)
    return refusal.value.code


def test_from_the_link_to_the_membership(session: Session, who: dict[str, str]) -> None:
    id, token = make(session, who)
    door = invitation_door.look(session, governor(who, "guest"), token, now=NOW)
    assert (door.pilot.slug, door.invitation.role, door.closed) == (KNEE, "editor", None)
    assert accept(session, who, token).state(NOW) == "waiting"
    assert members.role_of(session, who["guest"], KNEE, now=NOW) is None
    assert [one.id for one in invitations.waiting_for(session, who["lead"])] == [id]
    assert [one.id for one in invitations.of_person(session, who["guest"])] == [id]
    member = invitations.confirm(session, governor(who, "lead"), KNEE, id, now=NOW)
    assert (member.role, member.sponsor) == ("editor", who["lead"])
    assert member.until == end_of(TODAY + timedelta(days=90))
    assert invitations.waiting_for(session, who["lead"]) == []
    told = [one.action for one in trail.latest(session, [KNEE], actions=ACTIONS, count=4)]
    assert told == ["invitation_confirmed", "member_added", "invitation_accepted", "invitation_made"]


def test_only_the_hash_of_the_token_is_kept(session: Session, who: dict[str, str]) -> None:
    _id, token = make(session, who)
    accept(session, who, token)
    session.commit()
    assert len(token) >= 43
    dump = "\n".join(
        repr(row) for table in ("invitation", "audit") for row in session.execute(text(f"SELECT * FROM {table}"))
    )
    assert hashlib.sha256(token.encode()).hexdigest() in dump
    assert token not in dump


@pytest.mark.parametrize(
    ("by", "code"),
    [
        ("stranger", "not_a_member"),
        ("other", "not_a_member"),
        ("viewer", "may_not_manage"),
        ("editor", "may_not_manage"),
        ("lead", None),
        ("steward", None),
    ],
)
def test_who_invites_and_answers(session: Session, who: dict[str, str], by: str, code: str | None) -> None:
    id, token = make(session, who)
    accept(session, who, token)
    unused, _token = make(session, who)
    attempts: list[Callable[[], object]] = [
        lambda: make(session, who, by),
        lambda: invitations.revoke(session, governor(who, by), KNEE, unused, now=NOW),
        lambda: invitations.refuse(session, governor(who, by), KNEE, id, now=NOW),
    ]
    for attempt in attempts:
        if code is None:
            attempt()
        else:
            assert code_of(attempt) == code
    assert (session.execute(text("SELECT outcome FROM invitation WHERE id = :id"), {"id": id}).scalar() is None) == (
        code is not None
    )


@pytest.mark.parametrize("note", ["", "  ", "x" * 201, "\u202eevil", "a\x00b", "two\nlines"])
def test_a_note_that_is_none_is_refused(session: Session, who: dict[str, str], note: str) -> None:
    assert (
        code_of(lambda: invitations.make(session, governor(who, "lead"), KNEE, "viewer", note, now=NOW)) == "bad_note"
    )


def test_a_role_or_day_that_cannot_be_is_refused(session: Session, who: dict[str, str]) -> None:
    assert code_of(lambda: make(session, who, role="steward")) == "role_too_high"
    assert code_of(lambda: make(session, who, role="boss")) == "unknown_role"
    assert code_of(lambda: make(session, who, until=date(2026, 3, 10))) == "bad_dates"
    for by, role in (("steward", "steward"), ("steward", "lead"), ("lead", "lead")):
        assert code_of(make, session, who, by, role) == "invitation_role"


def used(session: Session, who: dict[str, str], id: str, token: str) -> None:
    accept(session, who, token, "stranger")


def revoked(session: Session, who: dict[str, str], id: str, token: str) -> None:
    invitations.revoke(session, governor(who, "lead"), KNEE, id, now=NOW)


def settled(session: Session, who: dict[str, str], id: str, token: str) -> None:
    accept(session, who, token, "stranger")
    invitations.confirm(session, governor(who, "lead"), KNEE, id, now=NOW)


def demoted(session: Session, who: dict[str, str], id: str, token: str) -> None:
    members.set_role(session, KNEE, who["lead"], "editor", now=NOW)


def left(session: Session, who: dict[str, str], id: str, token: str) -> None:
    members.remove(session, KNEE, who["lead"], now=NOW)


def archived(session: Session, who: dict[str, str], id: str, token: str) -> None:
    store.create(session, a_pilot(state="archived"))


def used_by_oneself(session: Session, who: dict[str, str], id: str, token: str) -> None:
    accept(session, who, token)


REASONS = [used, used_by_oneself, revoked, settled, demoted, left, archived]


@pytest.mark.parametrize("reason", REASONS)
def test_every_refusal_at_the_door_is_the_same(session: Session, who: dict[str, str], reason: Any) -> None:
    id, token = make(session, who)
    reason(session, who, id, token)
    said = set()
    for attempt in (token, "no-such-token", "", "ü\ud800", token[:-1], token.swapcase()):
        for door in (invitation_door.look, invitation_door.accept):
            with pytest.raises(NotFound) as refusal:
                door(session, governor(who, "guest"), attempt, now=NOW)
            said.add((refusal.value.code, refusal.value.status, refusal.value.message))
    assert len(said) == 1


def test_the_door_asks_the_database_the_same_whatever_is_wrong(session: Session, who: dict[str, str]) -> None:
    def asked(token: str) -> list[str]:
        session.commit()
        session.expire_all()
        session.expunge_all()
        found: list[str] = []

        def heard(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            found.append(statement)

        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", heard)
        with pytest.raises(NotFound):
            invitation_door.look(session, governor(who, "guest"), token, now=NOW)
        event.remove(engine, "before_cursor_execute", heard)
        return found

    tokens = []
    for reason in (used, revoked, demoted):
        id, token = make(session, who)
        tokens.append(token)
        reason(session, who, id, token)
    assert len(asked("unknown")) > 3
    assert all(asked(token) == asked("unknown") for token in tokens)


@pytest.mark.parametrize(("after", "good"), [(WEEK - timedelta(seconds=1), True), (WEEK, False), (3 * WEEK, False)])
def test_a_link_is_good_for_seven_days(session: Session, who: dict[str, str], after: timedelta, good: bool) -> None:
    id, token = make(session, who)
    if good:
        accept(session, who, token, now=NOW + after)
        assert invitations.confirm(session, governor(who, "lead"), KNEE, id, now=NOW + 2 * WEEK)
    else:
        assert code_of(lambda: accept(session, who, token, now=NOW + after)) == "invitation_not_good"
        assert invitations.of_pilot(session, KNEE)[0].state(NOW + after) == "expired"


def test_members_are_told_so_and_use_nothing_up(session: Session, who: dict[str, str]) -> None:
    _id, token = make(session, who)
    with pytest.raises(Conflict, match="You are a member of this pilot already, as viewer"):
        accept(session, who, token, "viewer")
    assert code_of(lambda: accept(session, who, "unknown", "viewer")) == "invitation_not_good"
    assert accept(session, who, token, "stranger").accepted_by == who["stranger"]


def test_no_guest_into_a_clinical_pilot(session: Session) -> None:
    who = fill(session, class_="clinical")
    id, token = make(session, who)
    assert code_of(lambda: accept(session, who, token)) == "no_guests"
    accept(session, who, token, "stranger")
    assert invitations.confirm(session, governor(who, "lead"), KNEE, id, now=NOW).sponsor is None
    store.create(session, a_pilot(class_="standard"))
    second, token = make(session, who)
    accept(session, who, token)
    store.create(session, a_pilot(class_="clinical"))
    assert code_of(lambda: invitations.confirm(session, governor(who, "lead"), KNEE, second, now=NOW)) == "no_guests"


@pytest.mark.parametrize(
    ("by", "until", "ends"),
    [
        pytest.param("guest", None, TODAY + timedelta(days=90), id="guest, no end: 90 days"),
        pytest.param("guest", TODAY + timedelta(days=5), TODAY + timedelta(days=5), id="guest, sooner"),
        pytest.param("guest", TODAY + timedelta(days=400), TODAY + timedelta(days=90), id="guest, later: 90 days"),
        pytest.param("stranger", TODAY + timedelta(days=400), TODAY + timedelta(days=400), id="of a partner"),
        pytest.param("stranger", None, None, id="of a partner, no end"),
    ],
)
def test_how_long_they_stay(
    session: Session, who: dict[str, str], by: str, until: date | None, ends: date | None
) -> None:
    id, token = make(session, who, until=until)
    accept(session, who, token, by)
    member = invitations.confirm(session, governor(who, "lead"), KNEE, id, now=NOW)
    assert member.until == (end_of(ends) if ends else None)
    assert member.sponsor == (who["lead"] if by == "guest" else None)


def test_answers_go_with_the_pilot_and_happen_once(session: Session, who: dict[str, str]) -> None:
    id, token = make(session, who)
    lead, other = governor(who, "lead"), governor(who, "other")
    assert code_of(lambda: invitations.confirm(session, lead, KNEE, id, now=NOW)) == "not_waiting"
    accept(session, who, token)
    for answer in (invitations.confirm, invitations.refuse, invitations.revoke):
        assert code_of(answer, session, other, OTHER, id, now=NOW) == "no_such_invitation"
        assert code_of(answer, session, lead, KNEE, "0" * 16, now=NOW) == "no_such_invitation"
    assert code_of(lambda: invitations.revoke(session, lead, KNEE, id, now=NOW)) == "changed_meanwhile"
    invitations.confirm(session, lead, KNEE, id, now=NOW)
    for answer in (invitations.confirm, invitations.refuse):
        assert code_of(answer, session, lead, KNEE, id, now=NOW) == "not_waiting"


def test_a_yes_needs_an_inviter_who_still_leads(session: Session, who: dict[str, str]) -> None:
    id, token = make(session, who)
    accept(session, who, token)
    members.set_role(session, KNEE, who["editor"], "lead", now=NOW)
    members.set_role(session, KNEE, who["lead"], "editor", now=NOW)
    second = governor(who, "editor")
    assert code_of(lambda: invitations.confirm(session, second, KNEE, id, now=NOW)) == "inviter_gone"
    assert invitations.refuse(session, second, KNEE, id, now=NOW).outcome == "refused"


def test_who_held_an_office_and_does_not_any_more_invites_nobody(session: Session, who: dict[str, str]) -> None:
    _id, token = make(session, who, "steward")
    nobody = Governor(who["guest"], Offices(), PilotSettings())
    assert code_of(lambda: invitation_door.accept(session, nobody, token, now=NOW)) == "invitation_not_good"


def test_an_office_does_not_let_itself_in(session: Session, who: dict[str, str]) -> None:
    id, token = make(session, who, "steward")
    accept(session, who, token, "steward")
    steward, lead = governor(who, "steward"), governor(who, "lead")
    assert code_of(invitations.confirm, session, steward, KNEE, id, now=NOW) == "not_yourself"
    assert invitations.confirm(session, lead, KNEE, id, now=NOW).role == "editor"


def test_a_guest_never_becomes_lead_by_an_older_link(session: Session, who: dict[str, str]) -> None:
    id, token = make(session, who)
    session.execute(text("UPDATE invitation SET role = 'lead'"))
    session.expire_all()
    accept(session, who, token)
    assert code_of(invitations.confirm, session, governor(who, "lead"), KNEE, id, now=NOW) == "guest_role"


@pytest.mark.parametrize(("after", "told"), [(timedelta(days=13), True), (timedelta(days=14), False)])
def test_who_was_turned_down_is_told_for_a_fortnight(
    session: Session, who: dict[str, str], after: timedelta, told: bool
) -> None:
    id, token = make(session, who)
    accept(session, who, token)
    assert invitations.turned_down(session, who["guest"], now=NOW) == []
    invitations.refuse(session, governor(who, "lead"), KNEE, id, now=NOW)
    assert ([one.id for one in invitations.turned_down(session, who["guest"], now=NOW + after)] == [id]) is told
    assert invitations.turned_down(session, who["stranger"], now=NOW) == []


def test_those_in_charge_are_told_who_waits(session: Session, who: dict[str, str]) -> None:
    id, token = make(session, who, "steward")
    assert invitations.waiting_for(session, who["lead"]) == []
    accept(session, who, token)
    for kind, sees in (("lead", True), ("steward", True), ("editor", False), ("other", False), ("guest", False)):
        assert ([one.id for one in invitations.waiting_for(session, who[kind])] == [id]) is sees


def test_confirming_a_member_by_another_way_is_refused(session: Session, who: dict[str, str]) -> None:
    id, token = make(session, who)
    accept(session, who, token, "stranger")
    governing.add(session, governor(who, "lead"), KNEE, [who["stranger"]], "viewer", now=NOW)
    assert code_of(lambda: invitations.confirm(session, governor(who, "lead"), KNEE, id, now=NOW)) == "already_member"
    assert members.role_of(session, who["stranger"], KNEE, now=NOW) == "viewer"


def test_tries_are_counted_by_account_and_by_address() -> None:
    tries = Tries("door", tries=3, of_address=6)
    for _ in range(3):
        tries.check("ada", "192.0.2.1", "Wait.")
        tries.failed("ada", "192.0.2.1")
    tries.check("ben", "192.0.2.1", "One person locks nobody else out.")
    for account in ("cara", "dora", "emil"):
        tries.failed(account, "192.0.2.1")
    for account, address in (("ada", "192.0.2.2"), ("ben", "192.0.2.1"), ("ada", None)):
        with pytest.raises(KontorError, match=r"^Wait\.$") as refusal:
            tries.check(account, address, "Wait.")
        assert refusal.value.status == 429
        assert 1 <= refusal.value.retry_after <= 600  # type: ignore[attr-defined]
    tries.check("ben", "192.0.2.2", "Wait.")
    tries.failed("cara", "127.0.0.1")
    for account in ("a", "b", "c", "d"):
        tries.failed(account, "127.0.0.1")
    tries.check("ben", "127.0.0.1", "Wait.")
    assert START < NOW
