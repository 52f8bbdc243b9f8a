"""Taking steps: what each does to the dates, what it needs, and what is written down."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import ACTIONS, SYSTEM
from kontor.errors import Conflict, KontorError, NotAllowed, NotFound
from kontor.people import store as people
from kontor.pilots import lifecycle, members, store
from kontor.pilots.life import steps
from kontor.pilots.life.steps import Asked
from kontor.pilots.model import STATES
from tests.hub.pilots.drafts import NOW, RULES, STEWARD, TODAY, a_pilot

LEAD, OFFICE, CLOCK, NOBODY = (frozenset(who) for who in ({"lead"}, {"office"}, {"clock"}, ()))
EVERYBODY = (NOBODY, LEAD, OFFICE, LEAD | OFFICE)
WHY = "Because of the reasons given."
LATER = date(2027, 6, 30)


def take(
    session: Session,
    step: str,
    who: frozenset[str] = OFFICE,
    *,
    slug: str = "knee-mr",
    by: str = STEWARD,
    days: int = 0,
    **asked: Any,
) -> store.Pilot:
    version = asked.pop("version", None)
    version = store.get_one(session, slug).version if version is None else version
    given = Asked(step, version, **{"reason": WHY, **asked})
    return steps.take(session, slug, given, by=by, who=who, rules=RULES, now=NOW + timedelta(days=days))


def told(session: Session, slug: str = "knee-mr") -> trail.Entry:
    return trail.latest(session, [slug], actions=ACTIONS)[0]


@pytest.mark.parametrize("step", sorted({name for _state, name in lifecycle.STEPS}))
def test_every_state_and_everybody(session: Session, ada: str, step: str) -> None:
    for number, (state, who) in enumerate((state, who) for state in STATES for who in EVERYBODY):
        slug = f"pilot-{number}"
        a_pilot(session, ada, slug=slug, state=state)
        found = lifecycle.STEPS.get((state, step))
        if found is None or not found.by & who:
            with pytest.raises((Conflict, NotAllowed)) as refusal:
                take(session, step, who, slug=slug, ends=LATER)
            assert refusal.value.code == ("wrong_state" if found is None else "may_not_step"), (state, who)
            assert store.get_one(session, slug).version == 1
            assert told(session, slug).action == "member_added"
        else:
            after = take(session, step, who, slug=slug, ends=LATER)
            assert (after.state, after.version, after.reason) == (found.to, 2, WHY), (state, who)
            assert (told(session, slug).action, told(session, slug).actor) == (found.action, STEWARD)
            assert told(session, slug).details["reason"] == WHY


def test_the_whole_life(session: Session, ada: str) -> None:
    a_pilot(session, ada, state="proposed", starts=date(2026, 4, 1))
    assert take(session, "decline").state == "declined"
    assert take(session, "propose", LEAD).state == "proposed"
    assert take(session, "approve").state == "approved"
    assert take(session, "take-back").state == "proposed"
    take(session, "approve")
    assert take(session, "start", LEAD).starts == TODAY
    assert members.all_working(session, now=NOW) == {"knee-mr": {ada: "lead"}}
    assert take(session, "extend", LEAD, ends=LATER).ends == LATER
    closing = take(session, "close", LEAD, days=1)
    assert closing.closed_on == TODAY + timedelta(days=1)
    assert told(session).details["until"] == (TODAY + timedelta(days=1 + RULES.closing_days)).isoformat()
    assert members.all_working(session, now=NOW) == {}
    assert take(session, "reopen", LEAD, days=2).closed_on is None
    take(session, "close", LEAD, days=3)
    archived = take(session, "archive", LEAD, days=4, reason="")
    assert archived.archived_on == TODAY + timedelta(days=4)
    assert archived.mode(NOW) == "record"
    assert told(session).details["until"] == (TODAY + timedelta(days=4 + RULES.keep_days)).isoformat()
    back = take(session, "restore", days=40)
    assert (back.state, back.archived_on, back.closed_on) == ("closing", None, TODAY + timedelta(days=40))


# None: refused where a reason is needed
REASONS = {"": None, "  \r\n ": None, "no": None, "yes": True, "x" * 2000: True, "x" * 2001: False, "a\x07bc": False}


@pytest.mark.parametrize(("state", "step"), lifecycle.STEPS)
def test_reasons(session: Session, ada: str, state: str, step: str) -> None:
    who = OFFICE if "office" in lifecycle.STEPS[state, step].by else LEAD
    for number, (reason, taken) in enumerate(REASONS.items()):
        slug = f"pilot-{number}"
        a_pilot(session, ada, slug=slug, state=state)
        if step not in steps.NEED_REASON if taken is None else taken:
            assert take(session, step, who, slug=slug, reason=reason, ends=LATER).version == 2
            continue
        with pytest.raises(steps.WrongStep) as refusal:
            take(session, step, who, slug=slug, reason=reason, ends=LATER)
        assert (refusal.value.code, refusal.value.field, refusal.value.status) == ("bad_reason", "reason", 422)
        assert store.get_one(session, slug).state == state


@pytest.mark.parametrize(
    ("ends", "agreed", "good"),
    [
        pytest.param(None, None, False, id="no day"),
        pytest.param(TODAY, None, False, id="today"),
        pytest.param(TODAY + timedelta(days=1), None, True, id="tomorrow"),
        pytest.param(date(2000, 1, 1), None, False, id="long ago"),
        pytest.param(TODAY + timedelta(days=RULES.longest_days), None, True, id="as late as may be"),
        pytest.param(TODAY + timedelta(days=RULES.longest_days + 1), None, False, id="too late"),
        pytest.param(date(9999, 12, 31), None, False, id="year 9999"),
        pytest.param(LATER, LATER, True, id="last day of the agreement"),
        pytest.param(LATER, LATER - timedelta(days=1), False, id="after the agreement"),
    ],
)
@pytest.mark.parametrize("step", ["extend", "reopen"])
def test_new_ends(session: Session, ada: str, step: str, ends: date | None, agreed: date | None, good: bool) -> None:
    state = "active" if step == "extend" else "closing"
    a_pilot(session, ada, state=state, ends=date(2026, 1, 31), agreement="A", agreement_ends=agreed)
    if good:
        assert take(session, step, LEAD, ends=ends).ends == ends
        return
    with pytest.raises(steps.WrongStep) as refusal:
        take(session, step, LEAD, ends=ends)
    assert (refusal.value.code, refusal.value.field) == ("bad_dates", "ends")


@pytest.mark.parametrize(
    ("kind", "agreement", "ends", "good"),
    [
        ("open", None, None, True),
        ("standard", None, None, True),
        ("sensitive", None, None, False),
        ("clinical", "Ethics 1", None, False),
        ("clinical", None, LATER, False),
        ("clinical", "Ethics 1", TODAY - timedelta(days=1), False),
        ("clinical", "Ethics 1", TODAY, True),
    ],
)
def test_guarded_data_needs_an_agreement_before_approval(
    session: Session, kind: str, agreement: str | None, ends: date | None, good: bool
) -> None:
    a_pilot(session, of_partner(session), state="proposed", class_=kind, agreement=agreement, agreement_ends=ends)
    if good:
        assert take(session, "approve").state == "approved"
        return
    with pytest.raises(Conflict) as refusal:
        take(session, "approve")
    assert refusal.value.code == "agreement_missing"


def of_partner(session: Session) -> str:
    return people.introduce(
        session, issuer="demo", subject="eva", display_name="Eva", partner="desy", country="DE"
    ).name


def test_a_clinical_pilot_with_guests_is_not_approved(session: Session, ada: str) -> None:
    a_pilot(session, of_partner(session), state="proposed", class_="clinical", agreement="E", agreement_ends=LATER)
    members.add(session, "knee-mr", ada, "viewer", now=NOW)
    with pytest.raises(Conflict) as refusal:
        take(session, "approve")
    assert (refusal.value.code, "Ada" in refusal.value.message) == ("guests_in_pilot", True)


@pytest.mark.parametrize("step", ["approve", "decline"])
def test_nobody_decides_on_a_pilot_of_their_own(session: Session, ada: str, ben: str, step: str) -> None:
    a_pilot(session, ben, state="proposed", proposed_by=ada)
    members.add(session, "knee-mr", of_partner(session), "viewer", now=NOW)
    for person in (ada, ben, of_partner(session)):
        with pytest.raises(NotAllowed) as refusal:
            take(session, step, by=person)
        assert refusal.value.code == "own_pilot"
    members.remove(session, "knee-mr", of_partner(session), now=NOW)
    assert take(session, step, by=of_partner(session)).version == 2


@pytest.mark.parametrize(("state", "step"), [("proposed", "approve"), ("declined", "propose")])
def test_a_pilot_whose_end_has_passed_is_not_approved(session: Session, ada: str, state: str, step: str) -> None:
    a_pilot(session, ada, state=state, ends=TODAY - timedelta(days=1))
    with pytest.raises(Conflict) as refusal:
        take(session, step)
    assert refusal.value.code == "pilot_over"


def test_two_leads_at_once(session: Session, ada: str) -> None:
    a_pilot(session, ada)
    take(session, "extend", LEAD, ends=LATER, version=1)
    for step in ("extend", "close"):
        with pytest.raises(Conflict) as refusal:
            take(session, step, LEAD, ends=LATER + timedelta(days=1), version=1)
        assert refusal.value.code == "changed_meanwhile"
    after = store.get_one(session, "knee-mr")
    assert (after.ends, after.state) == (LATER, "active")


def test_there_has_to_be_a_pilot(session: Session) -> None:
    with pytest.raises(NotFound) as refusal:
        take(session, "approve", slug="nowhere", version=1)
    assert refusal.value.code == "no_such_pilot"


def test_the_clock_needs_no_reason(session: Session, ada: str) -> None:
    a_pilot(session, ada)
    assert take(session, "close", CLOCK, by=SYSTEM, reason="").state == "closing"
    assert told(session).actor == SYSTEM


@pytest.mark.parametrize("field", ["data_deleted", "deletion_asked"])
def test_what_was_deleted_is_not_brought_back(session: Session, ada: str, field: str) -> None:
    a_pilot(session, ada, state="archived", archived_on=TODAY, **{field: NOW})
    with pytest.raises(Conflict) as refusal:
        take(session, "restore")
    assert refusal.value.code == "data_gone"


def test_refusals_leave_the_session_clean(session: Session, ada: str) -> None:
    a_pilot(session, ada)
    with pytest.raises(KontorError):
        take(session, "extend", LEAD, ends=TODAY)
    session.commit()
    assert store.get_one(session, "knee-mr").ends == date(2026, 12, 31)
