"""Access: what the hub should have, the steps to it, and that a crash between any two of them heals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontor.errors import KontorError, NotFound
from kontor.pilots.access import HubState, HubView, Step, desired, plan
from kontor.roles import ROLES

EVERYBODY = {role: role for role in ROLES}


def test_each_role_gets_what_it_may_have() -> None:
    want = desired({"knee": EVERYBODY})
    assert want.accounts == {"ws-knee"}
    assert want.groups == {
        "workspaces": {"ws-knee"},
        "pilot-knee": {"ws-knee", "runner", "editor", "lead"},
    }
    assert want.shares == {"ws-knee": {"editor", "lead"}}


def test_a_pilot_that_does_not_work_keeps_no_rights_but_can_be_stopped() -> None:
    """The reconciler may stop the servers of the group `workspaces` only, so a workspace stays in it."""
    have = HubState(
        accounts={"ws-knee"},
        groups={"workspaces": {"ws-knee"}, "pilot-knee": {"ws-knee", "ada"}},
        shares={"ws-knee": {"ada"}},
    )
    assert plan(desired({}), have) == [
        Step("PATCH", "/shares/ws-knee/", {"user": "ada"}),
        Step("DELETE", "/groups/pilot-knee/users", {"users": ["ada", "ws-knee"]}),
    ]


people = st.sampled_from(["ada", "bob", "eve", "kim"])
pilots = st.dictionaries(
    st.sampled_from(["knee", "lung", "heart"]), st.dictionaries(people, st.sampled_from(sorted(ROLES)))
)


@given(pilots, pilots)
def test_the_steps_lead_there_and_then_nothing_is_left_to_do(
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]
) -> None:
    have, want = desired(before), desired(after)
    for step in plan(want, have):
        _apply(step, have)
    assert plan(want, have) == []


@given(pilots, pilots)
def test_a_crash_after_any_step_heals(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> None:
    want = desired(after)
    for done in range(len(plan(want, desired(before)))):
        have = desired(before)
        for step in plan(want, have)[:done]:
            _apply(step, have)
        for step in plan(want, have):
            _apply(step, have)
        assert plan(want, have) == []


@given(pilots, pilots)
def test_taking_away_comes_before_giving(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> None:
    methods = [step.method == "POST" for step in plan(desired(after), desired(before))]
    assert methods == sorted(methods)


def _apply(step: Step, hub: HubState) -> None:
    """What the hub does with a step, as JupyterHub's REST API says."""
    kind, name = step.path.split("/")[1:3]
    match kind, step.method:
        case "users", "POST":
            hub.accounts.add(name)
        case "groups", "POST" if step.path.endswith("/users"):
            assert step.body
            hub.groups[name].update(step.body["users"])
        case "groups", "POST":
            assert name not in hub.groups, "409"
            hub.groups[name] = set()
        case "groups", "DELETE":
            assert step.body
            hub.groups[name].difference_update(step.body["users"])
        case "shares", "POST":
            assert step.body
            assert name in hub.accounts, "404"
            hub.shares.setdefault(name, set()).add(step.body["user"])
        case "shares", "PATCH":
            assert step.body
            hub.shares[name].discard(step.body["user"])
        case _:
            pytest.fail(f"unexpected step {step}")


class Hub:
    """The far edge: a hub that knows some people, and counts what it is asked."""

    def __init__(self, workspaces: int = 0, known: frozenset[str] = frozenset()) -> None:
        self.names = [f"ws-p{number:02}" for number in range(workspaces)]
        self.known = known
        self.asked: list[str] = []

    async def groups(self) -> list[dict[str, Any]]:
        self.asked.append("/groups")
        return [{"name": "workspaces", "users": self.names}, {"name": "others", "users": ["x"]}]

    async def shared_with(self, account: str) -> set[str]:
        self.asked.append(account)
        return {"ada"}

    async def request(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        self.asked.append(path)
        people = (json or {}).get("users") or [(json or {}).get("user")]
        unknown = [one for one in people if one not in self.known]
        match path.split("/")[1]:
            case "gone":
                raise NotFound("nothing there")
            case "full":
                return httpx.Response(400, json={"message": "no"})
            case "users":
                return httpx.Response(409, json={"message": "exists"})
        return httpx.Response(400 if unknown else 200, json={"message": f"No such user: {unknown}"})


def view(hub: Hub) -> HubView:
    return HubView(hub)  # type: ignore[arg-type]


async def test_a_later_look_asks_little_and_sees_all_in_turn() -> None:
    hub = Hub(workspaces=25)
    seen = view(hub)
    first = await seen.all()
    assert first.shares == {name: {"ada"} for name in hub.names}
    assert first.groups == {"workspaces": set(hub.names)}
    asked_again: set[str] = set()
    for _ in range(3):
        hub.asked.clear()
        assert await seen.all() == first
        assert len(hub.asked) <= 11
        asked_again |= set(hub.asked)
    assert asked_again == {*hub.names, "/groups"}


async def test_what_was_changed_is_looked_at_anew() -> None:
    hub = Hub(workspaces=25, known=frozenset({"ada"}))
    seen = view(hub)
    await seen.all()
    assert await seen.take(Step("PATCH", "/shares/ws-p20/", {"user": "ada"}))
    hub.asked.clear()
    await seen.all()
    assert "ws-p20" in hub.asked


async def test_people_whom_the_hub_does_not_know_stop_nobody_else() -> None:
    hub = Hub(known=frozenset({"ada", "bob"}))
    step = Step("POST", "/groups/pilot-knee/users", {"users": ["ada", "eve", "bob"]})
    assert await view(hub).take(step) is False
    assert len(hub.asked) == 4
    assert await view(hub).take(Step("POST", "/shares/ws-knee/", {"user": "eve"})) is False
    assert await view(hub).take(Step("POST", "/shares/ws-knee/", {"user": "ada"})) is True
    assert await view(hub).take(Step("POST", "/users/ws-knee")) is True, "it is there already"
    assert await view(hub).take(Step("POST", "/gone/x")) is False


async def test_another_refusal_is_an_error() -> None:
    with pytest.raises(KontorError, match="refused"):
        await view(Hub()).take(Step("POST", "/full/x", {"user": "ada"}))
