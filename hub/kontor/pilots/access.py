"""Access: hub state derived from the pilots.

*Desired* state is a pure function of the kontor database; *actual* state is read from the hub; `plan` gives the
steps from one to the other, and doing them again changes nothing. What is derived:

- a hub account `ws-<pilot>` for every active pilot, in the group `workspaces`
- the group `pilot-<pilot>`: the workspace and every member who may run (the gateway's owners of clusters)
- a share of the workspace's server for every member who may edit (shares are given person by person, because
  JupyterHub 6.1.1 does not honour those given to a group)

Only people who have signed in once are in the hub; the others' access is derived when they do.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from kontor import names, roles
from kontor.errors import NotFound
from kontor.hubapi import HubAPI
from kontor.site import Site

SHARE_SCOPES = ("access:servers", "read:servers", "start:servers")


@dataclass
class HubState:
    """What the hub should have, or has, as far as pilots are concerned.

    accounts : every hub account (desired: workspaces only)
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


def desired(pilots: Mapping[str, Mapping[str, str]], known: set[str]) -> HubState:
    """What the hub should have.

    Parameters
    ----------
    pilots : mapping
        Active pilots: slug -> (account name -> role).
    known : set of str
        People that the hub knows.
    """
    state = HubState(groups={names.WORKSPACES_GROUP: set()})
    for slug, members in pilots.items():
        workspace = names.workspace_account(slug)
        here = {name: role for name, role in members.items() if name in known}
        state.accounts.add(workspace)
        state.groups[names.WORKSPACES_GROUP].add(workspace)
        runners = {name for name, role in here.items() if roles.can(role, "run")}
        state.groups[names.pilot_group(slug)] = {workspace} | runners
        state.shares[workspace] = {name for name, role in here.items() if roles.can(role, "edit")}
    return state


def plan(want: HubState, have: HubState) -> list[Step]:
    """The steps that make the hub as wanted; empty if it is. Taking away comes before giving."""
    steps: list[Step] = []
    for account, people in have.shares.items():
        for person in sorted(people - want.shares.get(account, set())):
            steps.append(Step("PATCH", _share(account), {"user": person}))
    for group, members in have.groups.items():
        gone = sorted(members - want.groups.get(group, set()))
        if gone:
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


async def actual(hub: HubAPI) -> HubState:
    """What the hub has: all accounts, our groups, the shares of every workspace."""
    state = HubState(accounts={user["name"] for user in await hub.users()})
    for group in await hub.groups():
        name = group["name"]
        if name == names.WORKSPACES_GROUP or names.pilot_of_group(name):
            state.groups[name] = set(group["users"])
    for account in state.accounts:
        if names.pilot_of_workspace(account):
            state.shares[account] = await _shared_with(hub, account)
    return state


async def _shared_with(hub: HubAPI, account: str) -> set[str]:
    try:
        answer = await hub.request("GET", _share(account))
    except NotFound:
        return set()
    return {share["user"]["name"] for share in answer.json()["items"] if share["user"]}


async def reconcile(hub: HubAPI, active: Callable[[], Mapping[str, Mapping[str, str]]]) -> int:
    """Make the hub as the pilots want it.

    Parameters
    ----------
    active : callable
        Reads the active pilots (slug -> account name -> role); called after the hub was read, so that a change in
        between is seen now or in the next round, never lost.

    Returns
    -------
    int
        The number of steps that were needed; 0 means that nothing was to do.
    """
    have = await actual(hub)
    steps = plan(desired(active(), have.accounts), have)
    for step in steps:
        await hub.request(step.method, step.path, json=step.body)
    return len(steps)


def poke(site: Site) -> bool:
    """Ask the reconciler to look now; harmless when it is not there, because it also looks by itself.

    Returns
    -------
    bool
        Whether it is there to be asked.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            sender.sendto(b"now", str(site.sockets / "reconciler"))
        except OSError:
            return False
        return True
