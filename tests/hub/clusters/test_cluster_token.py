"""The token of a cluster: says what was signed, and nothing else passes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from itsdangerous import URLSafeTimedSerializer

from kontor.clusters.cluster_token import ClusterClaim, read, sign
from kontor.errors import NotAllowed

CLAIM = ClusterClaim(cluster="c" * 32, pilot="knee-mr", owner="u" + "a" * 24, started=1_700_000_000_000)
DAY = timedelta(days=1)


def test_round_trip() -> None:
    assert read(sign(CLAIM, "key"), "key", lifetime=DAY) == CLAIM


def test_format_is_the_agreed_one() -> None:
    payload = {"cluster": CLAIM.cluster, "pilot": CLAIM.pilot, "owner": CLAIM.owner, "started": CLAIM.started}
    assert URLSafeTimedSerializer("key").loads(sign(CLAIM, "key")) == payload


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("x.y.z", id="rubbish"),
        pytest.param(sign(CLAIM, "other"), id="other key"),
        pytest.param(sign(CLAIM, "key")[:-1], id="cut"),
        pytest.param("A" + sign(CLAIM, "key"), id="changed"),
        pytest.param(URLSafeTimedSerializer("key").dumps({"pilot": "knee-mr"}), id="other content"),
        pytest.param(URLSafeTimedSerializer("key").dumps(["knee-mr"]), id="a list"),
    ],
)
def test_refused(token: str) -> None:
    with pytest.raises(NotAllowed) as error:
        read(token, "key", lifetime=DAY)
    assert error.value.code == "bad_token"


def test_too_old() -> None:
    with pytest.raises(NotAllowed) as error:
        read(sign(CLAIM, "key"), "key", lifetime=timedelta(seconds=-1))
    assert error.value.code == "token_expired"
