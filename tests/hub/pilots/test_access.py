"""Access: what the hub should have, and the steps to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontor.pilots.access import HubState, Step, desired, plan
from kontor.roles import ROLES

EVERYBODY = {role: role for role in ROLES}


def test_each_role_gets_what_it_may_have() -> None:
    want = desired({"knee": EVERYBODY}, known=set(EVERYBODY))
    assert want.accounts == {"ws-knee"}
    assert want.groups == {
        "workspaces": {"ws-knee"},
        "pilot-knee": {"ws-knee", "runner", "editor", "lead"},
    }
    assert want.shares == {"ws-knee": {"editor", "lead"}}


def test_people_who_never_signed_in_are_left_out() -> None:
    want = desired({"knee": {"ada": "lead", "bob": "editor"}}, known={"bob"})
    assert want.shares == {"ws-knee": {"bob"}}
    assert want.groups["pilot-knee"] == {"ws-knee", "bob"}


def test_a_pilot_that_is_no_longer_active_keeps_no_rights() -> None:
    have = HubState(
        accounts={"ws-knee", "ada"},
        groups={"workspaces": {"ws-knee"}, "pilot-knee": {"ws-knee", "ada"}},
        shares={"ws-knee": {"ada"}},
    )
    assert plan(desired({}, known={"ada"}), have) == [
        Step("PATCH", "/shares/ws-knee/", {"user": "ada"}),
        Step("DELETE", "/groups/workspaces/users", {"users": ["ws-knee"]}),
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
    known = {"ada", "bob", "eve"}
    have = desired(before, known)
    have.accounts |= known
    want = desired(after, known)
    for step in plan(want, have):
        _apply(step, have)
    assert plan(want, have) == []


def test_a_crash_in_the_middle_heals() -> None:
    want = desired({"knee": {"ada": "lead"}}, known={"ada"})
    steps = plan(want, HubState(accounts={"ada"}))
    for done in range(len(steps)):
        have = HubState(accounts={"ada"})
        for step in steps[:done]:
            _apply(step, have)
        for step in plan(want, have):
            _apply(step, have)
        assert plan(want, have) == []


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
