"""The object store: what is written for it, how it starts and stops, and that its inner doors are closed."""

from __future__ import annotations

import socket
import ssl
import stat
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import botocore.session
import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from kontor.data import objectstore
from kontor.data.objectstore import StorePorts
from kontor.data.store_access import BUCKET, StoreSecrets
from kontor.data.store_certificates import make_certificates
from kontor.errors import KontorError, Unavailable
from kontor.site import free_ports

PORTS = StorePorts(*range(20001, 20011))
SECRETS = StoreSecrets("ak", "admin-secret-x", "bk", "broker-secret-x", "wk", "warden-secret-x", "signing-key-x")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def refused(problem: pytest.ExceptionInfo[ClientError]) -> int:
    return int(problem.value.response["ResponseMetadata"]["HTTPStatusCode"])


# --- what is written ---


def test_everything_written_is_private_and_no_secret_is_an_argument(tmp_path: Path) -> None:
    command = objectstore.write_config(tmp_path / "store", ports=PORTS, secrets=SECRETS)
    files = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert {path.name for path in files} == {
        "security.toml", "identities.json", "iam.json", "authority.pem", "store.pem", "store.key",
    }  # fmt: skip
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
    line = " ".join(command)
    for secret in (SECRETS.admin_secret, SECRETS.broker_secret, SECRETS.signing_key, SECRETS.derived("sessions").hex()):
        assert secret not in line


def test_command_gives_every_port_and_loopback_only(tmp_path: Path) -> None:
    command = objectstore.write_config(tmp_path, ports=PORTS, secrets=SECRETS)
    given = {word.partition("=")[2] for word in command if ".port" in word}
    assert given == {str(port) for port in range(20001, 20011)} | {"0"}
    assert "-filer.port.grpc=20009" in command
    assert "-ip.bind=127.0.0.1" in command


def test_old_switches_are_forgotten(tmp_path: Path) -> None:
    objectstore.write_config(tmp_path, ports=PORTS, secrets=SECRETS)
    old = tmp_path / "data" / "mini.options"
    old.write_text("webdav=true\n")
    objectstore.write_config(tmp_path, ports=PORTS, secrets=SECRETS)
    assert not old.exists()


def test_a_long_path_gives_no_socket_names(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    command = objectstore.write_config(deep, ports=PORTS, secrets=SECRETS)
    assert not [word for word in command if "localSocket" in word]


def test_signing_keys_differ_from_each_other() -> None:
    purposes = ["jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read", "sessions"]
    assert len({SECRETS.derived(purpose) for purpose in purposes}) == len(purposes)


def test_environment_holds_nothing_that_the_store_would_obey() -> None:
    base = {"PATH": "/bin", "AWS_ACCESS_KEY_ID": "x", "WEED_JWT_SIGNING_KEY": "x", "S3_BUCKET": "x"}
    assert objectstore.environment(base) == {"PATH": "/bin"}


def test_a_missing_program_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KontorError, match="`weed` is missing"):
        objectstore.write_config(tmp_path / "store", ports=PORTS, secrets=SECRETS)
    assert not (tmp_path / "store").exists()


def test_version_is_the_pinned_one() -> None:
    assert objectstore.version() == "4.48"


# --- starting, stopping, reaching ---


def test_start_stop_and_start_again_keeps_data(start: Callable[..., Any], record_property: Any) -> None:
    first = start()
    objectstore.ensure_bucket(first.client())
    first.client().put_object(Bucket=BUCKET, Key="raw/a/one", Body=b"kept")
    assert first.stop() == 0, first.log()
    second = start(keys=first.secrets)
    assert second.client().get_object(Bucket=BUCKET, Key="raw/a/one")["Body"].read() == b"kept"
    assert second.stop() == 0, second.log()
    for name, seconds in (("start", first.started), ("stop", first.stopped), ("restart", second.started)):
        record_property(name, round(seconds, 2))
        assert seconds < 15, name


def test_what_was_acknowledged_survives_a_kill(start: Callable[..., Any]) -> None:
    first = start()
    objectstore.ensure_bucket(first.client())
    first.client().put_object(Bucket=BUCKET, Key="raw/a/one", Body=b"kept")
    first.process.kill()
    first.process.wait()
    second = start(keys=first.secrets)
    assert second.client().get_object(Bucket=BUCKET, Key="raw/a/one")["Body"].read() == b"kept"


def test_keys_outlive_a_restart_on_the_same_port(start: Callable[..., Any]) -> None:
    first = start()
    objectstore.ensure_bucket(first.client())
    first.client().put_object(Bucket=BUCKET, Key="raw/knee-mr/one", Body=b"kept")
    keys = first.broker().credentials("knee-mr", "viewer", caller="ws-knee-mr", generation=0)
    first.stop()
    start(keys=first.secrets, ports=first.ports)
    lab = objectstore.client("s3", first.url, keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])
    assert lab.get_object(Bucket=BUCKET, Key="raw/knee-mr/one")["Body"].read() == b"kept"


def test_maintenance_is_connected(store: Any) -> None:
    assert "invalid port" not in store.log()
    assert "Reconnection attempt" not in store.log()


def test_a_taken_port_ends_the_store(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = replace(StorePorts.choose(), s3=taken.getsockname()[1])
        command = objectstore.write_config(tmp_path, ports=ports, secrets=SECRETS)
        ended = subprocess.run(command, env=objectstore.environment(), cwd=tmp_path, capture_output=True, timeout=60)
    assert ended.returncode != 0
    assert str(ports.s3) in ended.stderr.decode()


def test_it_listens_on_its_ten_loopback_ports_and_nowhere_else(store: Any) -> None:
    assert store.listens_on() == {("127.0.0.1", getattr(store.ports, one.name)) for one in fields(StorePorts)}


def test_ready_says_no_when_nothing_listens(store: Any) -> None:
    assert objectstore.ready(store.url)
    assert not objectstore.ready(f"http://127.0.0.1:{free_ports(1)[0]}")


def test_the_bucket_is_made_once(store: Any) -> None:
    objectstore.ensure_bucket(store.client())
    assert [one["Name"] for one in store.client().list_buckets()["Buckets"]] == [BUCKET]


def test_a_store_that_is_down_is_a_sentence() -> None:
    nobody = objectstore.client("s3", f"http://127.0.0.1:{free_ports(1)[0]}", "k", "s")
    with pytest.raises(Unavailable, match="could not make its bucket") as problem:
        objectstore.ensure_bucket(nobody)
    assert problem.value.code == "store_down"


def test_a_client_obeys_nothing_in_the_environment(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert store.client().list_buckets()["Buckets"]


# --- it is a whole S3: what the inner locks must not break ---


def test_conditional_put_lets_one_writer_win(store: Any) -> None:
    s3 = store.client()
    s3.put_object(Bucket=BUCKET, Key="results/a/once", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as problem:
        s3.put_object(Bucket=BUCKET, Key="results/a/once", Body=b"2", IfNoneMatch="*")
    assert refused(problem) == 412
    assert s3.get_object(Bucket=BUCKET, Key="results/a/once")["Body"].read() == b"1"


def test_multipart_copy_ranges_and_checksums(store: Any) -> None:
    s3, key = store.client(), "raw/a/large"
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    parts = []
    for number, letter in enumerate((b"a", b"b"), start=1):
        body = letter * 6_000_000
        tag = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})
    s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    s3.copy_object(Bucket=BUCKET, Key="raw/a/copy", CopySource={"Bucket": BUCKET, "Key": key})
    piece = s3.get_object(Bucket=BUCKET, Key="raw/a/copy", Range="bytes=5999999-6000000")["Body"].read()
    assert piece == b"ab"


# --- the inner doors ---

HTTP_DOORS = [
    ("master", "GET", "/dir/assign"),
    ("master", "GET", "/dir/lookup?volumeId=1"),
    ("master", "GET", "/dir/status"),
    ("master", "GET", "/"),
    ("filer", "GET", "/buckets/kontor/raw/secret/scan"),
    ("filer", "GET", "/buckets/kontor/raw/secret/"),
    ("filer", "PUT", "/buckets/kontor/raw/secret/scan"),
    ("filer", "DELETE", "/buckets/kontor/raw/secret/scan"),
    ("filer", "GET", "/etc/iam/identity.json"),
    ("volume", "GET", "/1,01637037d6"),
    ("volume", "PUT", "/1,01637037d6"),
    ("volume", "DELETE", "/1,01637037d6"),
    ("volume", "GET", "/ui/index.html"),
    ("admin", "GET", "/"),
    ("admin", "GET", "/api/users"),
    ("admin", "POST", "/api/users"),
]
STRANGERS = ["nobody", "session bearer", "session in query", "session signature"]


@pytest.fixture(scope="module")
def secret_object(store: Any) -> bytes:
    body = b"not for everybody"
    store.client().put_object(Bucket=BUCKET, Key="raw/secret/scan", Body=body)
    return body


@pytest.fixture(scope="module")
def session(store: Any) -> Any:
    """Keys of the strongest role of another pilot."""
    return store.broker().credentials("knee-mr", "lead", caller="u" + "a" * 24, generation=0)


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(("door", "method", "path"), HTTP_DOORS, ids=lambda value: str(value).replace("/", "·"))
def test_http_doors_are_closed(
    store: Any,
    session: dict[str, str],
    secret_object: bytes,
    door: str,
    method: str,
    path: str,
    scheme: str,
    stranger: str,
) -> None:
    url = f"{scheme}://127.0.0.1:{getattr(store.ports, door)}{path}"
    headers = {}
    if stranger == "session bearer":
        headers = {"Authorization": f"Bearer {session['Token']}"}
    elif stranger == "session in query":
        url += ("&" if "?" in url else "?") + f"jwt={session['Token']}"
    elif stranger == "session signature":
        request = AWSRequest(method, url, data=b"" if method == "GET" else b"changed")
        keys = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["Token"])
        S3SigV4Auth(keys, "s3", "us-east-1").add_auth(request)
        headers = dict(request.headers.items())
    try:
        answer = httpx.request(
            method, url, headers=headers, content=None if method == "GET" else b"changed", verify=False, trust_env=False
        )
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.ConnectError) as problem:
        assert (door, scheme) != ("volume", "http"), problem  # noqa: PT017 (all others drop the connection)
        return
    assert answer.status_code in (400, 401, 403), (answer.status_code, answer.text)
    assert secret_object not in answer.content


def test_a_certificate_is_what_opens_them(store: Any, secret_object: bytes) -> None:
    """So the refusals above are the lock's. Even behind it, the filer and the master serve no data over HTTP."""
    config = store.folder / "config"
    with httpx.Client(verify=tls(config / "store.pem", config / "store.key"), trust_env=False) as inside:
        assert inside.get(f"https://127.0.0.1:{store.ports.master}/cluster/status").status_code == 200
        assert inside.get(f"https://127.0.0.1:{store.ports.master}/dir/assign").status_code == 404
        assert inside.get(f"https://127.0.0.1:{store.ports.filer}/buckets/kontor/raw/secret/scan").status_code == 404
        assert inside.get(f"https://127.0.0.1:{store.ports.admin}/").status_code < 500


def test_the_unix_sockets_serve_nothing_without_a_key(store: Any, secret_object: bytes) -> None:
    for name, path in (("filer.sock", "/buckets/kontor/raw/secret/scan"), ("s3.sock", "/kontor/raw/secret/scan")):
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(store.folder / name))) as opened:
            assert opened.get("http://store" + path).status_code in (403, 404)


def first_answer(port: int, context: ssl.SSLContext | None) -> bytes:
    """What a gRPC door says to an HTTP/2 client: settings if it is let in, nothing or an alert if not."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            line = raw if context is None else context.wrap_socket(raw)
            with line:
                line.sendall(PREFACE)
                return line.recv(9)
    except (ssl.SSLError, ConnectionError):
        return b""


def tls(certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


@pytest.mark.parametrize("door", [one.name for one in fields(StorePorts) if one.name.endswith("_grpc")])
def test_grpc_doors_ask_for_our_certificate(store: Any, tmp_path: Path, door: str) -> None:
    port = getattr(store.ports, door)
    config = store.folder / "config"
    foreign = make_certificates(tmp_path)
    assert first_answer(port, None) == b"", "plain text"
    assert first_answer(port, tls()) == b"", "no certificate"
    assert first_answer(port, tls(foreign.certificate, foreign.key)) == b"", "a certificate of another authority"
    assert first_answer(port, tls(config / "store.pem", config / "store.key"))[3:4] == b"\x04", "ours: HTTP/2 settings"


def test_nobody_without_a_key_is_served_at_the_gateway(store: Any, secret_object: bytes) -> None:
    anonymous = botocore.session.Session().create_client(
        "s3",
        endpoint_url=store.url,
        region_name="us-east-1",
        config=botocore.config.Config(signature_version=botocore.UNSIGNED),
    )
    for call in (
        anonymous.list_buckets,
        lambda: anonymous.list_objects_v2(Bucket=BUCKET),
        lambda: anonymous.get_object(Bucket=BUCKET, Key="raw/secret/scan"),
        lambda: anonymous.put_object(Bucket=BUCKET, Key="raw/secret/scan", Body=b"x"),
    ):
        with pytest.raises(ClientError) as problem:
            call()
        assert refused(problem) == 403
