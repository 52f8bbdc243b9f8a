"""Who may use whose clusters: one table, beginning with nobody."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kontor.clusters.user import PilotUser

PERSON = "u" + "a" * 24


@pytest.mark.parametrize(
    ("groups", "is_service", "pilot", "may"),
    [
        pytest.param([], False, "one", False, id="nobody's member"),
        pytest.param(["pilot-one"], False, "one", True, id="member"),
        pytest.param(["pilot-one"], False, "two", False, id="member of another"),
        pytest.param(["pilot-one", "pilot-two"], False, "two", True, id="member of both"),
        pytest.param(["one"], False, "one", False, id="group without prefix"),
        pytest.param(["pilot-"], False, "", False, id="empty pilot"),
        pytest.param(["pilot-one"], False, None, False, id="cluster of no pilot"),
        pytest.param(["pilot-one"], False, "one-b", False, id="longer name"),
        pytest.param(["workspaces", "admin"], False, "one", False, id="other groups"),
        pytest.param([], True, "one", True, id="service"),
        pytest.param([], True, None, False, id="service, cluster of no pilot"),
    ],
)
def test_may_use(groups: list[str], is_service: bool, pilot: str | None, may: bool) -> None:
    user = PilotUser(PERSON, groups, is_service=is_service)
    assert user.may_use(pilot) is may
    assert user.has_permissions(SimpleNamespace(username="someone", options={"pilot": pilot})) is may


def test_having_started_a_cluster_is_no_right_to_it() -> None:
    cluster = SimpleNamespace(username=PERSON, options={"pilot": "one"})
    assert not PilotUser(PERSON).has_permissions(cluster)


@pytest.mark.parametrize(
    ("name", "groups", "own"),
    [
        pytest.param(PERSON, [], None, id="none"),
        pytest.param(PERSON, ["pilot-one"], "one", id="only one"),
        pytest.param(PERSON, ["pilot-one", "pilot-two"], None, id="two: has to say"),
        pytest.param("ws-two", ["pilot-one", "pilot-two"], "two", id="workspace"),
        pytest.param("ws-three", ["pilot-one", "pilot-two"], None, id="workspace that may not"),
    ],
)
def test_own_pilot(name: str, groups: list[str], own: str | None) -> None:
    assert PilotUser(name, groups).own_pilot == own
