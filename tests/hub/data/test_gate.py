"""The gate of the store: when a pilot's generation moves on its keys end at once, and nobody else's do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kontor.data import objectstore
from kontor.data.gate import Gate, policy, session_name
from kontor.data.store_access import BUCKET
from kontor.errors import KontorError, Unavailable
from kontor.site import free_ports

OWN, OTHER = "knee", "knee-mr"  # the other's name begins with ours, on purpose
PERSON, WORKSPACE, CLUSTER = "u" + "a" * 24, "ws-knee", "cluster-" + "c" * 32


def test_a_session_name_tells_pilot_generation_and_caller() -> None:
    assert session_name("knee-mr", 7, PERSON) == f"knee-mr.7.{PERSON}"
    assert session_name("knee-mr", None, PERSON) == f"_.{PERSON}"
    assert len(session_name("k" * 27, 99_999, CLUSTER)) == 64
    for slug in ("_", "*", "Knee", "a.b"):
        with pytest.raises(KontorError):
            session_name(slug, 0, PERSON)


def test_the_next_generation_is_open_already() -> None:
    """Nobody has it yet; so no fresh key is refused while the policy is being changed."""
    (statement,) = policy({"lung": 0, "knee": 3})["Statement"]
    assert statement["Effect"] == "Deny"
    good = statement["Condition"]["StringNotLike"]["aws:userid"]
    assert good == ["_.*", "knee.3.*", "knee.4.*", "lung.0.*", "lung.1.*"]


@pytest.mark.parametrize("slug", ["", "*", "knee.*", "Knee", "../x"])
def test_only_slugs_enter_the_policy(slug: str) -> None:
    with pytest.raises(KontorError):
        policy({slug: 0})


@pytest.fixture
def gate(seeded: Any) -> Any:
    yield Gate(seeded.url, seeded.secrets.warden_key, seeded.secrets.warden_secret)
    seeded.client().delete_bucket_policy(Bucket=BUCKET)


def keys(store: Any, pilot: str, generation: int | None, caller: str = PERSON) -> Any:
    found = store.broker().credentials(pilot, "lead", caller=caller, generation=generation)
    return objectstore.client("s3", store.url, found["AccessKeyId"], found["SecretAccessKey"], found["Token"])


def refused(call: Callable[[], Any]) -> bool:
    try:
        answer = call()
    except ClientError as problem:
        assert problem.response["ResponseMetadata"]["HTTPStatusCode"] == 403, problem  # noqa: PT017
        return True
    errors = answer.get("Errors") if isinstance(answer, dict) else None  # deleting many answers one by one
    return bool(errors) and {one["Code"] for one in errors} == {"AccessDenied"}


def probes(s3: Any, pilot: str) -> dict[str, Callable[[], Any]]:
    source = {"Bucket": BUCKET, "Key": f"raw/{pilot}/scan"}
    mine = f"scratch/{pilot}/gate"
    return {
        "list": lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix=f"raw/{pilot}/"),
        "get": lambda: s3.get_object(**source),
        "head": lambda: s3.head_object(**source),
        "put": lambda: s3.put_object(Bucket=BUCKET, Key=mine, Body=b"x"),
        "copy": lambda: s3.copy_object(Bucket=BUCKET, Key=mine, CopySource=source),
        "begin upload": lambda: s3.create_multipart_upload(Bucket=BUCKET, Key=mine),
        "delete many": lambda: s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": mine}]}),
        "delete": lambda: s3.delete_object(Bucket=BUCKET, Key=mine),
    }


def open_to(s3: Any, pilot: str) -> set[str]:
    return {what for what, call in probes(s3, pilot).items() if not refused(call)}


def everything(s3: Any, pilot: str) -> set[str]:
    return set(probes(s3, pilot))


@pytest.mark.parametrize("caller", [PERSON, WORKSPACE, CLUSTER])
def test_keys_of_the_generation_before_end_and_no_others(seeded: Any, gate: Gate, caller: str) -> None:
    gate.set({OWN: 6, OTHER: 0})
    old, other = keys(seeded, OWN, 6, caller), keys(seeded, OTHER, 0, caller)
    assert open_to(old, OWN) == everything(old, OWN)
    part = old.create_multipart_upload(Bucket=BUCKET, Key=f"scratch/{OWN}/half")["UploadId"]
    fresh = keys(seeded, OWN, 7, caller)
    assert open_to(fresh, OWN) == everything(fresh, OWN), "before the store was told"

    begun = time.monotonic()
    assert gate.set({OWN: 7, OTHER: 0})
    assert open_to(old, OWN) == set()
    print(json.dumps({"seconds until keys were dead": round(time.monotonic() - begun, 3)}))
    upload = {"Bucket": BUCKET, "Key": f"scratch/{OWN}/half", "UploadId": part, "PartNumber": 1}
    assert refused(lambda: old.upload_part(**upload, Body=b"x")), "an upload that had begun"
    assert open_to(fresh, OWN) == everything(fresh, OWN)
    assert open_to(other, OTHER) == everything(other, OTHER)


def test_a_pilot_that_is_not_named_is_closed(seeded: Any, gate: Gate) -> None:
    gate.set({OTHER: 0})
    assert open_to(keys(seeded, OWN, 0), OWN) == set()
    assert open_to(keys(seeded, OTHER, 0), OTHER) == set(probes(None, OTHER))


@pytest.mark.parametrize(("dead", "live"), [(1, 11), (11, 1), (6, 67), (0, 100)])
def test_numbers_that_begin_alike(seeded: Any, gate: Gate, dead: int, live: int) -> None:
    gate.set({OWN: live})
    assert open_to(keys(seeded, OWN, dead), OWN) == set()
    assert "get" in open_to(keys(seeded, OWN, live), OWN)


def test_the_services_own_keys_outlive_generations(seeded: Any, gate: Gate) -> None:
    own = keys(seeded, OWN, None)
    gate.set({OTHER: 3})
    assert "get" in open_to(own, OWN)


def test_the_same_is_not_told_twice(seeded: Any, gate: Gate) -> None:
    assert gate.set({OWN: 1})
    assert not gate.set({OWN: 1})
    assert gate.set({OWN: 2})


def test_the_warden_may_do_nothing_else(seeded: Any) -> None:
    s3 = objectstore.client("s3", seeded.url, seeded.secrets.warden_key, seeded.secrets.warden_secret)
    assert open_to(s3, OWN) == set()
    assert refused(lambda: s3.get_bucket_policy(Bucket=BUCKET))
    assert refused(lambda: s3.delete_bucket_policy(Bucket=BUCKET))
    assert refused(lambda: s3.create_bucket(Bucket="mine"))
    sts = objectstore.client("sts", seeded.url, seeded.secrets.warden_key, seeded.secrets.warden_secret)
    assert refused(lambda: sts.assume_role(RoleArn="arn:aws:iam::role/pilot", RoleSessionName="trap"))


def test_sessions_may_not_change_the_policy(seeded: Any, gate: Gate) -> None:
    gate.set({OWN: 0})
    lead = keys(seeded, OWN, 0)
    assert refused(lambda: lead.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy({OTHER: 0}))))
    assert refused(lambda: lead.delete_bucket_policy(Bucket=BUCKET))


def test_a_store_that_is_down_says_so() -> None:
    with pytest.raises(Unavailable) as problem:
        Gate(f"http://127.0.0.1:{free_ports(1)[0]}", "k", "s").set({OWN: 0})
    assert problem.value.code == "store_down"


def test_dead_keys_stay_dead_when_the_store_starts_again(start: Callable[..., Any]) -> None:
    first = start()
    objectstore.ensure_bucket(first.client())
    first.client().put_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan", Body=b"x")
    old, fresh = keys(first, OWN, 0), keys(first, OWN, 1)
    Gate(first.url, first.secrets.warden_key, first.secrets.warden_secret).set({OWN: 1})
    first.stop()
    start(ports=first.ports, keys=first.secrets)
    assert refused(lambda: old.get_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan")), "the very first request"
    assert open_to(old, OWN) == set()
    assert open_to(fresh, OWN) == set(probes(None, OWN))
