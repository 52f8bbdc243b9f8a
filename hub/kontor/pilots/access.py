"""Access: hub state derived from the pilots.

*Desired* state is a pure function of the kontor database; *actual* state is read from the hub; `plan` gives the
steps from one to the other, and doing them again changes nothing. What is derived:

- a hub account `ws-<pilot>` for every pilot that works, in the group `workspaces`, in which it stays for ever, because
  that group says whose servers may be stopped
- the group `pilot-<pilot>`: the workspace and every member who may run (the gateway's owners of clusters)
- a share of the workspace's server for every member who may edit (shares are given person by person, because
  JupyterHub 6.1.1 does not honour those given to a group)

Only people who have signed in once are in the hub; the others' access is derived when they do. The hub's database may
be older or newer than ours: what it does not know is left out of a round and does not stop it.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from kontor import names, roles
from kontor.errors import KontorError, NotFound
from kontor.hubapi import HubAPI
from kontor.site import Site

SHARE_SCOPES: Final = ("access:servers", "read:servers", "start:servers")
EVERYTHING: Final = "*"
_LOOKED_AT_AGAIN: Final = 10


@dataclass
class HubState:
    """What the hub should have, or has, as far as pilots are concerned.

    accounts : accounts of workspaces
    groups : group -> its members
    shares : workspace account -> people who may open it
    """

    accounts: set[str] = field(default_factory=set)
    groups: dict[str, set[str]] = field(default_factory=dict)
    shares: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One change to the hub, in the order in which `plan` lists them."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None

    @property
    def pilot(self) -> str:
        """The pilot that it is about; empty for the group of all workspaces."""
        name = self.path.split("/")[2]
        return names.pilot_of_workspace(name) or names.pilot_of_group(name) or ""


def desired(pilots: Mapping[str, Mapping[str, str]]) -> HubState:
    """What the hub should have.

    Parameters
    ----------
    pilots : mapping
        Pilots that work: slug -> (account name -> role), of people whom the hub knows.
    """
    state = HubState(groups={names.WORKSPACES_GROUP: set()})
    for slug, members in pilots.items():
        workspace = names.workspace_account(slug)
        state.accounts.add(workspace)
        state.groups[names.WORKSPACES_GROUP].add(workspace)
        runners = {name for name, role in members.items() if roles.can(role, "run")}
        state.groups[names.pilot_group(slug)] = {workspace} | runners
        state.shares[workspace] = {name for name, role in members.items() if roles.can(role, "edit")}
    return state


def plan(want: HubState, have: HubState) -> list[Step]:
    """The steps that make the hub as wanted; empty if it is. Taking away comes before giving."""
    steps: list[Step] = []
    for account, people in have.shares.items():
        for person in sorted(people - want.shares.get(account, set())):
            steps.append(Step("PATCH", _share(account), {"user": person}))
    for group, members in have.groups.items():
        gone = sorted(members - want.groups.get(group, set()))
        if gone and group != names.WORKSPACES_GROUP:
            steps.append(Step("DELETE", f"/groups/{quote(group)}/users", {"users": gone}))
    steps += [Step("POST", f"/users/{quote(account)}") for account in sorted(want.accounts - have.accounts)]
    for group, members in want.groups.items():
        if group not in have.groups:
            steps.append(Step("POST", f"/groups/{quote(group)}"))
        new = sorted(members - have.groups.get(group, set()))
        if new:
            steps.append(Step("POST", f"/groups/{quote(group)}/users", {"users": new}))
    for account, people in want.shares.items():
        for person in sorted(people - have.shares.get(account, set())):
            steps.append(Step("POST", _share(account), {"user": person, "scopes": list(SHARE_SCOPES)}))
    return steps


def _share(account: str) -> str:
    return f"/shares/{quote(account)}/"


class HubView:
    """What the hub has, read with few questions.

    Groups come with one question. Shares take one for each workspace, and only the reconciler changes them; so they are
    remembered, and in every round some are looked at again, all in turn.
    """

    def __init__(self, hub: HubAPI) -> None:
        self._hub = hub
        self._shares: dict[str, set[str]] = {}

    async def all(self) -> HubState:
        """Everything of ours in the hub."""
        groups = {group["name"]: set(group["users"]) for group in await self._hub.groups()}
        accounts = {one for one in groups.get(names.WORKSPACES_GROUP, set()) if names.pilot_of_workspace(one)}
        kept = [account for account in self._shares if account in accounts]
        for account in [*kept[:_LOOKED_AT_AGAIN], *(accounts - set(kept))]:
            await self._look(account)
        return HubState(
            accounts=accounts,
            groups={name: users for name, users in groups.items() if _is_ours(name)},
            shares={account: set(self._shares[account]) for account in accounts},
        )

    async def of(self, pilots: Collection[str]) -> HubState:
        """What there is of these pilots, read anew."""
        state = HubState(groups={names.WORKSPACES_GROUP: set()})
        workspaces = await self._group(names.WORKSPACES_GROUP)
        for slug in sorted(pilots):
            account, group = names.workspace_account(slug), names.pilot_group(slug)
            if (members := await self._group(group)) is not None:
                state.groups[group] = members
            if workspaces and account in workspaces:
                state.accounts.add(account)
                state.groups[names.WORKSPACES_GROUP].add(account)
                await self._look(account)
                state.shares[account] = set(self._shares[account])
        if workspaces is None:
            del state.groups[names.WORKSPACES_GROUP]
        return state

    async def _group(self, name: str) -> set[str] | None:
        try:
            return set((await self._hub.request("GET", f"/groups/{quote(name)}")).json()["users"])
        except NotFound:
            return None

    async def _look(self, account: str) -> None:
        self._shares.pop(account, None)
        self._shares[account] = await self._hub.shared_with(account)

    async def take(self, step: Step) -> bool:
        """Take a step; False if the hub does not know whom or what it is about.

        Raises
        ------
        KontorError
            If the hub does not answer or refuses.
        """
        if step.path.startswith("/shares/"):
            self._shares.pop(step.path.split("/")[2], None)  # whatever comes of it, look anew
        try:
            answer = await self._hub.request(step.method, step.path, json=step.body)
        except NotFound:
            return False
        if answer.is_success or answer.status_code == 409:
            return True
        people = (step.body or {}).get("users", ())
        if len(people) > 1:  # the hub changes nothing if it does not know one of them
            each = [Step(step.method, step.path, {"users": [one]}) for one in people]
            return all([await self.take(one) for one in each])
        if answer.status_code == 400 and "No such user" in answer.text:
            return False
        raise KontorError(f"The hub refused {step.method} {step.path}: {answer.text[:200]}", code="hub_refused")


def _is_ours(group: str) -> bool:
    return group == names.WORKSPACES_GROUP or names.pilot_of_group(group) is not None


def poke(site: Site, pilot: str | None = None) -> bool:
    """Ask the reconciler to look now; harmless when it is not there, because it also looks by itself.

    Parameters
    ----------
    pilot : str, optional
        Look at this pilot only, which is quicker.

    Returns
    -------
    bool
        Whether it is there to be asked.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            sender.sendto((pilot or EVERYTHING).encode(), str(site.sockets / "reconciler"))
        except OSError:
            return False
        return True
