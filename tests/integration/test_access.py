"""Access follows the membership within seconds, in the whole running house.

Each test prints how many seconds after the change each of the things that a member held had ended.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from kontor.audit.model import EntryRow
from kontor.clusters.client import ClusterClient
from kontor.database import now, session_factory
from kontor.hubapi import HubAPI
from kontor.pilots import access, members
from kontor.pilots.model import PilotRow
from tests.integration.holdings import Holdings, Lead, hub_token, keys_work, store_client
from tests.tree import Tree, Visitor, account, open_workspace
from tests.waiting import until

pytestmark = pytest.mark.tree

PILOT, OTHER = "knee-mr", "sepsis-proteome"
LEAD, MEMBER = "maja", "jonas"
LIMIT = 10.0
LOBBY = "access:services!service=lobby"


@dataclass
class Actors:
    """The lead, the member who is to lose access, and the lead of another pilot, all signed in."""

    tree: Tree
    lead: Visitor
    member: Visitor
    changes: Lead
    lead_token: str
    member_token: str
    other_token: str

    async def shared(self) -> set[str]:
        async with HubAPI(self.tree.site.hub_api_url, self.tree.site.secret("reconciler-token")) as hub:
            return await hub.shared_with(f"ws-{PILOT}")


@pytest.fixture(scope="module")
def actors(tree: Tree) -> Iterator[Actors]:
    with tree.signed_in(LEAD) as lead, tree.signed_in(MEMBER) as member, tree.signed_in("lars") as lars:
        changes = Lead(lead, LEAD, PILOT)
        yield Actors(
            tree,
            lead,
            member,
            changes,
            hub_token(lead, LEAD, LOBBY),
            hub_token(member, MEMBER, LOBBY),
            hub_token(lars, "lars", LOBBY),
        )
        changes.close()


@asynccontextmanager
async def holding(actors: Actors) -> AsyncIterator[Holdings]:
    """The member is an editor and holds all that there is; afterwards they are an editor again."""
    tree = actors.tree
    await until(actors_share(actors), "the member's share is there")
    base = await open_workspace(tree, PILOT)
    async with ClusterClient(tree.site) as clusters:
        cluster = await clusters.start(PILOT, workers=0, started_by=account(MEMBER))

        async def runs() -> bool:
            return any(one.name == cluster and one.status == "running" for one in await clusters.list(PILOT))

        await until(runs, "the cluster runs", seconds=60)
    held = await Holdings.take(tree, PILOT, MEMBER, actors.member, base)
    workspace = (tree.site.run / "labs" / f"ws-{PILOT}" / "token").read_text()
    claim = (tree.site.run / "clusters" / cluster / "token").read_text()
    held.cluster(cluster)
    held.keys("own keys", actors.member_token)
    held.keys("keys of the workspace", workspace)
    held.keys("keys of the cluster", claim)
    held.hub_token("hub token of the workspace", workspace)
    held.service_token("keys for the workspace's token", workspace)
    held.service_token("keys for the cluster's token", claim)
    held.service_token("keys for the own token", actors.member_token)
    try:
        yield held
    finally:
        await held.close()
        with session_factory(tree.site.database_url)() as session, session.begin():
            if members.get(session, PILOT, account(MEMBER)) is None:
                members.add(session, PILOT, account(MEMBER), "editor")
            else:
                members.set_role(session, PILOT, account(MEMBER), "editor")
        access.poke(tree.site, PILOT)


def actors_share(actors: Actors):  # type: ignore[no-untyped-def]
    async def there() -> bool:
        return account(MEMBER) in await actors.shared()

    return there


def told_of_end(tree: Tree) -> int:
    """How often the log says that the member's access has ended."""
    wanted = (EntryRow.action == "access_ended") & (EntryRow.person == account(MEMBER)) & (EntryRow.pilot == PILOT)
    with session_factory(tree.site.database_url)() as session:
        return len(session.scalars(select(EntryRow).where(wanted)).all())


def show(what: str, seconds: dict[str, float]) -> None:
    print(json.dumps({f"{what}: seconds until it had ended": dict(sorted(seconds.items(), key=lambda one: one[1]))}))


async def test_a_removed_member_holds_nothing_and_the_others_go_on(actors: Actors) -> None:
    tree = actors.tree
    others = store_client(tree, OTHER, actors.other_token)
    async with holding(actors) as held:
        colleague = Holdings(tree, PILOT, LEAD, actors.lead, held.base)
        colleague.sign_in()
        before = told_of_end(tree)
        begun = time.monotonic()
        await asyncio.to_thread(actors.changes.remove, MEMBER)
        show("removed", await held.measure(begun, LIMIT))
        assert account(MEMBER) not in await actors.shared()
        await until(lambda: told_of_end(tree) == before + 1, "the log is told", seconds=10)

        await until(colleague.may_read, "the colleague's workspace is back by itself", seconds=60)
        print(json.dumps({"the colleague works again after": round(time.monotonic() - begun, 1)}))
        assert not held.may_read()
        assert keys_work(store_client(tree, PILOT, actors.lead_token), PILOT) == [True] * 3
        assert keys_work(others, OTHER) == [True] * 3, "taken before, of another pilot"
        assert told_of_end(tree) == before + 1

        begun = time.monotonic()
        await asyncio.to_thread(actors.changes.add, MEMBER, "editor")
        await until(actors_share(actors), "the share is there", seconds=5)
        seconds = time.monotonic() - begun
        print(json.dumps({"added: seconds to hub state": round(seconds, 2)}))
        assert seconds < 1
        await until(held.may_read, "they work again without signing in", seconds=10)
        print(json.dumps({"added: seconds until the workspace lets them in": round(time.monotonic() - begun, 2)}))
        assert keys_work(store_client(tree, PILOT, actors.member_token), PILOT) == [True] * 3


async def test_an_editor_who_becomes_viewer_keeps_only_the_reading(actors: Actors) -> None:
    async with holding(actors) as held:
        del held.ends["keys for the own token"]
        begun = time.monotonic()
        await asyncio.to_thread(actors.changes.change, MEMBER, "viewer")
        show("became viewer", await held.measure(begun, LIMIT))
        fresh = store_client(actors.tree, PILOT, actors.member_token)
        assert keys_work(fresh, PILOT) == [True, True, False]


async def test_a_membership_that_reaches_its_end(actors: Actors) -> None:
    """Nobody presses anything: the clock ends it."""
    site = actors.tree.site
    async with holding(actors) as held:
        ends = now() + timedelta(seconds=3)
        with session_factory(site.database_url)() as session, session.begin():
            members.set_until(session, PILOT, account(MEMBER), ends, sponsor=account(LEAD))
        access.poke(site, PILOT)
        begun = time.monotonic() + (ends - now()).total_seconds()
        show("end date", await held.measure(begun, LIMIT))


async def test_a_pilot_that_becomes_read_only(actors: Actors) -> None:
    """Its agreement has expired: nobody's workspace or clusters run, data stays readable."""
    site = actors.tree.site

    def agreement(last: date | None) -> None:
        with session_factory(site.database_url)() as session, session.begin():
            session.get_one(PilotRow, PILOT).agreement_ends = last
        access.poke(site, PILOT)

    async with holding(actors) as held:
        del held.ends["keys for the own token"]
        before = told_of_end(actors.tree)
        try:
            begun = time.monotonic()
            agreement(date(2026, 1, 1))
            show("agreement expired", await held.measure(begun, LIMIT))
            assert await actors.shared() == set()
            assert keys_work(store_client(actors.tree, PILOT, actors.member_token), PILOT) == [True, True, False]
            assert told_of_end(actors.tree) == before, "the log tells of the pilot, not of each member"
        finally:
            agreement(None)
        await until(actors_share(actors), "they have their share again", seconds=5)
