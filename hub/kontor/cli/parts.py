"""The parts of one installation: what is started, in which order, and how each is configured."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kontor.cli.health import checks
from kontor.cli.programs import find_node, find_traefik
from kontor.cli.proxy import write_proxy_configuration
from kontor.cli.supervisor import Part
from kontor.data import objectstore
from kontor.data.store_access import StoreSecrets
from kontor.errors import KontorError
from kontor.site import Site, private_folder, write_private

PACKAGE = Path(__file__).resolve().parents[1]
HUB = PACKAGE.parent


def all_parts(site: Site) -> list[Part]:
    """The parts in the order in which they start; they end in the reverse order.

    Raises
    ------
    KontorError
        If a program is missing; before anything was started.
    """
    parts = [_store(site), _proxy(site)]
    if site.settings.demo.enabled:
        parts.append(_issuer(site))
    return [*parts, _hub(site), _own(site, "service"), _gateway(site), _own(site, "reconciler")]


def check_programs() -> None:
    """Find every program that will be needed; before anything is written.

    Raises
    ------
    KontorError
        If one is missing.
    """
    objectstore.find_weed()
    find_traefik()
    find_node()


def _store(site: Site) -> Part:
    command = objectstore.write_config(
        site.state / "store", ports=objectstore.StorePorts.of(site), secrets=StoreSecrets.of(site)
    )
    return Part("store", command, checks(site)["store"], objectstore.environment({}))


def _proxy(site: Site) -> Part:
    return Part("proxy", [find_traefik(), *write_proxy_configuration(site)], checks(site)["proxy"], {})


def _issuer(site: Site) -> Part:
    folder = PACKAGE / "people" / "issuer"
    if not (HUB / "node_modules" / "oidc-provider").is_dir():
        raise KontorError(
            "The demo issuer's JavaScript packages are missing. Remove hub/node_modules and run `make setup`.",
            code="missing_program",
        )
    state = private_folder(site.state / "issuer")
    configuration = {
        "listen_host": "127.0.0.1",
        "listen_port": site.ports.issuer,
        "issuer": site.issuer_public_url,
        "client_id": "kontor",
        "client_secret_file": str(site.secret_file("oidc-client-secret")),
        "redirect_uris": [f"{site.public_url}/hub/oauth_callback"],
        "logout_redirect": f"{site.public_url}/",
        "keys_file": str(state / "keys.json"),
        "stylesheet": str(PACKAGE / "web" / "static" / "kontor.css"),
    }
    write_private(site.run / "issuer.json", json.dumps(configuration, indent=1))
    command = [find_node(), str(folder / "server.mjs"), "--config", str(site.run / "issuer.json")]
    return Part("issuer", command, checks(site)["issuer"], {})


def _hub(site: Site) -> Part:
    packaged = PACKAGE / "jupyterhub_config.py"
    configuration = packaged if packaged.exists() else HUB / "jupyterhub_config.py"
    command = [sys.executable, "-m", "jupyterhub", "-f", str(configuration)]
    return Part("hub", command, checks(site)["hub"], {"KONTOR_STATE": str(site.state)}, site.state / "hub")


def _gateway(site: Site) -> Part:
    command = [sys.executable, "-m", "kontor.clusters", "--state", str(site.state)]
    return Part("gateway", command, checks(site)["gateway"], {})


def _own(site: Site, name: str) -> Part:
    """A part that is a command of ours."""
    return Part(name, [sys.executable, "-m", "kontor", name, "--state", str(site.state)], checks(site)[name], {})
