"""Proposing and changing pilots: who may, what is refused, and two people at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import ACTIONS
from kontor.audit.sentences import sentence
from kontor.errors import Conflict, KontorError, NotAllowed
from kontor.people import store as people
from kontor.people.offices import Offices
from kontor.pilots import helix, members, store
from kontor.pilots.life import proposals, revisions, typed
from kontor.pilots.life.draft import WrongDraft, hints_for, mistakes_in
from kontor.pilots.store import TakesPart
from tests.hub.pilots.drafts import HOUSE, NOW, STEWARD, TODAY, a_draft, a_pilot, proposed

LEAD, OFFICE = frozenset({"lead"}), frozenset({"office"})
CELL = TakesPart("", "Hafnia Cell ApS", "company", "DK")


def of_partner(session: Session, subject: str, partner: str | None = "desy") -> str:
    return people.introduce(
        session, issuer="demo", subject=subject, display_name=subject.title(), partner=partner, country="DE"
    ).name


def test_a_proposal_is_a_pilot_with_a_lead_and_nothing_open(session: Session) -> None:
    eva, bob = of_partner(session, "eva"), of_partner(session, "bob")
    draft = a_draft(others=(CELL,), people=((bob, "editor"),), technique="CryoEM")
    pilot = proposals.propose(session, draft, by=eva, house=HOUSE, now=NOW)
    assert (pilot.slug, pilot.state, pilot.version, pilot.mode(NOW)) == (
        "cartilage-under-load",
        "proposed",
        1,
        "planning",
    )
    assert pilot.notebook == "20-cryoem-micrograph.ipynb"
    assert members.of_many(session, [pilot.slug], now=NOW) == {pilot.slug: {eva: "lead", bob: "editor"}}
    assert members.all_working(session, now=NOW) == {}
    parts = [one.slug for one in store.partners_of(session, [pilot.slug])[pilot.slug]]
    assert parts == ["company.hafnia-cell-aps", "desy", "lund-university"]
    assert trail.latest(session, [pilot.slug], actions={"pilot_proposed"})[0].actor == eva


@pytest.mark.parametrize(
    ("partner", "member", "office", "may"),
    [
        pytest.param(None, False, False, False, id="nobody in particular"),
        pytest.param("desy", False, False, True, id="of a partner"),
        pytest.param(None, True, False, True, id="member of a pilot"),
        pytest.param(None, False, True, True, id="holds an office"),
    ],
)
def test_who_may_propose(
    session: Session, ada: str, partner: str | None, member: bool, office: bool, may: bool
) -> None:
    eva = of_partner(session, "eva", partner)
    if member:
        a_pilot(session, ada, state="archived")
        members.add(session, "knee-mr", eva, "viewer", now=NOW)
    house = replace(HOUSE, offices=Offices(operators=frozenset({eva})) if office else HOUSE.offices)
    assert proposals.may_propose(session, eva, house.offices) is may
    if not may:
        with pytest.raises(NotAllowed) as refusal:
            proposals.propose(session, a_draft(), by=eva, house=house, now=NOW)
        assert refusal.value.code == "may_not_propose"
        assert store.everything(session) == []


LONGEST = HOUSE.settings.pilots.longest_days


@pytest.mark.parametrize(
    ("values", "field"),
    [
        pytest.param({"title": ""}, "title", id="no title"),
        pytest.param({"title": "x" * 201}, "title", id="title too long"),
        pytest.param({"title": "x" * 1_000_000}, "title", id="a megabyte of title"),
        pytest.param({"title": "Knees\x00"}, "title", id="control character"),
        pytest.param({"title": "Knees\nand more"}, "title", id="two lines in a title"),
        pytest.param({"title": "Knees \u202egnp.exe"}, "title", id="turned direction"),
        pytest.param({"title": "\ud800 knees"}, "title", id="half a character"),
        pytest.param({"question": "Why?"}, "question", id="question too short"),
        pytest.param({"question": "x" * 1_000_000}, "question", id="a megabyte of question"),
        pytest.param({"class_": "secret"}, "class", id="unknown class"),
        pytest.param({"slug": "Knee"}, "slug", id="capital in the short name"),
        pytest.param({"slug": "new"}, "slug", id="short name of a page"),
        pytest.param({"slug": "a" * 28}, "slug", id="short name too long"),
        pytest.param({"partners": ("nowhere",)}, "partners", id="unknown partner"),
        pytest.param({"partners": ()}, "partners", id="nobody takes part"),
        pytest.param({"others": (CELL,) * 11}, "partners", id="eleven others"),
        pytest.param({"others": (replace(CELL, sector="pub"),)}, "others.0", id="unknown kind"),
        pytest.param({"others": (CELL, replace(CELL, country="XX"))}, "others.1", id="unknown country"),
        pytest.param({"others": (replace(CELL, name="\u202ellec"),)}, "others.0", id="turned name"),
        pytest.param({"ends": None}, "ends", id="no end"),
        pytest.param({"ends": TODAY - timedelta(days=1)}, "ends", id="end in the past"),
        pytest.param({"ends": date(2026, 3, 31)}, "ends", id="end before start"),
        pytest.param({"ends": date(2026, 4, 1) + timedelta(days=LONGEST + 1)}, "ends", id="too long"),
        pytest.param({"starts": date(1, 1, 1)}, "starts", id="year 1"),
        pytest.param({"starts": date(9999, 12, 31), "ends": date(9999, 12, 31)}, "ends", id="year 9999"),
        pytest.param({"agreement_ends": date(2027, 1, 1)}, "agreement", id="end of no agreement"),
        pytest.param({"credits": 0.0}, "hours", id="no hours"),
        pytest.param({"credits": float("nan")}, "hours", id="no number"),
        pytest.param({"credits": float("inf")}, "hours", id="endless hours"),
    ],
)
def test_a_draft_that_cannot_be(session: Session, values: dict[str, Any], field: str) -> None:
    eva = of_partner(session, "eva")
    with pytest.raises(WrongDraft) as refusal:
        proposals.propose(session, a_draft(**values), by=eva, house=HOUSE, now=NOW)
    assert field in refusal.value.mistakes
    assert store.everything(session) == []


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"title": "Ærø 膝 Колено ركبة 🦵"}, id="any script"),
        pytest.param({"title": "<script>alert(1)</script>"}, id="markup is text"),
        pytest.param({"ends": date(2026, 4, 1)}, id="one day"),
        pytest.param({"ends": date(2026, 4, 1) + timedelta(days=LONGEST)}, id="as long as may be"),
        pytest.param({"starts": date(2026, 1, 1), "ends": TODAY}, id="ends today"),
        pytest.param({"question": "Line one\nand line two, with\ttab"}, id="several lines"),
        pytest.param({"class_": "clinical"}, id="clinical without agreement yet"),
        pytest.param({"partners": (), "others": (CELL, CELL)}, id="two others of one name"),
    ],
)
def test_a_draft_that_can_be(values: dict[str, Any]) -> None:
    assert mistakes_in(a_draft(**values), partners=HOUSE.partners, settings=HOUSE.settings, today=TODAY) == {}


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Läkemedel i rörelse", "lakemedel-i-rorelse"),
        ("Ærø, ßtraße & ŁÓDŹ", "aero-sstrasse-lodz"),
        ("7T MR of the knee", "p-7t-mr-of-the-knee"),
        ("膝", "pilot"),
        ("🦵", "pilot"),
        ("A", "pilot"),
        ("  --  ", "pilot"),
        ("x" * 200, "x" * 27),
        ("a very long title that has to be cut somewhere", "a-very-long-title-that-has"),
        ("New", "new-2"),
    ],
)
def test_short_names_are_made_of_titles(title: str, slug: str) -> None:
    assert typed.free_slug(title, lambda _: False) == slug


def test_short_names_are_free(session: Session, ada: str) -> None:
    found = [proposed(session, ada, title="Knees " * 6).slug for _ in range(3)]
    assert found == ["knees-knees-knees-knees", "knees-knees-knees-knees-2", "knees-knees-knees-knees-3"]
    assert typed.free_slug("x" * 30, lambda slug: not slug.endswith("-12")) == "x" * 24 + "-12"
    with pytest.raises(Conflict) as refusal:
        proposed(session, ada, slug="knees-knees-knees-knees")
    assert refusal.value.code == "slug_taken"


def test_only_people_one_knows_are_in_it_from_the_first_day(session: Session) -> None:
    eva, stranger = of_partner(session, "eva"), of_partner(session, "mallory", "ku")
    for people_named in (((stranger, "editor"),), ((eva, "steward"),), (("nobody", "editor"),), ((eva, "lead"),) * 2):
        with pytest.raises(WrongDraft) as refusal:
            proposals.propose(session, a_draft(people=people_named), by=eva, house=HOUSE, now=NOW)
        assert set(refusal.value.mistakes) == {"people"}


def test_nobody_floods_the_queue(session: Session, ada: str) -> None:
    for _ in range(proposals.MOST_OPEN):
        proposed(session, ada)
    with pytest.raises(Conflict) as refusal:
        proposed(session, ada)
    assert refusal.value.code == "too_many_proposals"
    assert len(proposals.waiting(session)) == proposals.MOST_OPEN


def test_hints_are_no_refusal() -> None:
    draft = a_draft(class_="clinical", agreement="Ethics 1", agreement_ends=date(2026, 12, 1))
    found = hints_for(draft, partners=HOUSE.partners)
    assert helix.mix(draft.organisations, HOUSE.partners).missing == ("hospital", "company")
    assert helix.mix(draft.organisations, HOUSE.partners).hint in found
    assert any("agreement ends before the pilot" in one for one in found)
    assert any("needs an agreement" in one for one in hints_for(a_draft(class_="sensitive"), partners=HOUSE.partners))


def revise(
    session: Session, slug: str, changes: dict[str, Any], who: frozenset[str] = LEAD, version: int = 1
) -> store.Pilot:
    return revisions.revise(session, slug, changes, version=version, by=STEWARD, who=who, house=HOUSE, now=NOW)


# state -> (lead: a fact, a term, a date; office: the same)
CHANGES: tuple[dict[str, Any], ...] = (
    {"facility": "Another place"},
    {"class_": "open"},
    {"ends": date(2026, 12, 30)},
)
OPEN_FIELDS = {
    "proposed": (True, True, True, True, True, True),
    "declined": (True, True, True, True, True, True),
    "withdrawn": (True, True, True, True, True, True),
    "approved": (True, "may_not_change", "wrong_state", True, True, "wrong_state"),
    "active": (True, "may_not_change", "wrong_state", True, True, "wrong_state"),
    "closing": (True, "may_not_change", "wrong_state", True, True, "wrong_state"),
    "archived": ("wrong_state", "may_not_change", "wrong_state", "wrong_state", "wrong_state", "wrong_state"),
}


@pytest.mark.parametrize("state", OPEN_FIELDS)
def test_what_may_be_changed_when_and_by_whom(session: Session, ada: str, state: str) -> None:
    store.set_partners(session, a_pilot(session, ada, state=state, version=0).slug, [TakesPart("desy")])
    for at, (who, change) in enumerate((who, change) for who in (LEAD, OFFICE) for change in CHANGES):
        session.commit()
        expected = OPEN_FIELDS[state][at]
        version = store.get_one(session, "knee-mr").version
        if expected is True:
            assert revise(session, "knee-mr", change, who, version).version == version + 1
            session.rollback()
        else:
            with pytest.raises(KontorError) as refusal:
                revise(session, "knee-mr", change, who, version)
            assert refusal.value.code == expected
        with pytest.raises(NotAllowed):
            revise(session, "knee-mr", change, frozenset(), version)


def test_two_at_once_are_told_and_nothing_is_overwritten(session: Session, ada: str) -> None:
    slug = proposed(session, ada).slug
    assert revise(session, slug, {"title": "First"}).version == 2
    with pytest.raises(Conflict) as refusal:
        revise(session, slug, {"title": "Second"})
    assert refusal.value.code == "changed_meanwhile"
    assert store.get_one(session, slug).title == "First"


def test_the_same_again_is_no_change(session: Session, ada: str) -> None:
    slug = proposed(session, ada, others=(CELL,)).slug
    assert revise(session, slug, {"title": "Cartilage under load", "others": (CELL,)}).version == 1
    assert [one.action for one in trail.latest(session, [slug], actions=ACTIONS)] == ["member_added", "pilot_proposed"]


def test_an_old_mistake_is_not_theirs_to_mend(session: Session, ada: str) -> None:
    a_pilot(session, ada, ends=date(2026, 1, 2))
    store.set_partners(session, "knee-mr", [TakesPart("desy")])
    assert revise(session, "knee-mr", {"facility": "Another place"}).version == 2


def test_an_agreement_is_recorded_by_an_office(session: Session) -> None:
    a_pilot(session, of_partner(session, "eva"))
    store.set_partners(session, "knee-mr", [TakesPart("desy")])
    with pytest.raises(WrongDraft) as refusal:
        revise(session, "knee-mr", {"class_": "clinical"}, OFFICE)
    assert set(refusal.value.mistakes) == {"agreement"}
    revise(
        session,
        "knee-mr",
        {"class_": "clinical", "agreement": "Ethics 7", "agreement_ends": date(2026, 11, 1)},
        OFFICE,
    )
    entry = trail.latest(session, ["knee-mr"], actions={"agreement_recorded"})[0]
    assert entry.details == {"reference": "Ethics 7", "until": "2026-11-01"}
    told = trail.latest(session, ["knee-mr"], actions={"pilot_revised"})[0]
    assert told.details == {
        "changed": "agreement, agreement_ends, class",
        "agreement_before": "",
        "agreement_after": "Ethics 7",
        "agreement_ends_before": "",
        "agreement_ends_after": "2026-11-01",
        "class_before": "standard",
        "class_after": "clinical",
    }
    assert sentence(told, {STEWARD: "Henrik"}) == "Henrik changed: Agreement, Last day of the agreement, Kind of data."
    with pytest.raises(WrongDraft) as late:
        revise(session, "knee-mr", {"agreement": "Old", "agreement_ends": TODAY - timedelta(days=1)}, OFFICE, 2)
    assert (late.value.code, list(late.value.mistakes)) == ("bad_dates", ["agreement_ends"])


def test_what_was_approved_is_changed_by_an_office_only(session: Session, ada: str) -> None:
    a_pilot(session, ada)
    store.set_partners(session, "knee-mr", [TakesPart("desy")])
    for change in ({"title": "Another title"}, {"question": "Another question, quite another?"}):
        with pytest.raises(NotAllowed) as refusal:
            revise(session, "knee-mr", change)
        assert refusal.value.code == "may_not_change"
    long = "x" * 3000
    revise(session, "knee-mr", {"question": long}, OFFICE)
    revise(session, "knee-mr", {"data_wanted": "Knees", "partners": ("desy", "lund-university")}, version=2)
    facts, words = trail.latest(session, ["knee-mr"], actions={"pilot_revised"})
    assert (words.details["question_before"], words.details["question_after"]) == ("Why?", long[:500])
    assert (facts.details["partners_before"], facts.details["partners_after"]) == ("desy", "desy, lund-university")
    assert sentence(facts, {STEWARD: "Maja"}) == "Maja changed: Data wanted, Who takes part."


def test_a_pilot_with_guests_does_not_become_clinical(session: Session, ada: str) -> None:
    eva = of_partner(session, "eva")
    a_pilot(session, eva, agreement="Ethics 1", agreement_ends=date(2026, 12, 31))
    store.set_partners(session, "knee-mr", [TakesPart("desy")])
    members.add(session, "knee-mr", ada, "viewer", until=NOW + timedelta(days=9), sponsor=eva, now=NOW)
    with pytest.raises(Conflict) as refusal:
        revise(session, "knee-mr", {"class_": "clinical"}, OFFICE)
    assert (refusal.value.code, "Ada" in refusal.value.message, "Eva" in refusal.value.message) == (
        "guests_in_pilot",
        True,
        False,
    )
    members.remove(session, "knee-mr", ada, by=eva, now=NOW)
    assert revise(session, "knee-mr", {"class_": "clinical"}, OFFICE).class_ == "clinical"


def test_two_proposals_of_one_name_at_once(session: Session, ada: str, tmp_path: Path) -> None:
    """The second waits for the first and then sees that the name is taken."""
    from threading import Thread

    from kontor.database import session_factory

    session.commit()
    url = str(session.get_bind().url)  # type: ignore[union-attr]
    outcomes: list[str] = []

    def send() -> None:
        try:
            with session_factory(url)() as own, own.begin():
                proposed(own, ada, slug="same-name")
            outcomes.append("made")
        except Conflict as error:
            outcomes.append(error.code)

    threads = [Thread(target=send) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes) == ["made", *["slug_taken"] * 5]
