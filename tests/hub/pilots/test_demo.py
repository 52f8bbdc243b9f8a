"""The demo pilots: who is where, and seeding twice."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from kontor import names
from kontor.pilots import demo, members, store

ROOT = Path(__file__).parents[3]
EXPECTED = {
    "knee-mr": {"maja": "lead", "jonas": "editor", "anke": "runner"},
    "membrane-proteins": {"kari": "lead", "lars": "editor", "jonas": "viewer"},
    "sepsis-proteome": {"lars": "lead", "maja": "editor", "greta": "reviewer"},
    "battery-neutrons": {"erik": "lead", "anke": "editor", "tove": "editor"},
}


def account(persona: str) -> str:
    return names.account_name("demo", f"{persona}-0001@demo.kontor.localhost")


def test_the_demo_people_are_where_they_should_be(session: Session) -> None:
    demo.seed(session)
    want = {slug: {account(one): role for one, role in roles.items()} for slug, roles in EXPECTED.items()}
    assert members.all_working(session) == want
    assert not members.has_pilot(session, account("nils"))


def test_seeding_again_changes_nothing_that_people_did(session: Session) -> None:
    demo.seed(session)
    members.remove(session, "knee-mr", account("anke"))
    members.set_role(session, "knee-mr", account("jonas"), "lead")
    members.add(session, "knee-mr", account("nils"), "viewer")
    closing = replace(store.get_one(session, "battery-neutrons"), state="closing", title="Batteries")
    store.create(session, closing)
    before = members.all_working(session)
    demo.seed(session)
    assert members.all_working(session) == before
    assert store.get_one(session, "battery-neutrons").title == "Batteries"


@pytest.mark.parametrize(
    "entry", tomllib.loads((ROOT / "hub/kontor/pilots/demo.toml").read_text())["pilot"], ids=lambda entry: entry["slug"]
)
def test_every_demo_pilot_has_its_notebook(entry: dict[str, str]) -> None:
    assert (ROOT / "notebooks" / entry["notebook"]).is_file()
