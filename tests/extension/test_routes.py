"""The routes of the server half: who may use them, and what they say when something is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from kontor.roles import ROLES, can
from kontor_lab.app import ROUTES
from kontor_lab.connection import Connection
from kontor_lab.handler import KontorHandler
from kontor_lab.pilots import ROLES_THAT_RUN
from tests.extension.lab import Lab
from tests.extension.standin import CLUSTER, LAB, MAJA_NAME, PILOT, STRANGER, StandIn
from tests.extension.typist import Typist
from tests.waiting import until

VERBS = ("get", "post", "put", "patch", "delete")


def _own_verbs(handler: type[KontorHandler]) -> list[str]:
    return [verb for verb in VERBS if verb in vars(handler)]


EVERYTHING = [
    pytest.param(verb.upper(), path.replace("([^/]+)", "x"), id=f"{verb}-{path}")
    for path, handler in ROUTES
    for verb in _own_verbs(handler)
]


def _error(answer: Any) -> dict[str, Any]:
    """The error of an answer, which must have the one shape."""
    assert set(answer) == {"error"}
    assert set(answer["error"]) == {"code", "message", "status"}
    assert answer["error"]["message"].endswith(".")
    found: dict[str, Any] = answer["error"]
    return found


def test_every_route_is_walked() -> None:
    assert all(_own_verbs(handler) for _, handler in ROUTES)
    assert len(EVERYTHING) >= 7


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
@pytest.mark.parametrize("token", [None, "made-up", STRANGER], ids=["nobody", "false-token", "no-access"])
async def test_a_stranger_is_refused(lab: Lab, standin: StandIn, token: str | None, method: str, path: str) -> None:
    status, answer = await lab.ask(method, path, token, {"workers": 1} if method in ("POST", "PATCH") else None)
    assert status == 403
    assert _error(answer)["status"] == 403
    assert standin.asked == []


async def test_connection_names_pilot_and_lobby_and_no_secret(lab: Lab) -> None:
    assert await lab.ask("GET", "kontor/api/connection") == (
        200,
        {
            "connected": True,
            "reason": None,
            "pilot": "knee-mr",
            "lobby_url": "http://lobby.kontor.localhost/services/lobby/",
        },
    )


async def test_pilots_are_asked_with_the_labs_token(lab: Lab, standin: StandIn) -> None:
    status, answer = await lab.ask("GET", "kontor/api/pilots")
    assert status == 200
    assert answer == {"pilots": [{**PILOT, "may_run": True}]}
    assert standin.asked == [("GET", "/api/pilots?offset=0&limit=200", f"Bearer {LAB}", None)]


async def test_may_run_follows_the_role_outside_the_own_workspace(lab: Lab, standin: StandIn) -> None:
    pilots = [{**PILOT, "slug": role, "role": role} for role in ROLES]
    standin.answers["GET", "/api/pilots"] = (200, {"items": pilots, "total": len(pilots)})
    _, answer = await lab.ask("GET", "kontor/api/pilots")
    assert {one["role"]: one["may_run"] for one in answer["pilots"]} == {role: can(role, "run") for role in ROLES}


def test_roles_that_run_are_those_of_the_table() -> None:
    assert {role for role in ROLES if can(role, "run")} == ROLES_THAT_RUN


async def test_datasets(lab: Lab) -> None:
    status, answer = await lab.ask("GET", "kontor/api/pilots/knee-mr/datasets")
    assert (status, answer) == (200, {"datasets": [{"id": "knee-mr/brain-mr"}]})


async def test_a_name_cannot_leave_its_place_in_the_address(lab: Lab, standin: StandIn) -> None:
    await lab.ask("GET", "kontor/api/pilots/..%2F..%2Fme%3Fa/datasets")
    assert [path for _, path, _, _ in standin.asked] in ([], ["/api/pilots/..%2F..%2Fme%3Fa/datasets"])


REFUSED = {"error": {"code": "not_a_member", "message": "You are not in this pilot.", "status": 403}}


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        pytest.param((403, REFUSED), 403, "not_a_member", id="forwarded"),
        pytest.param((401, REFUSED), 502, "lab_unknown", id="lab-unknown"),
        pytest.param((500, "oops"), 502, "service_unreachable", id="failed"),
        pytest.param((200, ["no", "object"]), 502, "service_unreachable", id="not-the-service"),
        pytest.param((302, None), 502, "service_unreachable", id="sent-elsewhere"),
    ],
)
async def test_refusals_of_the_service(
    lab: Lab, standin: StandIn, given: tuple[int, Any], status: int, code: str
) -> None:
    standin.answers["GET", "/api/pilots/knee-mr/datasets"] = given
    got, answer = await lab.ask("GET", "kontor/api/pilots/knee-mr/datasets")
    assert (got, _error(answer)["code"]) == (status, code)
    if status == 403:
        assert answer == REFUSED


async def test_clusters_show_moments_as_text(lab: Lab, standin: StandIn) -> None:
    status, answer = await lab.ask("GET", "kontor/api/pilots/knee-mr/clusters")
    assert status == 200
    assert answer["limits"] == {"workers": 8}
    assert answer["clusters"] == [
        {**CLUSTER, "started_at": "2023-11-14T22:13:20+00:00", "ends_at": "2023-11-14T23:13:20+00:00"}
    ]
    assert standin.asked == [("GET", "/gateway/api/kontor/clusters?pilot=knee-mr", f"jupyterhub {LAB}", None)]


async def test_a_cluster_is_started_changed_and_stopped(lab: Lab, standin: StandIn) -> None:
    name = CLUSTER["name"]
    started = await lab.ask("POST", "kontor/api/pilots/knee-mr/clusters", content={"workers": 2})
    assert started == (201, {"name": name})
    assert await lab.ask("PATCH", f"kontor/api/clusters/{name}", content={"workers": 3}) == (204, None)
    assert await lab.ask("DELETE", f"kontor/api/clusters/{name}") == (204, None)
    assert [(method, path, content) for method, path, _, content in standin.asked] == [
        ("POST", "/gateway/api/v1/clusters/", {"cluster_options": {"pilot": "knee-mr", "workers": 2}}),
        ("POST", f"/gateway/api/v1/clusters/{name}/scale", {"count": 3}),
        ("DELETE", f"/gateway/api/v1/clusters/{name}", None),
    ]


@pytest.mark.parametrize(
    "content",
    [None, [], {}, {"workers": -1}, {"workers": "2"}, {"workers": True}, {"workers": 1.5}],
    ids=["no-body", "list", "nothing", "negative", "text", "truth", "half"],
)
async def test_a_wrong_number_of_workers_is_refused_here(lab: Lab, standin: StandIn, content: Any) -> None:
    status, answer = await lab.ask("POST", "kontor/api/pilots/knee-mr/clusters", content=content)
    assert status == 400
    _error(answer)
    assert standin.asked == []


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        pytest.param((422, {"error": "A pilot may run at most 8 workers."}), 422, "at most 8", id="too-many"),
        pytest.param((401, {"error": "Say who you are."}), 403, "who you are", id="unknown"),
        pytest.param((500, {"error": "KeyError"}), 502, "Try again", id="failed"),
        pytest.param((404, None), 502, "Try again", id="not-the-gateway"),
    ],
)
async def test_the_gateways_sentence_reaches_the_panel(
    lab: Lab, standin: StandIn, given: tuple[int, Any], status: int, message: str
) -> None:
    standin.answers["POST", "/gateway/api/v1/clusters/"] = given
    got, answer = await lab.ask("POST", "kontor/api/pilots/knee-mr/clusters", content={"workers": 99})
    assert got == status
    assert message in _error(answer)["message"]


def _told(standin: StandIn) -> Any:
    """What the lab told last about who is here, with its own token."""
    told = [(authorization, content) for _, path, authorization, content in standin.asked if path == "/api/presence"]
    assert {authorization for authorization, _ in told} <= {f"Bearer {LAB}"}
    return told[-1][1] if told else None


async def test_the_lab_tells_who_is_here_and_forgets_them(lab: Lab, standin: StandIn, notebook: str) -> None:
    async with Typist(lab, notebook), Typist(lab, notebook):
        await until(
            lambda: _told(standin) == {"people": [{"name": MAJA_NAME, "documents": 1}]}, "two sockets of one person"
        )
    await until(lambda: _told(standin) == {"people": []}, "nobody is here any more")


def test_an_empty_environment_is_no_connection() -> None:
    assert Connection.of({}) == Connection.of({"KONTOR_API": "", "KONTOR_PILOT": "", "KONTOR_TOKEN_FILE": ""})
    assert not Connection.of({}).connected
