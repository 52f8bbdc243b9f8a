"""Settings: the closed file, every mistake at once, and what must not happen by accident."""

from pathlib import Path

import pytest

from kontor.errors import SettingsError
from kontor.settings import Settings

BAD = [
    pytest.param({"sever": {}}, ["sever: unknown key; did you mean 'server'?"], id="misspelt table"),
    pytest.param({"server": {"prot": 1}}, ["server.prot: unknown key; did you mean 'port'?"], id="misspelt key"),
    pytest.param({"server": {"port": 0}}, ["server.port = 0: input should be greater"], id="port below the range"),
    pytest.param({"server": {"port": 65536}}, ["server.port = 65536: input should be less"], id="port above the range"),
    pytest.param({"server": {"port": "http"}}, ["server.port = 'http':"], id="port is a word"),
    pytest.param({"server": {"domain": "localhost"}}, ["server.domain = 'localhost':"], id="domain without a dot"),
    pytest.param({"server": {"domain": "Kontor.localhost"}}, ["server.domain ="], id="domain in capitals"),
    pytest.param({"server": {"address": "everywhere"}}, ["is not an IP address"], id="address is a word"),
    pytest.param({"server": 8000}, ["server = 8000: this is a table; write [server]"], id="table is a number"),
    pytest.param({"log_level": "loud"}, ["log_level = 'loud':"], id="unknown level"),
    pytest.param({"clusters": {"worker_memory": "much"}}, ["clusters.worker_memory = 'much':"], id="memory is a word"),
    pytest.param({"store": {"credential_minutes": 61}}, ["store.credential_minutes = 61:"], id="keys live too long"),
    pytest.param(
        {"server": {"address": "0.0.0.0"}},
        ["lets anybody in without a password", "people can read each other's files"],
        id="everything open to others",
    ),
    pytest.param({"demo": {"enabled": False}}, ["no other way to sign in yet"], id="no way to sign in"),
    pytest.param(
        {"server": {"address": "0.0.0.0"}, "demo": {"allow_public": True}},
        ["people can read each other's files"],
        id="labs of several people open to others",
    ),
    pytest.param(
        {"x": 1, "server": {"port": -1, "y": 2}, "demo": {"enabled": "perhaps"}},
        ["x: unknown key", "server.y: unknown key", "server.port = -1", "demo.enabled = 'perhaps'"],
        id="four mistakes at once",
    ),
]


@pytest.mark.parametrize(("data", "sentences"), BAD)
def test_every_mistake_is_named(data: dict[str, object], sentences: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.parse(data)
    assert len(caught.value.mistakes) == len(sentences)
    for sentence in sentences:
        assert sentence in str(caught.value)


@pytest.mark.parametrize("port", [1, 65535])
def test_the_ends_of_the_port_range_are_ports(port: int) -> None:
    assert Settings.parse({"server": {"port": port}}).server.port == port


def test_others_may_connect_if_the_operator_says_so_in_words() -> None:
    settings = Settings.parse(
        {"server": {"address": "0.0.0.0"}, "demo": {"allow_public": True}, "labs": {"share_account": True}}
    )
    assert not settings.server.on_loopback


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(None, "there is no such file", id="missing"),
        pytest.param(b"[server\nport = 1", "it is not TOML", id="not TOML"),
        pytest.param(b"\xff\xfe", "it cannot be read", id="not text"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "kontor.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=sentence):
        Settings.load(path)


def test_every_option_is_explained() -> None:
    def walk(model: type) -> None:
        for name, field in model.model_fields.items():
            if hasattr(field.annotation, "model_fields"):
                walk(field.annotation)
            else:
                assert field.description, f"{model.__name__}.{name} has no description"

    walk(Settings)
