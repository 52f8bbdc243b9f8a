"""The budget by the clock: prices, the ledger, stages and their entries in the log, what people may decide."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.model import EntryRow
from kontor.errors import Conflict, KontorError, NotAllowed
from kontor.pilots import store
from kontor.pilots.budget import decisions, ledger, shares_of, stages, standing, used_of
from kontor.pilots.budget.ledger import NOBODY, Use
from kontor.pilots.budget.pace import Pace, pace_of
from kontor.pilots.budget.prices import HOUR, MONTH, Amount, Prices, gigabytes, of_workers
from kontor.pilots.model import BudgetRow, UsageRow
from kontor.pilots.standing import Standing
from kontor.settings import BudgetSettings, ClusterSettings

NOON = datetime(2026, 6, 3, 12, 20, tzinfo=UTC)
RULES = BudgetSettings(core_hour=2.0, memory_hour=0.5, storage_month=3.0, warn_percent=80, grace_hours=72)
PRICES = Prices.of(RULES)


def a_pilot(session: Session, slug: str = "one", credits: float = 100.0, state: str = "active") -> store.Pilot:
    facts = {"title": slug, "question": "?", "class_": "open", "technique": None, "facility": None, "notebook": None}
    pilot = store.Pilot(
        slug=slug, state=state, starts=date(2026, 6, 1), ends=date(2026, 6, 30), credits=credits, **facts
    )
    return store.create(session, pilot, now=NOON)


def use(session: Session, credits: float, slug: str = "one", *, now: datetime = NOON, person: str = NOBODY) -> None:
    """Have a pilot use cores worth so many credits."""
    amount = Amount(core_seconds=credits / RULES.core_hour * HOUR)
    ledger.add(session, [Use(slug, "workspace", person, amount)], PRICES, now=now)


def told(session: Session) -> list[str]:
    rows = session.scalars(select(EntryRow).order_by(EntryRow.number))
    return [row.action for row in rows if row.action.startswith("budget_")]


def stage(session: Session, now: datetime = NOON, slug: str = "one") -> str:
    return standing.of(session, slug, RULES, now=now).stage


# -- prices


@pytest.mark.parametrize(
    ("amount", "credits"),
    [
        pytest.param(Amount(), 0.0, id="nothing"),
        pytest.param(Amount(core_seconds=HOUR), 2.0, id="a core for an hour"),
        pytest.param(Amount(memory_gb_seconds=4 * HOUR), 2.0, id="four GB for an hour"),
        pytest.param(Amount(storage_gb_seconds=MONTH), 3.0, id="a GB for a month"),
        pytest.param(Amount(HOUR, HOUR, MONTH), 5.5, id="all of it"),
    ],
)
def test_prices(amount: Amount, credits: float) -> None:
    assert PRICES.credits(amount) == pytest.approx(credits)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, -math.inf])
def test_no_amount_can_be_taken_away_or_be_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        Amount(core_seconds=value)


def test_a_cluster_is_counted_by_what_it_holds() -> None:
    settings = ClusterSettings(worker_threads=2, worker_memory="1.5 G")
    assert gigabytes("1 G") == pytest.approx(1.073741824)
    found = of_workers(3, 10.0, settings)
    assert found.core_seconds == 60.0
    assert found.memory_gb_seconds == pytest.approx(30 * 1.610612736)
    assert not of_workers(3, -5.0, settings)


# -- ledger


def test_use_is_added_to_its_hour_and_to_the_sum(session: Session, ada: str) -> None:
    a_pilot(session)
    for minutes in (0, 39, 40):
        use(session, 1.5, now=NOON + timedelta(minutes=minutes), person=ada)
    use(session, 3.0)
    hours = session.scalars(select(UsageRow.hour).where(UsageRow.person == ada).order_by(UsageRow.hour)).all()
    assert hours == [datetime(2026, 6, 3, 12, tzinfo=UTC), datetime(2026, 6, 3, 13, tzinfo=UTC)]
    assert used_of(session, ["one"]) == pytest.approx({"one": 7.5})
    assert session.scalar(select(func.sum(UsageRow.credits))) == pytest.approx(7.5)
    assert [(one.person, round(one.credits, 6)) for one in ledger.by_person(session, "one")] == [(ada, 4.5), ("", 3.0)]
    assert ledger.by_day(session, "one") == pytest.approx({date(2026, 6, 3): 7.5})


def test_what_one_transaction_adds_is_kept_whole_or_not_at_all(session: Session) -> None:
    a_pilot(session)
    session.commit()
    uses = [Use("one", "workspace", "", Amount(1.0)), Use("no-such", "workspace", "", Amount(1.0))]
    with pytest.raises(Exception, match="FOREIGN KEY"):
        ledger.add(session, uses, PRICES, now=NOON)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(UsageRow)) == 0
    assert used_of(session, ["one"]) == {"one": 0.0}


def test_an_unknown_kind_is_refused(session: Session) -> None:
    with pytest.raises(ValueError, match="kind"):
        ledger.add(session, [Use("one", "coffee", "", Amount(1.0))], PRICES, now=NOON)


def test_lines_by_day_and_kind_with_and_without_people(session: Session, ada: str, ben: str) -> None:
    a_pilot(session)
    for day in range(3):
        for person in (ada, ben):
            use(session, 1.0, now=NOON + timedelta(days=day), person=person)
    assert len(ledger.lines(session, "one", people=False)) == ledger.count_lines(session, "one", people=False) == 3
    assert len(ledger.lines(session, "one", people=True)) == ledger.count_lines(session, "one", people=True) == 6
    newest = ledger.lines(session, "one", people=True, offset=1, limit=1)
    assert [(one.day, one.kind) for one in newest] == [(date(2026, 6, 5), "workspace")]
    assert {one.person for one in ledger.lines(session, "one", people=False)} == {None}


def test_shares_of_many_pilots_are_one_query(session: Session, ada: str) -> None:
    slugs = [f"pilot-{number}" for number in range(75)]
    for number, slug in enumerate(slugs):
        a_pilot(session, slug)
        use(session, float(number), slug)
    seen: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *call: seen.append(call[2]))
    found = shares_of(session, slugs)
    assert len(seen) == 1
    assert "usage" not in seen[0]
    assert found == {slug: number for number, slug in enumerate(slugs)}
    assert shares_of(session, []) == {}


# -- stages


@pytest.mark.parametrize(
    ("used", "credits", "grace", "now", "expected"),
    [
        (0.0, 100.0, None, NOON, "fine"),
        (79.99, 100.0, None, NOON, "fine"),
        (80.0, 100.0, None, NOON, "warned"),
        (99.99, 100.0, None, NOON, "warned"),
        (100.0, 100.0, None, NOON, "slowed"),
        (100.0, 100.0, NOON + timedelta(seconds=1), NOON, "grace"),
        (100.0, 100.0, NOON, NOON, "stopped"),
        (50.0, 100.0, NOON, NOON, "fine"),
        (1.0, 0.0, None, NOON, "slowed"),
    ],
)
def test_the_stage_follows_from_the_figures(
    used: float, credits: float, grace: datetime | None, now: datetime, expected: str
) -> None:
    assert standing.stage_of(used, credits, grace, settings=RULES, now=now) == expected


def test_a_pilot_goes_through_all_stages_and_each_is_told_once(session: Session) -> None:
    a_pilot(session)
    moments = iter(NOON + timedelta(hours=number) for number in range(1000))

    def look(now: datetime) -> None:
        for _ in range(3):
            stages.advance(session, RULES, now=now)

    look(next(moments))
    assert told(session) == []
    use(session, 85.0)
    look(next(moments))
    assert (stage(session), told(session)) == ("warned", ["budget_warned"])
    use(session, 20.0)
    begun = next(moments)
    look(begun)
    pilot = store.get_one(session, "one")
    assert pilot.grace_until == begun + timedelta(hours=72)
    assert (stage(session, begun), pilot.mode(begun)) == ("grace", "working")
    over = begun + timedelta(hours=72)
    look(over)
    assert (stage(session, over), store.get_one(session, "one").mode(over)) == ("stopped", "reading")
    use(session, 5.0, now=over)
    look(over + timedelta(hours=1))
    session.get_one(store.PilotRow, "one").credits = 200.0
    look(over + timedelta(hours=2))
    pilot = store.get_one(session, "one")
    assert (stage(session, over), pilot.mode(over), pilot.grace_until) == ("fine", "working", None)
    assert told(session) == ["budget_warned", "budget_slowed", "budget_stopped", "budget_resumed"]


def test_a_second_time_used_up_has_a_grace_of_its_own(session: Session) -> None:
    pilot = a_pilot(session)
    use(session, 100.0)
    stages.advance(session, RULES, now=NOON)
    lead = Standing(pilot, "lead", None, "working")
    decisions.extend_grace(session, lead, 5, "Deadline", by="x", settings=RULES, now=NOON)
    session.get_one(store.PilotRow, "one").credits = 110.0
    stages.advance(session, RULES, now=NOON)
    assert (stage(session), store.get_one(session, "one").grace_extended) == ("warned", False)
    use(session, 10.0)
    stages.advance(session, RULES, now=NOON + timedelta(days=9))
    again = standing.of(session, "one", RULES, now=NOON + timedelta(days=9))
    assert (again.stage, again.extendable) == ("grace", True)
    assert again.grace_until == NOON + timedelta(days=12)


@pytest.mark.parametrize("state", ["proposed", "approved", "closing", "archived"])
def test_only_active_pilots_are_moved_on(session: Session, state: str) -> None:
    a_pilot(session, state=state)
    use(session, 500.0)
    assert stages.advance(session, RULES, now=NOON) == []
    assert told(session) == []
    assert store.get_one(session, "one").grace_until is None


def test_a_crash_in_the_middle_says_nothing_twice_and_forgets_nothing(session: Session) -> None:
    a_pilot(session)
    use(session, 100.0)
    session.commit()
    stages.advance(session, RULES, now=NOON)
    session.rollback()
    assert told(session) == []
    assert store.get_one(session, "one").grace_until is None
    stages.advance(session, RULES, now=NOON)
    session.commit()
    stages.advance(session, RULES, now=NOON)
    assert told(session) == ["budget_slowed"]
    assert session.get_one(BudgetRow, "one").stage == "grace"


def test_two_that_look_at_once_say_it_once(session: Session) -> None:
    """The second has read the figures before the first wrote: it finds them changed, and says nothing."""
    a_pilot(session)
    use(session, 85.0)
    seen_by_both = stages._figures(session, "one")
    assert [stages._move(session, one, RULES, NOON) is None for one in seen_by_both * 2] == [False, True]
    assert told(session) == ["budget_warned"]


# -- decisions


def lead(session: Session) -> Standing:
    return Standing(store.get_one(session, "one"), "lead", None, "working")


def office(session: Session) -> Standing:
    return Standing(store.get_one(session, "one"), None, "steward", "working")


def test_the_grace_is_extended_once(session: Session) -> None:
    a_pilot(session)
    use(session, 100.0)
    stages.advance(session, RULES, now=NOON)
    found = decisions.extend_grace(session, lead(session), 10, "One more run", by="ada", settings=RULES, now=NOON)
    assert found.grace_until == NOON + timedelta(hours=82)
    with pytest.raises(Conflict) as refused:
        decisions.extend_grace(session, lead(session), 10, "And another", by="ben", settings=RULES, now=NOON)
    assert refused.value.code == "already_extended"
    [entry] = trail.latest(session, ["one"], actions={"budget_extended"})
    assert (entry.actor, entry.details["reason"], entry.details["hours"]) == ("ada", "One more run", 10)


def test_two_leads_at_once_extend_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read that it was not extended; the second to write is told."""
    a_pilot(session)
    use(session, 100.0)
    stages.advance(session, RULES, now=NOON)
    as_read = standing.of(session, "one", RULES, now=NOON)
    decisions.extend_grace(session, lead(session), 1, "First", by="ada", settings=RULES, now=NOON)
    monkeypatch.setattr(standing, "of", lambda *_, **__: as_read)
    with pytest.raises(Conflict) as refused:
        decisions.extend_grace(session, lead(session), 1, "Second", by="ben", settings=RULES, now=NOON)
    assert refused.value.code == "already_extended"


def test_an_extension_after_the_stop_counts_from_now(session: Session) -> None:
    a_pilot(session)
    use(session, 100.0)
    stages.advance(session, RULES, now=NOON)
    late = NOON + timedelta(hours=100)
    stages.advance(session, RULES, now=late)
    found = decisions.extend_grace(session, lead(session), 4, "We were away", by="ada", settings=RULES, now=late)
    assert (found.stage, found.grace_until) == ("grace", late + timedelta(hours=4))
    assert store.get_one(session, "one").mode(late) == "working"


def test_there_is_nothing_to_extend_while_budget_is_left(session: Session) -> None:
    a_pilot(session)
    with pytest.raises(Conflict) as refused:
        decisions.extend_grace(session, lead(session), 4, "Because", by="ada", settings=RULES, now=NOON)
    assert refused.value.code == "no_grace"


@pytest.mark.parametrize("hours", [0, -1, 73, 10**9])
def test_hours_that_cannot_be(session: Session, hours: int) -> None:
    a_pilot(session)
    with pytest.raises(KontorError) as refused:
        decisions.extend_grace(session, lead(session), hours, "Because", by="ada", settings=RULES, now=NOON)
    assert (refused.value.code, refused.value.status) == ("bad_hours", 422)


@pytest.mark.parametrize("reason", ["", "   ", "ab", "x" * 501, "a\u202eb c", "nul\0nul", "bell\x07 bell"])
def test_reasons_that_cannot_be(session: Session, reason: str) -> None:
    a_pilot(session)
    use(session, 100.0)
    with pytest.raises(KontorError) as refused:
        decisions.set_credits(session, office(session), 5.0, reason, version=1, by="x", settings=RULES, now=NOON)
    assert refused.value.code == "bad_reason"
    assert store.get_one(session, "one").credits == 100.0


@pytest.mark.parametrize("credits", [0.0, -5.0, 1e-9, math.nan, math.inf, -math.inf, 1e9 + 1, 1e300])
def test_credits_that_cannot_be(session: Session, credits: float) -> None:
    a_pilot(session)
    with pytest.raises(KontorError) as refused:
        decisions.set_credits(session, office(session), credits, "Because", version=1, by="x", settings=RULES, now=NOON)
    assert (refused.value.code, refused.value.status) == ("bad_credits", 422)


def test_credits_are_set_by_offices_on_what_they_read(session: Session) -> None:
    a_pilot(session)
    use(session, 100.0)
    stages.advance(session, RULES, now=NOON)
    with pytest.raises(NotAllowed):
        decisions.set_credits(session, lead(session), 500.0, "Mine", version=1, by="x", settings=RULES, now=NOON)
    found = decisions.set_credits(
        session, office(session), 500.0, "Agreed", version=1, by="x", settings=RULES, now=NOON
    )
    assert (found.stage, found.credits, store.get_one(session, "one").version) == ("fine", 500.0, 2)
    assert told(session) == ["budget_slowed", "budget_set", "budget_resumed"]
    with pytest.raises(Conflict) as refused:
        decisions.set_credits(session, office(session), 900.0, "Stale", version=1, by="y", settings=RULES, now=NOON)
    assert refused.value.code == "changed_meanwhile"
    assert store.get_one(session, "one").credits == 500.0


@pytest.mark.parametrize("role", [None, "viewer", "reviewer", "runner", "editor", "steward"])
def test_no_other_role_decides(session: Session, role: str | None) -> None:
    pilot = a_pilot(session)
    place = Standing(pilot, role, None, "working")
    with pytest.raises(NotAllowed):
        decisions.extend_grace(session, place, 1, "Because", by="x", settings=RULES, now=NOON)
    with pytest.raises(NotAllowed):
        decisions.set_credits(session, place, 1.0, "Because", version=1, by="x", settings=RULES, now=NOON)


# -- pace

TODAY = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("days", "per_day", "lasts"),
    [
        pytest.param({}, 0.0, None, id="nothing used"),
        pytest.param({TODAY: 7.0}, 1.0, TODAY + timedelta(days=93), id="today only"),
        pytest.param({TODAY - timedelta(days=7): 50.0}, 0.0, None, id="a week ago"),
        pytest.param({TODAY - timedelta(days=6): 70.0}, 10.0, TODAY + timedelta(days=3), id="within the week"),
        pytest.param({TODAY: 700.0}, 100.0, TODAY, id="nothing left"),
        pytest.param({TODAY: 0.07}, 0.01, None, id="longer than anybody plans"),
    ],
)
def test_pace(days: dict[date, float], per_day: float, lasts: date | None) -> None:
    found = pace_of(days, 100.0, starts=date(2026, 6, 1), ends=date(2026, 6, 30), today=TODAY)
    assert found == Pace(pytest.approx(per_day), lasts, pytest.approx(50.0))  # type: ignore[arg-type]


def test_a_young_pilot_is_not_measured_over_days_it_did_not_have() -> None:
    assert pace_of({TODAY: 8.0}, 100.0, starts=TODAY, ends=None, today=TODAY).per_day == 8.0
