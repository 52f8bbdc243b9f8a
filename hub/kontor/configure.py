"""From the settings to JupyterHub's configuration.

`apply(site, c)` is a pure function of the installation: it sets values on `c` and touches nothing else. One
function per concern; what a part may do on the hub is the table in `set_roles`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from kontor import names
from kontor.database import session_factory
from kontor.people import store as people
from kontor.people.authenticator import KontorAuthenticator
from kontor.people.partners import load_partners
from kontor.people.portrait import Portrait, Portraits
from kontor.site import Site
from kontor.warmstart.spawner import LabSpawner
from kontor.web import look
from kontor.web.hub_languages import HubWords, LanguageOf
from kontor.words import N_


class WorkspaceClients(set[str]):
    """OAuth clients that need no "Authorize access" page: our services, and every workspace.

    A member who opens a workspace has been let in by the pilot; asking again after each restart of the workspace
    only teaches people to press "yes". A person's own lab is not in it: entering someone else's lab always asks.
    JupyterHub takes a fixed set, but workspaces come and go, hence `__contains__`.
    """

    _PREFIX = "jupyterhub-user-"

    def __contains__(self, client: object) -> bool:
        if super().__contains__(client):
            return True
        name = str(client)
        return name.startswith(self._PREFIX) and names.pilot_of_workspace(name.removeprefix(self._PREFIX)) is not None


@dataclass(frozen=True)
class PersonOf:
    """From JupyterHub's user to the person shown in the head of a page; None for workspaces and before sign-in."""

    site: Site

    def __call__(self, user: Any) -> Portrait | None:
        if user is None or not names.is_person(user.name):
            return None
        with session_factory(self.site.database_url)() as session:
            person = people.get(session, user.name)
        return Portraits(load_partners()).of(person) if person else None


def apply(site: Site, c: Any) -> None:
    """Set everything that JupyterHub needs to be this installation's hub."""
    set_hub(site, c)
    set_pages(site, c)
    set_proxy(site, c)
    set_login(site, c)
    set_labs(site, c)
    set_roles(site, c)


def set_hub(site: Site, c: Any) -> None:
    """Addresses, database, lifetimes."""
    c.JupyterHub.bind_url = f"http://{site.listen_host}:{site.ports.public}"
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{site.ports.hub}"
    c.JupyterHub.hub_connect_url = f"http://127.0.0.1:{site.ports.hub}"
    c.JupyterHub.subdomain_host = site.public_url
    c.JupyterHub.subdomain_hook = names.subdomain
    c.JupyterHub.db_url = f"sqlite:///{site.state / 'hub' / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(site.secret_file("cookie-secret"))
    c.JupyterHub.cookie_max_age_days = 0.5
    c.JupyterHub.log_level = site.settings.log_level.upper()
    c.JupyterHub.cleanup_servers = True
    c.JupyterHub.cleanup_proxy = False
    c.JupyterHub.init_spawners_timeout = 5
    c.JupyterHub.concurrent_spawn_limit = 20
    c.ConfigurableHTTPProxy.should_start = False


def set_pages(site: Site, c: Any) -> None:
    """After login people are in the lobby; the hub's own pages wear our look and speak our languages."""
    c.JupyterHub.default_url = site.service_public_url
    c.JupyterHub.template_paths = [str(look.HUB_TEMPLATES)]
    c.JupyterHub.template_vars = look.hub_template_vars(
        title=site.settings.title,
        hub_prefix="/hub/",
        lobby_url=site.service_public_url,
        domain=site.settings.server.domain,
        demo=site.settings.demo.enabled,
        person=PersonOf(site),
    )
    c.KontorAuthenticator.look_route = look.HUB_STATIC_ROUTE
    c.KontorAuthenticator.look_folder = str(look.STATIC)
    c.JupyterHub.jinja_environment_options = {"extensions": [HubWords]}
    c.JupyterHub.tornado_settings = {
        "transforms": [LanguageOf],
        "oauth_no_confirm_list": WorkspaceClients({f"service-{names.SERVICE_NAME}"}),
        "headers": {
            "Content-Security-Policy": "frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        },
    }


def set_proxy(site: Site, c: Any) -> None:
    """Traefik runs beside the hub, so that labs stay reachable while the hub restarts."""
    c.JupyterHub.proxy_class = "traefik_file"
    c.Proxy.should_start = False
    c.TraefikProxy.should_start = False
    c.TraefikProxy.traefik_api_url = f"http://127.0.0.1:{site.ports.proxy_api}"
    c.TraefikProxy.traefik_api_username = "hub"
    c.TraefikProxy.traefik_api_password = site.secret("traefik-password")
    c.TraefikProxy.traefik_api_hashed_password = _cheap_hash(site.secret("traefik-password"))
    c.TraefikProxy.traefik_entrypoint = "web"
    c.TraefikProxy.traefik_api_entrypoint = "api"
    c.TraefikFileProviderProxy.dynamic_config_file = str(site.state / "proxy" / "dynamic" / "hub.toml")


def _cheap_hash(password: str) -> str:
    """`{SHA}` entry for Traefik's basic authentication.

    Traefik computes the hash at every call of its API; bcrypt costs 0.2 s each and protects guessable passwords,
    which 256 random bits are not.
    """
    import base64
    import hashlib

    return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()


def set_login(site: Site, c: Any) -> None:
    """Federated login through the issuer; people who belong to no pilot reach the waiting room only."""
    c.JupyterHub.authenticator_class = KontorAuthenticator
    c.KontorAuthenticator.site = site
    c.KontorAuthenticator.issuer_alias = "demo"
    c.KontorAuthenticator.login_service = N_("the demo issuer")
    c.KontorAuthenticator.client_id = "kontor"
    c.KontorAuthenticator.client_secret = site.secret("oidc-client-secret")
    c.KontorAuthenticator.authorize_url = f"{site.issuer_public_url}/auth"
    c.KontorAuthenticator.token_url = f"{site.issuer_url}/token"
    c.KontorAuthenticator.userdata_url = f"{site.issuer_url}/me"
    c.KontorAuthenticator.oauth_callback_url = f"{site.public_url}/hub/oauth_callback"
    c.KontorAuthenticator.scope = [
        "openid",
        "profile",
        "voperson_id",
        "voperson_external_affiliation",
        "schac_home_organization",
    ]
    c.KontorAuthenticator.enable_pkce = True
    c.KontorAuthenticator.allow_all = True
    c.KontorAuthenticator.admin_users = set()
    c.JupyterHub.load_groups = {}


def set_labs(site: Site, c: Any) -> None:
    """Personal labs and workspaces: same software, other owner."""
    c.JupyterHub.spawner_class = LabSpawner
    c.LabSpawner.site = site
    c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
    c.Spawner.default_url = "/lab"
    c.Spawner.start_timeout = site.settings.labs.start_timeout
    c.Spawner.http_timeout = site.settings.labs.start_timeout
    c.LocalProcessSpawner.term_timeout = 15


def set_roles(site: Site, c: Any) -> None:
    """Who may do what on the hub: services, people and the tokens inside labs. Each scope with its reason."""
    lobby, reconciler, gateway = names.SERVICE_NAME, names.RECONCILER_NAME, names.GATEWAY_NAME
    c.JupyterHub.services = [
        {
            "name": lobby,
            "api_token": site.secret("service-token"),
            "url": f"http://127.0.0.1:{site.ports.service}",
            "oauth_redirect_uri": site.service_public_url + "oauth_callback",
            "oauth_no_confirm": True,
            "display": False,
        },
        {"name": reconciler, "api_token": site.secret("reconciler-token"), "display": False},
        {"name": gateway, "api_token": site.secret("gateway-token"), "display": False},
    ]
    workspaces = f"!group={names.WORKSPACES_GROUP}"
    in_labs = [
        "users:activity!user",
        "access:servers!server",
        f"access:services!service={lobby}",
        f"access:services!service={gateway}",
    ]
    c.JupyterHub.custom_scopes = {
        names.MANAGE_SCOPE: {"description": "Change the pilots and members that the owner may change, through the API."}
    }
    c.JupyterHub.load_roles = [
        # a lab's token gets only what its owner has, hence the gateway; without a pilot one owns no clusters there
        {
            "name": "user",
            "description": "Everybody: their own account, the lobby; the gateway through their lab.",
            "scopes": [
                "self",
                f"access:services!service={lobby}",
                f"access:services!service={gateway}",
                names.MANAGE_SCOPE,
            ],
        },
        {
            "name": "server",
            "description": "The token inside a lab: report activity, be recognised by lobby and gateway.",
            "scopes": in_labs,
        },
        {
            "name": lobby,
            "services": [lobby],
            "description": "Pages and API: start workspaces, see that they run and who may open them.",
            "scopes": [
                f"start:servers{workspaces}",
                f"read:servers{workspaces}",
                f"read:users:name{workspaces}",
                f"read:shares{workspaces}",
                f"access:services!service={gateway}",
            ],
        },
        {
            "name": reconciler,
            "services": [reconciler],
            "description": "Derives hub state from pilots: accounts, groups and shares; ends what people lose.",
            # one can only share what one has, hence access and start; when people leave it ends workspaces and clusters
            "scopes": [
                "admin:users",
                "admin:groups",
                "shares",
                "read:servers",
                f"access:servers{workspaces}",
                f"start:servers{workspaces}",
                f"delete:servers{workspaces}",
                f"access:services!service={gateway}",
            ],
        },
    ]
    c.Spawner.server_token_scopes = in_labs
