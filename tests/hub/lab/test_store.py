"""What travels to workers: the way to the data, never a key."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cloudpickle
import pytest

import kontor
from kontor.errors import KontorError, NotAllowed, NotFound, Unavailable
from kontor.lab import catalogue
from kontor.lab.store import LOOK_AGAIN, PilotKeys, PilotStore

TOKEN = "token-that-must-not-travel"
KEYS = {
    "AccessKeyId": "KEYID-SECRET-1",
    "SecretAccessKey": "VERY-SECRET-2",
    "Token": "SESSION-SECRET-3",
    "Expiration": "2030-01-01T00:00:00Z",
}
RECORD = {"id": "knee-mr/brain-mr", "pilot": "knee-mr", "name": "brain-mr", "title": "t", "zarr": None, "object": "o"}


class Service(BaseHTTPRequestHandler):
    """The few addresses of the kontor service that a lab uses."""

    answers: dict[str, tuple[int, object]] = {}  # noqa: RUF012 - filled by the fixture

    def do_GET(self) -> None:
        status, body = self.answers.get(self.path, (404, _error("not_found", "Nothing here.")))
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            status, body = 401, _error("not_known", "Who are you?")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


def _error(code: str, message: str) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "status": 0}}


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, tuple[int, object]]]:
    Service.answers = {
        "/api/me": (200, {"kind": "person", "name": "u", "pilots": ["knee-mr", "sepsis-proteome"]}),
        "/api/pilots/knee-mr/datasets": (200, {"datasets": [{"name": "brain-mr"}]}),
        "/api/datasets/knee-mr/brain-mr": (200, RECORD),
        "/api/datasets/knee-mr/brain-mri": (404, _error("no_such_dataset", "no")),
        "/api/datasets/knee-m/brain-mr": (404, _error("no_such_pilot", "no")),
        "/api/datasets/secret/one": (403, _error("not_a_member", "no")),
        "/api/datasets/knee-mr/broken": (500, b"<html>"),
        "/api/store/credentials/knee-mr": (200, KEYS),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    token = tmp_path / "token"
    token.write_text(TOKEN)
    monkeypatch.setenv("KONTOR_API", f"http://127.0.0.1:{server.server_address[1]}/api")
    monkeypatch.setenv("KONTOR_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("KONTOR_PILOT", raising=False)
    yield Service.answers
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.usefixtures("service")
def test_keys_are_looked_at_again_long_before_they_end() -> None:
    """All keys of a pilot end when a member leaves it; who stays must not be left with dead ones for minutes."""
    before = datetime.now(UTC)
    assert PilotKeys("knee-mr")()["expires_at"] - before < LOOK_AGAIN + timedelta(seconds=5)


@pytest.mark.usefixtures("service")
def test_a_pickled_store_carries_no_key_even_after_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["SecretAccessKey"])
    store = PilotStore("knee-mr", "raw/knee-mr/brain-mr.zarr")
    assert PilotKeys("knee-mr")()["token"] == KEYS["Token"]
    for dumped in (pickle.dumps(store), cloudpickle.dumps(store)):
        for secret in (*list(KEYS.values())[:3], TOKEN, "127.0.0.1"):
            assert secret.encode() not in dumped
        again = pickle.loads(dumped)
        assert again == store
        assert again.read_only


CASES = {
    "another spelling of the data set": ("knee-mr/brain-mri", NotFound, "Did you mean 'brain-mr'?"),
    "another spelling of the pilot": ("knee-m/brain-mr", NotFound, "Did you mean 'knee-mr'?"),
    "not a member": ("secret/one", NotAllowed, "You are not a member of pilot 'secret'. Ask its lead"),
    "the service is broken": ("knee-mr/broken", Unavailable, "has a fault"),
    "no pilot said": ("brain-mr", KontorError, "Which pilot has the data set"),
    "too many parts": ("a/b/c", KontorError, "is not a data set's name"),
    "not a slug": ("knee-mr/Brain MR", KontorError, "is not a name for a data set"),
    "not prepared": ("knee-mr/brain-mr", KontorError, "has not been prepared"),
    "no such file": ("./none.nii", NotFound, "There is no file"),
}


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("case", CASES)
def test_refusals_are_sentences(case: str) -> None:
    name, kind, sentence = CASES[case]
    with pytest.raises(kind) as caught:
        kontor.open_dataset(name)
    assert sentence in caught.value.message


@pytest.mark.usefixtures("service")
def test_a_workspace_knows_its_pilot_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONTOR_PILOT", "knee-mr")
    with pytest.raises(KontorError, match="has not been prepared"):
        kontor.open_dataset("brain-mr")
    with pytest.raises(NotAllowed, match="This workspace belongs to the pilot 'knee-mr'"):
        kontor.open_dataset("secret/one")


def test_a_token_that_is_known_no_more(service: object, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old")
    with pytest.raises(NotAllowed, match="does not know this lab any more"):
        catalogue.my_pilots()


def test_outside_of_kontor(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KONTOR_API", "DASK_GATEWAY__ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Unavailable, match="does not run inside Kontor"):
        kontor.open_dataset("knee-mr/brain-mr")
    with pytest.raises(Unavailable, match="does not run inside Kontor"):
        kontor.connect_cluster()
    with pytest.raises(KontorError, match="workers=0 is not possible"):
        kontor.connect_cluster(workers=0)
