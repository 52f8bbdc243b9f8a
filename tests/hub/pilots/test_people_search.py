"""Finding people: whom one works with, and nobody else."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from kontor.errors import KontorError, NotFound
from kontor.pilots import members, store
from kontor.pilots.membership import people_search, roll
from tests.hub.pilots.pilot_people import KNEE, OTHER, START, a_pilot, fill, introduce


@pytest.fixture
def who(session: Session) -> dict[str, str]:
    return fill(session)


def found(session: Session, searcher: str, text: str) -> list[str]:
    return [one.display_name for one in people_search.find(session, searcher, text)]


@pytest.mark.parametrize(
    ("searcher", "text", "names"),
    [
        pytest.param("lead", "edi", ["Editor"], id="of the same pilot"),
        pytest.param("lead", "stra", ["Stranger"], id="of the same partner"),
        pytest.param("viewer", "stew", ["Steward"], id="of the same partner, in no pilot"),
        pytest.param("lead", "oth", [], id="of another pilot and partner"),
        pytest.param("lead", "gue", [], id="a guest of nobody"),
        pytest.param("lead", "lea", [], id="oneself"),
        pytest.param("guest", "edi", [], id="a guest in no pilot finds nobody"),
        pytest.param("lead", "dit", [], id="not within words"),
        pytest.param("lead", "%%", None, id="signs are no letters"),
        pytest.param("lead", "e", None, id="one letter"),
        pytest.param("lead", "  e ", None, id="one letter and spaces"),
        pytest.param("lead", "", None, id="nothing"),
        pytest.param("lead", "ed" * 51, None, id="too long"),
        pytest.param("lead", "\x00\u202e", None, id="hidden characters"),
        pytest.param("lead", "ed%", ["Editor"], id="signs do not matter"),
    ],
)
def test_who_is_found(session: Session, who: dict[str, str], searcher: str, text: str, names: list[str] | None) -> None:
    if names is None:
        with pytest.raises(KontorError) as refusal:
            found(session, who[searcher], text)
        assert refusal.value.code == "bad_search"
    else:
        assert found(session, who[searcher], text) == names


def test_guests_and_members_of_a_pilot_find_each_other_and_nobody_beyond(session: Session, who: dict[str, str]) -> None:
    members.add(session, OTHER, who["guest"], "viewer", now=START)
    assert found(session, who["other"], "guest") == ["Guest"]
    assert found(session, who["guest"], "other") == ["Other"]
    assert found(session, who["lead"], "guest") == []
    second = introduce(session, "guest-two", None, "Guest Two")
    assert found(session, second, "guest") == []


def test_case_and_accents_do_not_matter(session: Session, who: dict[str, str]) -> None:
    person = introduce(session, "accents", "lund-university", "Åsa Çelik-Müller")
    for text in ("asa", "ÅSA", "celik", "mü as", "muller åsa"):
        assert found(session, who["lead"], text) == ["Åsa Çelik-Müller"]
    assert [one.name for one in people_search.among(session, who["lead"], [person, who["other"]])] == [person]


def test_pasted_lines_are_account_names_or_full_names(session: Session, who: dict[str, str]) -> None:
    turned = introduce(session, "turned", "lund-university", "Berg, Åsa")
    two = f"{who['other']} {who['guest']}"
    pasted = f"editor\n  {two}\n\nBerg, Asa\nVIEWER; Stranger,\n{who['editor']}"
    wanted = [who["editor"], who["other"], who["guest"], turned, who["viewer"], who["stranger"]]
    assert roll.accounts_in(session, who["lead"], pasted) == wanted
    assert roll.accounts_in(session, who["lead"], " \n,;") == []


@pytest.mark.parametrize("name", ["Other", "Guest", "Edit", "Lead", "Same Name", "***", "editor viewer"])
def test_a_pasted_name_of_nobody_or_of_several_is_told(session: Session, who: dict[str, str], name: str) -> None:
    for number in range(2):
        introduce(session, f"same-{number}", "lund-university", "Same Name")
    introduce(session, "signs", "lund-university", "---")
    with pytest.raises(NotFound, match=re.escape(f": {name}. Write")) as refusal:
        roll.accounts_in(session, who["lead"], f"Editor\n{name}")
    assert refusal.value.code == "no_such_person"


def test_twenty_at_most(session: Session, who: dict[str, str]) -> None:
    for number in range(30):
        introduce(session, f"same-{number}", "lund-university", f"Same Name{number:02d}")
    names = found(session, who["lead"], "same")
    assert names == [f"Same Name{number:02d}" for number in range(20)]


@pytest.mark.parametrize("state", ["archived", "declined", "withdrawn"])
def test_a_pilot_that_is_over_brings_nobody_together(session: Session, who: dict[str, str], state: str) -> None:
    store.create(session, a_pilot(KNEE, state=state))
    assert found(session, who["lead"], "editor") == []


def test_who_has_left_is_not_found_any_more(session: Session, who: dict[str, str]) -> None:
    members.remove(session, KNEE, who["editor"])
    assert found(session, who["lead"], "editor") == []
