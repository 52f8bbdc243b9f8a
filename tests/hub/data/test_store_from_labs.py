"""The object store as labs reach it: keys from an endpoint, through the libraries that people use."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import numpy as np
import obstore
import pytest
import s3fs
import zarr
from obstore.store import S3Store
from zarr.storage import ObjectStore

from kontor.data.store_access import BUCKET

OWN, OTHER = "knee", "knee-mr"
CALLER = "ws-knee"


@pytest.fixture
def endpoint(seeded: Any) -> Iterator[tuple[str, list[str]]]:
    """A container-credentials endpoint as the kontor service has it: token in, keys of `OWN` for an editor out."""
    asked: list[str] = []
    broker = seeded.broker()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("Authorization", ""))
            good = asked[-1] == "the-lab-token"
            body = json.dumps(
                broker.credentials(OWN, "editor", caller=CALLER, generation=0) if good else {"error": "who?"}
            ).encode()
            self.send_response(200 if good else 403)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/credentials/{OWN}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def lab(seeded: Any, endpoint: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The environment of a lab; the value is what the endpoint was asked with."""
    token = tmp_path / "token"
    token.write_text("the-lab-token")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": seeded.url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint[0],
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
    }.items():
        monkeypatch.setenv(name, value)
    return endpoint[1]


@pytest.fixture
def volume(seeded: Any) -> np.ndarray[Any, Any]:
    """A Zarr array of `OWN`, written by the admin."""
    values = np.arange(64 * 64, dtype="int16").reshape(64, 64)
    admin = S3Store(
        BUCKET,
        prefix=f"raw/{OWN}/volume.zarr",
        endpoint=seeded.url,
        region="us-east-1",
        access_key_id=seeded.secrets.admin_key,
        secret_access_key=seeded.secrets.admin_secret,
        client_options={"allow_http": True},
    )
    array = zarr.create_array(ObjectStore(admin), shape=values.shape, chunks=(16, 64), dtype="int16", overwrite=True)
    array[:] = values
    return values


def test_zarr_through_obstore(lab: list[str], volume: np.ndarray[Any, Any]) -> None:
    array = zarr.open_array(ObjectStore(S3Store(BUCKET, prefix=f"raw/{OWN}/volume.zarr"), read_only=True), mode="r")
    assert np.array_equal(array[:], volume)
    assert set(lab) == {"the-lab-token"}


def test_obstore_is_refused_outside_its_pilot(lab: list[str], seeded: Any) -> None:
    bucket = S3Store(BUCKET)
    assert obstore.get(bucket, f"raw/{OWN}/scan").bytes() == f"of {OWN}".encode()
    assert f"results/{OWN}/fit" in {one["path"] for page in obstore.list(bucket, f"results/{OWN}") for one in page}
    for call in (
        lambda: obstore.get(bucket, f"raw/{OTHER}/scan"),
        lambda: obstore.put(bucket, f"raw/{OWN}/scan", b"x"),
        lambda: list(obstore.list(bucket, f"raw/{OTHER}")),
        lambda: list(obstore.list(bucket)),
    ):
        with pytest.raises((PermissionError, obstore.exceptions.BaseError), match="403 Forbidden"):
            call()


def test_conditional_put_with_session_keys(lab: list[str]) -> None:
    bucket = S3Store(BUCKET)
    obstore.put(bucket, f"scratch/{OWN}/lock", b"1", mode="create")
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        obstore.put(bucket, f"scratch/{OWN}/lock", b"2", mode="create")
    obstore.delete(bucket, f"scratch/{OWN}/lock")


def test_s3fs_and_botocore_take_the_same_environment(lab: list[str]) -> None:
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    assert files.cat_file(f"{BUCKET}/raw/{OWN}/scan") == f"of {OWN}".encode()
    assert f"{BUCKET}/results/{OWN}/fit" in files.ls(f"{BUCKET}/results/{OWN}")
    with pytest.raises(PermissionError):
        files.cat_file(f"{BUCKET}/raw/{OTHER}/scan")
    s3 = botocore.session.Session().create_client("s3")
    assert s3.get_object(Bucket=BUCKET, Key=f"raw/{OWN}/scan")["Body"].read() == f"of {OWN}".encode()


def test_a_wrong_token_gives_nothing(lab: list[str], tmp_path: Path) -> None:
    (tmp_path / "token").write_text("another")
    with pytest.raises(Exception, match=r"(?i)403|credential|who"):
        obstore.get(S3Store(BUCKET, retry_config={"max_retries": 0}), f"raw/{OWN}/scan")
