"""Share links: who may make which, for whom they are good, and until when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from kontor.audit.model import EntryRow
from kontor.errors import Conflict, KontorError, NotAllowed, NotFound
from kontor.people import store as people
from kontor.pilots import members, standing, store
from kontor.pilots.documents import share_requests, shares
from kontor.pilots.documents.shares import Share
from kontor.pilots.membership import invitations
from kontor.pilots.model import PilotRow

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROLES = ("viewer", "reviewer", "runner", "editor", "lead", "steward")


@pytest.fixture
def house(session: Session, tmp_path: Path) -> Session:
    """A pilot with one member of each role, and somebody outside."""
    pilot = store.Pilot(
        "knee", "Knee", "Why?", "standard", "active", None, None, None, date(2026, 1, 1), date(2027, 1, 1)
    )
    store.create(session, pilot, now=NOW)
    for role in ROLES:
        members.add(session, "knee", person(session, role), role, now=NOW - timedelta(days=9))
    person(session, "outside")
    (tmp_path / "knee" / "results").mkdir(parents=True)
    (tmp_path / "knee" / "results" / "a.txt").write_text("hello")
    return session


@pytest.fixture
def root(house: Session, tmp_path: Path) -> Path:
    return tmp_path / "knee"


def person(session: Session, subject: str) -> str:
    return people.introduce(
        session, issuer="demo", subject=subject, display_name=subject.title(), partner=None, country=None
    ).name


def make(session: Session, root: Path, by: str = "lead", role: str = "viewer", **more: object) -> tuple[Share, str]:
    name = person(session, by)
    place = standing.of_person(session, name, "knee", now=NOW)
    given = {"days": 7, "now": NOW, **more}
    return shares.make(session, place, name, root, str(given.pop("path", "results/a.txt")), role, **given)  # type: ignore[arg-type]


def change(session: Session, **values: object) -> None:
    row = session.get_one(PilotRow, "knee")
    for key, value in values.items():
        setattr(row, key, value)
    session.flush()


def actions(session: Session) -> list[str]:
    return [row.action for row in session.query(EntryRow).order_by(EntryRow.number) if row.action.startswith("share")]


# maker -> the roles that their links may have
MAY_GIVE = {
    "viewer": {"viewer"},
    "reviewer": {"viewer", "reviewer"},
    "runner": {"viewer", "reviewer"},
    "editor": {"viewer", "reviewer"},
    "lead": {"viewer", "reviewer", "runner", "editor"},
    "steward": {"viewer"},
}


@pytest.mark.parametrize("maker", ROLES)
def test_who_may_give_what(house: Session, root: Path, maker: str) -> None:
    given = set()
    for role in ("viewer", "reviewer", "runner", "editor"):
        if role in MAY_GIVE[maker]:
            given.add(make(house, root, maker, role)[0].role)
        else:
            with pytest.raises(NotAllowed) as refused:
                make(house, root, maker, role)
            assert refused.value.code == "role_too_high"
    assert given == MAY_GIVE[maker]
    assert set(shares.roles_to_share(standing.of_person(house, person(house, maker), "knee"))) == given


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"role": "lead"}, "unknown_role"),
        ({"role": "steward"}, "unknown_role"),
        ({"role": "king"}, "unknown_role"),
        ({"days": 0}, "bad_days"),
        ({"days": 31}, "bad_days"),
        ({"days": -1}, "bad_days"),
        ({"note": "x" * 201}, "bad_note"),
        ({"note": "turned \u202e"}, "bad_note"),
        ({"path": "results"}, "no_such_file"),
        ({"path": "../knee/results/a.txt"}, "no_such_file"),
        ({"path": "nothing"}, "no_such_file"),
        ({"path": ""}, "no_such_file"),
    ],
)
def test_what_is_refused(house: Session, root: Path, more: dict[str, object], code: str) -> None:
    with pytest.raises(KontorError) as refused:
        make(house, root, **more)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert shares.of_pilot(house, "knee") == ([], 0)


def test_the_token_is_long_and_not_kept(house: Session, root: Path) -> None:
    made, token = make(house, root, days=30)
    assert len(token) >= 32
    assert made.expires == NOW + timedelta(days=30)
    stored = house.connection().exec_driver_sql("SELECT * FROM share").one()
    assert token not in str(stored)
    assert make(house, root)[1] != token
    assert token not in str([row.details for row in house.query(EntryRow)])


@pytest.mark.parametrize("who", ["outside", *ROLES])
def test_a_link_is_good_for_everybody_who_has_it(house: Session, root: Path, who: str) -> None:
    made, token = make(house, root)
    found = shares.find(house, token, person(house, who), now=NOW)
    assert found.share == made
    assert (found.place is None) == (who == "outside")
    assert members.role_of(house, person(house, "outside"), "knee", now=NOW) is None


def test_every_refusal_has_the_same_words(house: Session, root: Path) -> None:
    outside, said = person(house, "outside"), set()

    def refused(token: str, now: datetime = NOW) -> None:
        with pytest.raises(NotFound) as error:
            shares.find(house, token, outside, now=now)
        said.add((error.value.code, error.value.message, error.value.status))

    made, token = make(house, root)
    shares.find(house, token, outside, now=made.expires - timedelta(seconds=1))
    refused(token, made.expires)
    refused("unknown")
    refused("\ud800" + "x" * 5000)
    _, token = make(house, root, "editor")
    members.remove(house, "knee", person(house, "editor"), now=NOW)
    refused(token, NOW + timedelta(seconds=1))
    made, token = make(house, root)
    shares.revoke(house, standing.of_person(house, made.made_by, "knee", now=NOW), made.made_by, made.id, now=NOW)
    refused(token)
    _, token = make(house, root)
    for change_to in (
        {"state": "archived"},
        {"state": "proposed"},
        {"state": "active", "class_": "sensitive"},
        {"class_": "clinical"},
    ):
        change(house, **change_to)
        refused(token)
    change(house, class_="standard")
    shares.find(house, token, outside, now=NOW)
    assert len(said) == 1


@pytest.mark.parametrize("values", [{"state": "closing"}, {"agreement_ends": date(2026, 5, 1)}])
def test_links_stay_good_while_the_pilot_is_read_only(house: Session, root: Path, values: dict[str, object]) -> None:
    _, token = make(house, root)
    change(house, **values)
    shares.find(house, token, person(house, "outside"), now=NOW)
    make(house, root)


@pytest.mark.parametrize("class_", ["sensitive", "clinical"])
def test_in_sensitive_pilots_links_serve_members_only(house: Session, root: Path, class_: str) -> None:
    change(house, class_=class_)
    _, token = make(house, root, role="editor")
    assert shares.find(house, token, person(house, "viewer"), now=NOW).place is not None
    with pytest.raises(NotFound):
        shares.find(house, token, person(house, "outside"), now=NOW)


def test_uses_are_counted_by_person(house: Session, root: Path) -> None:
    made, _ = make(house, root)
    one, two = person(house, "outside"), person(house, "viewer")
    shares.count(house, made, one, now=NOW)
    shares.count(house, made, one, now=NOW + timedelta(hours=1))
    shares.count(house, made, one, again=False, now=NOW + timedelta(hours=2))
    shares.count(house, made, two, again=False, now=NOW)
    house.expire_all()
    found = shares.uses_of(house, [made.id])[made.id]
    assert [(use.person, use.times) for use in found] == [(one, 2), (two, 1)]
    assert (found[0].first, found[0].last) == (NOW, NOW + timedelta(hours=1))
    assert actions(house) == ["share_made", "share_used", "share_used"]


def test_a_use_is_kept_with_its_entry_or_not_at_all(house: Session, root: Path) -> None:
    made, token = make(house, root)
    one = person(house, "outside")
    house.commit()

    def look_and_fail() -> None:
        with house.begin():
            shares.find(house, token, one, now=NOW)
            shares.count(house, made, one, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_and_fail()
    assert shares.uses_of(house, [made.id]) == {made.id: []}
    assert "share_used" not in actions(house)


def test_leads_see_all_links_and_others_their_own(house: Session, root: Path) -> None:
    for maker in ("lead", "editor", "viewer"):
        make(house, root, maker)
    for who, seen in (("lead", 3), ("editor", 1), ("viewer", 1), ("runner", 0)):
        place = standing.of_person(house, person(house, who), "knee", now=NOW)
        found, total = shares.of_pilot(house, "knee", made_by=shares.whose(place, person(house, who)))
        assert (len(found), total) == (seen, seen)


@pytest.mark.parametrize(("who", "may"), [("editor", True), ("lead", True), ("runner", False), ("steward", False)])
def test_who_may_take_a_link_back(house: Session, root: Path, who: str, may: bool) -> None:
    made, token = make(house, root, "editor")
    place = standing.of_person(house, person(house, who), "knee", now=NOW)
    if not may:
        with pytest.raises(NotFound):
            shares.revoke(house, place, person(house, who), made.id, now=NOW)
        return
    for _ in range(2):
        assert shares.revoke(house, place, person(house, who), made.id, now=NOW).revoked == NOW
    with pytest.raises(NotFound):
        shares.find(house, token, person(house, "outside"), now=NOW)
    assert actions(house) == ["share_made", "share_revoked"]


def test_links_of_other_pilots_cannot_be_taken_back(house: Session, root: Path) -> None:
    made, _ = make(house, root)
    other = store.get_one(house, "knee")
    store.create(house, store.Pilot(**{**vars(other), "slug": "hip", "title": "Hip"}))
    members.add(house, "hip", person(house, "outside"), "lead", now=NOW)
    place = standing.of_person(house, person(house, "outside"), "hip", now=NOW)
    with pytest.raises(NotFound):
        shares.revoke(house, place, person(house, "outside"), made.id, now=NOW)


def asked(session: Session, root: Path, role: str = "editor") -> tuple[shares.Shared, str]:
    _, token = make(session, root, role=role)
    outside = person(session, "outside")
    return shares.find(session, token, outside, now=NOW), outside


@pytest.mark.parametrize("role", ["runner", "editor"])
def test_who_asks_becomes_a_member_when_a_lead_says_yes(house: Session, root: Path, role: str) -> None:
    shared, outside = asked(house, root, role)
    request = share_requests.ask(house, shared, outside, now=NOW)
    assert (request.state(NOW), request.role) == ("waiting", role)
    assert members.role_of(house, outside, "knee", now=NOW) is None
    assert [one.id for one in invitations.waiting_for(house, person(house, "lead"))] == [request.id]
    with pytest.raises(Conflict):
        share_requests.ask(house, shared, outside, now=NOW)


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_links_for_looking_let_nobody_ask(house: Session, root: Path, role: str) -> None:
    shared, outside = asked(house, root, role)
    assert not share_requests.may_ask(house, shared, outside, now=NOW)
    with pytest.raises(Conflict):
        share_requests.ask(house, shared, outside, now=NOW)


def test_members_do_not_ask_and_makers_must_still_lead(house: Session, root: Path) -> None:
    _, token = make(house, root, role="editor")
    inside = shares.find(house, token, person(house, "viewer"), now=NOW)
    assert not share_requests.may_ask(house, inside, person(house, "viewer"), now=NOW)
    outside = shares.find(house, token, person(house, "outside"), now=NOW)
    assert share_requests.may_ask(house, outside, person(house, "outside"), now=NOW)
    members.set_role(house, "knee", person(house, "lead"), "editor", now=NOW)
    assert not share_requests.may_ask(house, outside, person(house, "outside"), now=NOW)
