"""The service and the reconciler are killed in the middle of membership changes; then all is as the database says.

Twenty times, at random moments; the seed is printed and can be given again with KONTOR_SEED.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import signal
import time
from contextlib import suppress

import httpx
import psutil
import pytest
from sqlalchemy import select

from kontor.audit import proof, trail, witness
from kontor.audit.model import EntryRow
from kontor.cli.health import checks
from kontor.database import now, session_factory
from kontor.hubapi import HubAPI
from kontor.pilots import granted, members
from kontor.pilots.access import HubState, HubView, desired, plan
from kontor.pilots.model import GrantedRow, MembershipRow
from tests.integration.holdings import Lead
from tests.tree import Tree, account
from tests.waiting import until

pytestmark = [pytest.mark.tree, pytest.mark.timeout(900)]

PILOT, LEAD = "battery-neutrons", "erik"
OTHERS = ["kari", "lars", "greta", "maja"]
ROLES = ["viewer", "reviewer", "runner", "editor"]
TIMES = 20


def part(tree: Tree, name: str) -> psutil.Process:
    """The process of a part of this tree."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if words[1:] == ["-m", "kontor", name, "--state", str(tree.site.state)]:
                return process
    raise AssertionError(f"{name} does not run")


def change_things(changes: Lead, dice: random.Random) -> int:
    """Some changes in a row; how many joins and departures were acknowledged."""
    return sum(change_something(changes, dice) for _ in range(4))


def change_something(changes: Lead, dice: random.Random) -> bool:
    """One change through the API, which may refuse it or not be there; whether a join or departure was acknowledged."""
    who = dice.choice(OTHERS)
    with suppress(httpx.HTTPError, StopIteration, AssertionError, KeyError, json.JSONDecodeError):
        match dice.choice(["add", "remove", "change"]):
            case "add":
                changes.add(who, dice.choice(ROLES))
                return True
            case "remove":
                changes.remove(who)
                return True
            case _:
                changes.change(who, dice.choice(ROLES))
    return False


def comings_and_goings(tree: Tree) -> int:
    """Joins and departures in the log."""
    kept = ("member_added", "member_removed", "member_left")
    with session_factory(tree.site.database_url)() as session:
        rows = session.scalars(select(EntryRow).where(EntryRow.pilot == PILOT, EntryRow.action.in_(kept)))
        return len(rows.all())


async def hub_of(tree: Tree) -> HubState:
    async with HubAPI(tree.site.hub_api_url, tree.site.secret("reconciler-token")) as hub:
        return await HubView(hub).all()


async def as_the_database_says(tree: Tree) -> bool:
    """Whether hub and database agree, with nothing left to do, to take away or to end."""
    with session_factory(tree.site.database_url)() as session:
        look = granted.look(session, now())
        given = {row.person: row.level for row in session.scalars(select(GrantedRow).where(GrantedRow.pilot == PILOT))}
        roles = members.of_many(session, [PILOT])[PILOT]
        session.rollback()
    levels = {person: granted.level_of(role, "working") for person, role in roles.items()}
    return not look.losses and given == levels and plan(desired(look.working), await hub_of(tree)) == []


def replayed(tree: Tree) -> dict[str, str]:
    """Who is a member with which role, if one believes the log alone; fails if the log tells anything twice."""
    found: dict[str, str] = {}
    with session_factory(tree.site.database_url)() as session:
        rows = session.scalars(select(EntryRow).where(EntryRow.pilot == PILOT).order_by(EntryRow.number))
        for one in map(trail.entry_of, rows):
            match one.action:
                case "member_added":
                    assert one.person not in found, f"entry {one.number} adds {one.person} again"
                    found[one.person or ""] = str(one.details["role"])
                case "role_changed":
                    assert found[one.person or ""] == one.details["before"] != one.details["role"]
                    found[one.person or ""] = str(one.details["role"])
                case "member_removed" | "member_left":
                    assert found.pop(one.person or "", None), f"entry {one.number} removes {one.person} again"
    return found


async def test_killed_in_the_middle_of_changes(tree: Tree) -> None:
    seed = int(os.environ.get("KONTOR_SEED", secrets.randbelow(10**6)))
    dice = random.Random(seed)
    print(json.dumps({"seed": seed}))
    for name in OTHERS:
        with tree.signed_in(name):
            pass
    slowest, acknowledged, before = 0.0, 0, comings_and_goings(tree)
    with tree.signed_in(LEAD) as lead:
        changes = Lead(lead, LEAD, PILOT)
        for _ in range(TIMES):
            victims = [part(tree, "service"), part(tree, "reconciler")]

            pause = dice.uniform(0, 0.6)
            changing = asyncio.create_task(asyncio.to_thread(change_things, changes, random.Random(dice.random())))
            await asyncio.sleep(pause)
            for victim in victims:
                victim.send_signal(signal.SIGKILL)
            acknowledged += await changing
            for name in ("service", "reconciler"):
                await until(checks(tree.site)[name], f"{name} answers again", seconds=60)
            begun = time.monotonic()
            await until(lambda: as_the_database_says(tree), "hub state equals the database", seconds=20)
            slowest = max(slowest, time.monotonic() - begun)
            check_nothing_doubled(tree)
        changes.close()
    assert acknowledged >= TIMES / 4, "too little was changed for this to prove anything"
    assert comings_and_goings(tree) - before >= acknowledged, "something was acknowledged and lost"
    print(
        json.dumps(
            {
                "kills": TIMES,
                "acknowledged": acknowledged,
                "slowest seconds from answering to agreement": round(slowest, 2),
            }
        )
    )


def check_nothing_doubled(tree: Tree) -> None:
    with session_factory(tree.site.database_url)() as session:
        roles = members.of_many(session, [PILOT])[PILOT]
        rows = session.scalars(select(MembershipRow.person).where(MembershipRow.pilot == PILOT)).all()
        entries = session.scalars(select(EntryRow).where(EntryRow.pilot == PILOT).order_by(EntryRow.number)).all()
    assert len(rows) == len(set(rows))
    assert replayed(tree) == roles
    ended = [one for one in entries if one.action == "access_ended"]
    lost = [one for one in entries if one.action in ("member_removed", "member_left", "role_changed")]
    assert len(ended) <= len(lost)
    with session_factory(tree.site.database_url)() as session:
        found = proof.verify(session, witness.file_of(tree.site.state))
    assert found.holds, found.sentence
    assert account(LEAD) in roles
