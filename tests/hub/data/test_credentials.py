"""Keys to the object store: who may do what, as a table, against the real store."""

from __future__ import annotations

import datetime
import http.client
import http.server
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from kontor import roles
from kontor.data import objectstore
from kontor.data.credentials import Broker, session_policy
from kontor.data.store_access import BROKER_ARN, BUCKET, ROLE_ARN
from kontor.errors import KontorError, NotAllowed, Unavailable
from kontor.site import free_ports

OWN, OTHER = "knee", "knee-mr"  # the other's name begins with ours, on purpose
CALLER = "u" + "a" * 24


# --- the policy as data ---


@pytest.mark.parametrize(
    ("role", "readable", "writable"),
    [
        ("viewer", "raw results", ""),
        ("reviewer", "raw results", ""),
        ("steward", "raw results", ""),
        ("runner", "raw results scratch", "results scratch"),
        ("editor", "raw results scratch", "results scratch"),
        ("lead", "raw results scratch", "results scratch"),
    ],
)
def test_policy_names_the_areas_of_the_role(role: str, readable: str, writable: str) -> None:
    allowed: dict[str, set[str]] = {}
    for statement in session_policy(OWN, role)["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in statement["Action"]:
            allowed.setdefault(action, set()).update(statement["Resource"])
    assert allowed["s3:GetObject"] == {f"arn:aws:s3:::{BUCKET}/{area}/{OWN}/*" for area in readable.split()}
    assert allowed.get("s3:PutObject", set()) == {f"arn:aws:s3:::{BUCKET}/{area}/{OWN}/*" for area in writable.split()}
    assert allowed.get("s3:DeleteObject", set()) == ({f"arn:aws:s3:::{BUCKET}/scratch/{OWN}/*"} if writable else set())
    assert "*" not in {action.partition(":")[2] for action in allowed}


def test_every_role_is_in_the_tables_above() -> None:
    assert set(roles.ROLES) == {"viewer", "reviewer", "steward", "runner", "editor", "lead"} == set(ANSWERS)


@pytest.mark.parametrize("role", [None, "", "owner", "Lead"])
def test_nobody_gets_no_policy(role: str | None) -> None:
    with pytest.raises(NotAllowed, match="not a member") as problem:
        session_policy(OWN, role)
    assert problem.value.code == "not_a_member"


@pytest.mark.parametrize(
    "slug", ["", "*", "a", "knee-mr/*", "../knee", "Knee", "knee-mr\n", "${aws:username}", "a" * 28]
)
def test_only_slugs_enter_a_policy(slug: str) -> None:
    with pytest.raises(KontorError, match="not a name for a pilot"):
        session_policy(slug, "lead")


def test_longest_policy_fits() -> None:
    assert len(json.dumps(session_policy("a" * 27, "lead"), separators=(",", ":"))) <= 2048


# --- the broker ---


def test_credentials_have_the_shape_and_end_in_time(store: Any) -> None:
    before = datetime.datetime.now(datetime.UTC)
    keys = store.broker().credentials(OWN, "viewer", caller=CALLER, generation=0, seconds=900)
    assert set(keys) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    ends = datetime.datetime.strptime(keys["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    assert abs((ends - before).total_seconds() - 900) < 30


@pytest.mark.parametrize("seconds", [0, 899, 3601])
def test_lifetime_has_bounds(store: Any, seconds: int) -> None:
    with pytest.raises(ValueError, match="seconds must be 900 to 3600"):
        store.broker().credentials(OWN, "viewer", caller=CALLER, generation=0, seconds=seconds)


@pytest.mark.parametrize("caller", ["", "x", "a b", "a" * 65, "é" * 5, "a/b"])
def test_caller_has_a_name(store: Any, caller: str) -> None:
    with pytest.raises(KontorError, match="not the name of an account"):
        store.broker().credentials(OWN, "viewer", caller=caller, generation=0)


def test_a_store_that_is_down_is_a_sentence() -> None:
    with pytest.raises(Unavailable, match="does not answer at the moment") as problem:
        Broker(f"http://127.0.0.1:{free_ports(1)[0]}", "k", "s").credentials(OWN, "viewer", caller=CALLER, generation=0)
    assert problem.value.code == "store_down"


def test_a_wrong_broker_is_a_sentence(store: Any) -> None:
    with pytest.raises(Unavailable, match="refused to give a key") as problem:
        Broker(store.url, store.secrets.broker_key, "wrong").credentials(OWN, "viewer", caller=CALLER, generation=0)
    assert problem.value.code == "store_refused"


# --- role x request ---

REQUESTS: dict[str, Callable[[Any, str], Any]] = {
    "get raw": lambda s3, n: s3.get_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan"),
    "head raw": lambda s3, n: s3.head_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan"),
    "list raw": lambda s3, n: s3.list_objects_v2(Bucket=BUCKET, Prefix=f"raw/{OWN}/"),
    "get results": lambda s3, n: s3.get_object(Bucket=BUCKET, Key=f"results/{OWN}/fit"),
    "get scratch": lambda s3, n: s3.get_object(Bucket=BUCKET, Key=f"scratch/{OWN}/tmp"),
    "list scratch": lambda s3, n: s3.list_objects_v2(Bucket=BUCKET, Prefix=f"scratch/{OWN}/"),
    "put scratch": lambda s3, n: s3.put_object(Bucket=BUCKET, Key=f"scratch/{OWN}/{n}", Body=b"x"),
    "put results": lambda s3, n: s3.put_object(Bucket=BUCKET, Key=f"results/{OWN}/{n}", Body=b"x"),
    "multipart scratch": lambda s3, n: _multipart(s3, f"scratch/{OWN}/{n}"),
    "copy raw to scratch": lambda s3, n: _copy(s3, f"raw/{OWN}/scan", f"scratch/{OWN}/{n}-copy"),
    "delete scratch": lambda s3, n: s3.delete_object(Bucket=BUCKET, Key=f"scratch/{OWN}/{n}"),
}
READS = {"get raw", "head raw", "list raw", "get results"}
ANSWERS = {
    "viewer": READS, "reviewer": READS, "steward": READS,
    "runner": set(REQUESTS), "editor": set(REQUESTS), "lead": set(REQUESTS),
}  # fmt: skip

DENIED: dict[str, Callable[[Any], Any]] = {
    "put raw": lambda s3: s3.put_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan", Body=b"x"),
    "delete raw": lambda s3: s3.delete_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan"),
    "delete results": lambda s3: s3.delete_object(Bucket=BUCKET, Key=f"results/{OWN}/fit"),
    "multipart raw": lambda s3: _multipart(s3, f"raw/{OWN}/new"),
    "get raw of other": lambda s3: s3.get_object(Bucket=BUCKET, Key=f"raw/{OTHER}/scan"),
    "head raw of other": lambda s3: s3.head_object(Bucket=BUCKET, Key=f"raw/{OTHER}/scan"),
    "tags of raw": lambda s3: s3.put_object_tagging(Bucket=BUCKET, Key=f"raw/{OWN}/scan", Tagging={"TagSet": []}),
    "put scratch of other": lambda s3: s3.put_object(Bucket=BUCKET, Key=f"scratch/{OTHER}/x", Body=b"x"),
    "put outbox": lambda s3: s3.put_object(Bucket=BUCKET, Key=f"outbox/{OWN}/x", Body=b"x"),
    "put root": lambda s3: s3.put_object(Bucket=BUCKET, Key="x", Body=b"x"),
    "list all": lambda s3: s3.list_objects_v2(Bucket=BUCKET),
    "list all, old call": lambda s3: s3.list_objects(Bucket=BUCKET),
    "list raw of all": lambda s3: s3.list_objects_v2(Bucket=BUCKET, Prefix="raw/", Delimiter="/"),
    "list pilots with my beginning": lambda s3: s3.list_objects_v2(Bucket=BUCKET, Prefix=f"raw/{OWN}"),
    "list raw of other": lambda s3: s3.list_objects_v2(Bucket=BUCKET, Prefix=f"raw/{OTHER}/"),
    "list versions": lambda s3: s3.list_object_versions(Bucket=BUCKET),
    "list uploads": lambda s3: s3.list_multipart_uploads(Bucket=BUCKET),
    "copy other to scratch": lambda s3: _copy(s3, f"raw/{OTHER}/scan", f"scratch/{OWN}/stolen"),
    "copy part of other": lambda s3: _copy_part(s3, f"raw/{OTHER}/scan", f"scratch/{OWN}/stolen"),
    "make a bucket": lambda s3: s3.create_bucket(Bucket="mine"),
    "delete the bucket": lambda s3: s3.delete_bucket(Bucket=BUCKET),
    "change the policy": lambda s3: s3.put_bucket_policy(Bucket=BUCKET, Policy="{}"),
    "change the rights": lambda s3: s3.put_bucket_acl(Bucket=BUCKET, ACL="public-read"),
    "change lifecycle": lambda s3: s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET,
        LifecycleConfiguration={
            "Rules": [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]
        },
    ),
}


def _multipart(s3: Any, key: str) -> None:
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=b"x")
    done = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload=done)


def _copy(s3: Any, source: str, target: str) -> None:
    s3.copy_object(Bucket=BUCKET, Key=target, CopySource={"Bucket": BUCKET, "Key": source})


def _copy_part(s3: Any, source: str, target: str) -> None:
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=target)["UploadId"]
    s3.upload_part_copy(
        Bucket=BUCKET, Key=target, UploadId=upload, PartNumber=1, CopySource={"Bucket": BUCKET, "Key": source}
    )


@pytest.fixture(scope="module")
def session_of(seeded: Any) -> Callable[..., Any]:
    """A client of any service with the keys of a role in `OWN`; one set of keys per role."""
    broker, known = seeded.broker(), {}

    def client(role: str, service: str = "s3") -> Any:
        if role not in known:
            known[role] = broker.credentials(OWN, role, caller=CALLER, generation=0)
        keys = known[role]
        return objectstore.client(service, seeded.url, keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])

    return client


def refused(call: Callable[[], Any], *also: int) -> bool:
    """True if it was denied (403, or a status in `also`), False if it was done; any other answer fails the test."""
    try:
        call()
    except ClientError as problem:
        assert problem.response["ResponseMetadata"]["HTTPStatusCode"] in (403, *also), problem  # noqa: PT017
        return True
    return False


@pytest.mark.parametrize("role", ANSWERS)
def test_what_a_role_may_do(session_of: Callable[..., Any], role: str) -> None:
    s3 = session_of(role)
    found = {name for name, request in REQUESTS.items() if not refused(lambda r=request: r(s3, f"by-{role}"))}
    assert found == ANSWERS[role]


@pytest.mark.parametrize("role", ANSWERS)
def test_what_no_role_may_do(seeded: Any, session_of: Callable[..., Any], role: str) -> None:
    s3 = session_of(role)
    assert {name for name, request in DENIED.items() if not refused(lambda r=request: r(s3))} == set()
    raw = seeded.client().get_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan")["Body"].read()
    assert raw == f"of {OWN}".encode()


@pytest.mark.parametrize("prefix", [f"raw/{OWN}/../{OTHER}/", f"raw/{OWN}/..", f"raw/{OWN}/../../outbox/{OTHER}/"])
def test_climbing_prefixes_list_nothing(session_of: Callable[..., Any], prefix: str) -> None:
    answer = session_of("lead").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    assert (answer.get("Contents", []), answer.get("CommonPrefixes", [])) == ([], [])


def test_copying_by_climbing_is_refused(session_of: Callable[..., Any]) -> None:
    lead = session_of("lead")
    assert refused(lambda: _copy(lead, f"raw/{OWN}/../{OTHER}/scan", f"scratch/{OWN}/stolen"), 400)


def test_buckets_are_not_listed(session_of: Callable[..., Any]) -> None:
    listed: list[Any] = []
    assert refused(lambda: listed.extend(session_of("lead").list_buckets()["Buckets"])) or listed == []


def test_deleting_many_deletes_only_what_may_be(seeded: Any, session_of: Callable[..., Any]) -> None:
    keys = [f"raw/{OWN}/scan", f"raw/{OTHER}/scan", f"results/{OWN}/fit", f"scratch/{OTHER}/tmp"]
    refused(
        lambda: session_of("lead").delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    )
    for key in keys:
        assert seeded.client().head_object(Bucket=BUCKET, Key=key)


TRICKS = [
    ("GET", f"/kontor/raw/{OWN}/../{OTHER}/scan", ""),
    ("GET", f"/kontor/raw/{OWN}/%2e%2e/{OTHER}/scan", ""),
    ("GET", f"/kontor/raw/{OWN}%2f..%2f{OTHER}%2fscan", ""),
    ("GET", f"/kontor//raw/{OTHER}/scan", ""),
    ("GET", f"/kontor/raw/{OWN}/..\\{OTHER}/scan", ""),
    ("PUT", f"/kontor/scratch/{OWN}/../../raw/{OWN}/scan", ""),
    ("PUT", f"/kontor/scratch/{OWN}/%2e%2e/{OTHER}/tmp", ""),
    ("DELETE", f"/kontor/scratch/{OWN}/../../raw/{OWN}/scan", ""),
    ("GET", "/kontor", f"list-type=2&prefix=raw/{OWN}/&prefix=raw/{OTHER}/"),
    ("GET", "/kontor", f"list-type=2&prefix=raw/{OTHER}/&prefix=raw/{OWN}/"),
    ("GET", "/kontor", f"list-type=2&prefix=&prefix=raw/{OWN}/"),
    ("GET", f"/kontor/raw/{OWN}", "list-type=2&prefix="),
    ("GET", "/kontor/", f"list-type=2&Prefix=raw/{OWN}/"),
    ("GET", "/", ""),
]


@pytest.mark.parametrize(("method", "path", "query"), TRICKS)
def test_tricks_with_paths_reach_nothing_of_others(seeded: Any, method: str, path: str, query: str) -> None:
    """Requests signed for exactly this address, sent as they are: no client library tidies them up."""
    url = seeded.url + path + (f"?{query}" if query else "")
    request = AWSRequest(method, url, data=b"changed" if method == "PUT" else b"")
    S3SigV4Auth(_session_keys(seeded), "s3", "us-east-1").add_auth(request)
    port = seeded.ports.s3
    answer = _send_as_is(
        port, method, path + (f"?{query}" if query else ""), dict(request.headers.items()), request.data
    )
    assert f"of {OTHER}" not in answer
    assert f"<Contents><Key>raw/{OTHER}/scan" not in answer
    admin = seeded.client()
    for key, pilot in ((f"raw/{OWN}/scan", OWN), (f"raw/{OTHER}/scan", OTHER), (f"scratch/{OTHER}/tmp", OTHER)):
        assert admin.get_object(Bucket=BUCKET, Key=key)["Body"].read() == f"of {pilot}".encode()


def _send_as_is(port: int, method: str, target: str, headers: dict[str, str], body: bytes) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target, body=body or None, headers=headers)
        return connection.getresponse().read().decode(errors="replace")
    finally:
        connection.close()


# --- the trap of the trust policy, and other ways to more rights ---


def test_the_broker_itself_has_no_rights(seeded: Any) -> None:
    s3 = objectstore.client("s3", seeded.url, seeded.secrets.broker_key, seeded.secrets.broker_secret)
    assert refused(lambda: s3.get_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan"))
    assert refused(lambda: s3.put_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan", Body=b"x"))
    assert refused(lambda: s3.list_objects_v2(Bucket=BUCKET))


def test_trust_names_the_broker(seeded: Any) -> None:
    roles_known = json.loads((seeded.folder / "config" / "iam.json").read_text())["roles"]
    assert [one["trustPolicy"]["Statement"][0]["Principal"] for one in roles_known] == [{"AWS": BROKER_ARN}]


@pytest.mark.parametrize("arn", [ROLE_ARN, "arn:aws:iam::000000000000:role/pilot"])
@pytest.mark.parametrize("who", ["bystander", "admin", "session"])
def test_nobody_else_may_assume_the_role(
    seeded: Any, session_of: Callable[..., Any], who: str, arn: str | None
) -> None:
    sts = {
        "bystander": lambda: objectstore.client("sts", seeded.url, "bystander-key", "bystander-secret"),
        "admin": lambda: seeded.client("sts"),
        "session": lambda: session_of("lead", "sts"),
    }[who]()
    assert refused(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="trap"))


@pytest.mark.parametrize("who", ["bystander", "broker", "session"])
def test_no_key_without_a_role(seeded: Any, session_of: Callable[..., Any], who: str) -> None:
    """The store lets callers leave the role out and then makes keys for themselves; ours may not even that."""
    keys = {
        "bystander": Credentials("bystander-key", "bystander-secret"),
        "broker": Credentials(seeded.secrets.broker_key, seeded.secrets.broker_secret),
        "session": _session_keys(seeded),
    }[who]
    form = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=trap"
    request = AWSRequest(
        "POST", seeded.url + "/", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    SigV4Auth(keys, "sts", "us-east-1").add_auth(request)
    answer = httpx.post(seeded.url + "/", content=form, headers=dict(request.headers.items()), trust_env=False)
    assert answer.status_code == 403, answer.text


def _session_keys(store: Any) -> Credentials:
    keys = store.broker().credentials(OWN, "lead", caller=CALLER, generation=0)
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])


@pytest.mark.parametrize("who", ["bystander", "session", "broker"])
def test_nobody_gets_a_federation_token(seeded: Any, session_of: Callable[..., Any], who: str) -> None:
    sts = {
        "bystander": lambda: objectstore.client("sts", seeded.url, "bystander-key", "bystander-secret"),
        "session": lambda: session_of("lead", "sts"),
        "broker": lambda: objectstore.client(
            "sts", seeded.url, seeded.secrets.broker_key, seeded.secrets.broker_secret
        ),
    }[who]()
    assert refused(lambda: sts.get_federation_token(Name="trap"))


@pytest.mark.parametrize("role", ["viewer", "lead"])
def test_sessions_may_not_touch_users(session_of: Callable[..., Any], role: str) -> None:
    iam = session_of(role, "iam")
    for call in (
        iam.list_users,
        lambda: iam.create_user(UserName="eve"),
        lambda: iam.create_access_key(UserName="admin"),
        lambda: iam.get_user(UserName="admin"),
        lambda: iam.put_user_policy(UserName="eve", PolicyName="p", PolicyDocument="{}"),
    ):
        assert refused(call)


def test_a_changed_token_is_refused(seeded: Any) -> None:
    keys = seeded.broker().credentials(OWN, "viewer", caller=CALLER, generation=0)
    head, payload, signature = keys["Token"].split(".")
    other = seeded.broker().credentials(OWN, "lead", caller=CALLER, generation=0)["Token"].split(".")
    for token in (f"{head}.{other[1]}.{signature}", f"{head}.{payload}.", keys["Token"][:-4] + "AAAA"):
        s3 = objectstore.client("s3", seeded.url, keys["AccessKeyId"], keys["SecretAccessKey"], token)
        assert refused(lambda s3=s3: s3.get_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan"))
