"""What may be asked for when a cluster is started, and how refusals read."""

from __future__ import annotations

from typing import Any

import pytest
from dask_gateway.options import Options as ClientOptions

from kontor.clusters.limits import Limits
from kontor.clusters.options import options_for
from kontor.clusters.user import PilotUser

LIMITS = Limits(clusters=2, workers=4)
PERSON = "u" + "a" * 24

NOBODY = PilotUser(PERSON)
ADA = PilotUser(PERSON, ["pilot-one"])
BOB = PilotUser(PERSON, ["pilot-one", "pilot-two"])
WORKSPACE = PilotUser("ws-two", ["pilot-one", "pilot-two"])
SERVICE = PilotUser("service:lobby", is_service=True)


@pytest.mark.parametrize(
    ("user", "asked", "got"),
    [
        pytest.param(ADA, {}, {"pilot": "one", "workers": 0}, id="only pilot"),
        pytest.param(ADA, {"pilot": "one", "workers": 4}, {"pilot": "one", "workers": 4}, id="all workers"),
        pytest.param(BOB, {"pilot": "two"}, {"pilot": "two", "workers": 0}, id="says which"),
        pytest.param(WORKSPACE, {}, {"pilot": "two", "workers": 0}, id="workspace's own"),
        pytest.param(
            SERVICE,
            {"pilot": "any", "started_by": PERSON},
            {"pilot": "any", "workers": 0, "started_by": PERSON},
            id="service on behalf",
        ),
    ],
)
def test_accepted(user: PilotUser, asked: dict[str, Any], got: dict[str, Any]) -> None:
    options = options_for(user, LIMITS)
    assert options.parse_options(asked) == got
    assert options.get_configuration(got, user) == {}


@pytest.mark.parametrize(
    ("user", "asked", "says"),
    [
        pytest.param(NOBODY, {}, "You are in no pilot in which you may run clusters", id="no pilot"),
        pytest.param(NOBODY, {"pilot": "one"}, "You are in no pilot", id="no pilot asks for one"),
        pytest.param(ADA, {"pilot": "two"}, "not run clusters of the pilot 'two'. Yours are: one.", id="foreign"),
        pytest.param(ADA, {"pilot": ""}, "Say which pilot", id="empty"),
        pytest.param(ADA, {"pilot": None}, "by its short name", id="none"),
        pytest.param(ADA, {"pilot": ["one"]}, "by its short name", id="list"),
        pytest.param(ADA, {"pilot": "one\r\nX: y"}, r"'one\r\nX: y'", id="header injection"),
        pytest.param(ADA, {"pilot": "x" * 9999}, "may not run clusters", id="very long"),
        pytest.param(BOB, {}, "Say which pilot the cluster is for, for example pilot='one'", id="two pilots, not said"),
        pytest.param(ADA, {"workers": -1}, "from 0 to 4; -1 is not", id="negative workers"),
        pytest.param(ADA, {"workers": 5}, "at most 4 workers", id="too many workers"),
        pytest.param(ADA, {"workers": True}, "True is not", id="bool workers"),
        pytest.param(ADA, {"started_by": PERSON}, "Unknown fields", id="person on behalf"),
        pytest.param(ADA, {"environment": {"A": "b"}}, "Unknown fields", id="environment"),
        pytest.param(ADA, {"worker_cmd": ["sh"]}, "Unknown fields", id="command"),
        pytest.param(SERVICE, {}, "is not a name for a pilot", id="service without pilot"),
        pytest.param(SERVICE, {"pilot": "../etc"}, "is not a name for a pilot", id="service, no slug"),
        pytest.param(SERVICE, {"pilot": "one", "started_by": "root"}, "must be the account name", id="no account"),
    ],
)
def test_refused(user: PilotUser, asked: dict[str, Any], says: str) -> None:
    with pytest.raises((ValueError, TypeError)) as error:
        options_for(user, LIMITS).parse_options(asked)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("user", [NOBODY, ADA, BOB, WORKSPACE, SERVICE], ids=["nobody", "ada", "bob", "ws", "service"])
def test_the_notebooks_form_can_be_shown(user: PilotUser) -> None:
    """`Gateway().cluster_options()` of the stock client accepts the description for every kind of caller."""
    form = ClientOptions._from_spec(options_for(user, LIMITS).get_specification())
    assert form.pilot == (user.own_pilot or "")
