"""From settings to JupyterHub's configuration: pure, and no right that nobody needs."""

from pathlib import Path

import pytest
from traitlets.config import Config

from kontor import configure
from kontor.cli.state import SECRETS
from kontor.settings import Settings
from kontor.site import Ports, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    found = Site(tmp_path, Settings(), Ports.choose(8000), tmp_path / "sockets")
    found.make_secrets(SECRETS)
    return found


@pytest.fixture
def config(site: Site) -> Config:
    c = Config()
    configure.apply(site, c)
    return c


def test_applying_twice_changes_nothing(site: Site, config: Config) -> None:
    again = Config()
    configure.apply(site, again)
    assert repr(again) == repr(config)


def test_every_lab_has_its_own_subdomain(config: Config) -> None:
    assert config.JupyterHub.subdomain_host == "http://kontor.localhost:8000"
    assert config.JupyterHub.subdomain_hook("ws-knee", "kontor.localhost", "user") == "ws-knee.kontor.localhost"


ROLES = {
    "user": {"self", "access:services!service=lobby", "access:services!service=gateway", "custom:kontor:manage"},
    "server": {
        "users:activity!user",
        "access:servers!server",
        "access:services!service=lobby",
        "access:services!service=gateway",
    },
    "lobby": {
        "start:servers!group=workspaces",
        "read:servers!group=workspaces",
        "read:users:name!group=workspaces",
        "read:shares!group=workspaces",
        "access:services!service=gateway",
    },
    "reconciler": {
        "admin:users",
        "admin:groups",
        "shares",
        "read:servers",
        "access:servers!group=workspaces",
        "start:servers!group=workspaces",
        "delete:servers!group=workspaces",
        "access:services!service=gateway",
    },
}


def test_who_may_do_what_on_the_hub(config: Config) -> None:
    assert {role["name"]: set(role["scopes"]) for role in config.JupyterHub.load_roles} == ROLES


def test_nobody_is_an_administrator(config: Config) -> None:
    assert config.KontorAuthenticator.admin_users == set()
    for role in config.JupyterHub.load_roles:
        assert "users" not in role
        assert not {"admin-ui", "admin:servers", "admin:auth_state", "tokens"} & set(role["scopes"])


@pytest.mark.parametrize(
    ("client", "asks"),
    [
        pytest.param("service-lobby", False, id="our pages"),
        pytest.param("jupyterhub-user-ws-knee-mr", False, id="a workspace"),
        pytest.param("jupyterhub-user-uwneuh4yj36wewyki54kq2mj4", True, id="a person's lab"),
        pytest.param("jupyterhub-user-ws-", True, id="a workspace of nothing"),
        pytest.param("jupyterhub-user-ws-../x", True, id="a workspace of no slug"),
        pytest.param("service-other", True, id="another service"),
    ],
)
def test_which_clients_must_ask(client: str, asks: bool) -> None:
    assert (client not in configure.WorkspaceClients({"service-lobby"})) is asks


def test_pages_of_the_hub_cannot_be_framed(config: Config) -> None:
    assert config.JupyterHub.tornado_settings["headers"]["Content-Security-Policy"] == "frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("address", "url"),
    [("127.0.0.1", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000")],
)
def test_where_the_hub_believes_the_proxy_listens(site: Site, address: str, url: str) -> None:
    c = Config()
    settings = Settings.parse({"server": {"address": address}})
    configure.apply(Site(site.state, settings, site.ports, site.sockets), c)
    assert c.JupyterHub.bind_url == url
