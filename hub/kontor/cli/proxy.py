"""Traefik's own configuration: where it listens, and the routes that are not JupyterHub's."""

from __future__ import annotations

import json

from kontor.site import Site, private_folder, write_private


def write_proxy_configuration(site: Site) -> list[str]:
    """Write Traefik's files; returns the arguments of its command.

    JupyterHub keeps its routes in `proxy/dynamic/hub.toml`; ours are in `kontor.yml` beside it: the demo issuer's
    subdomain, and a redirect to the public name for people who typed an address or `localhost`. JSON is valid YAML,
    which Traefik reads.
    """
    folder = private_folder(site.state / "proxy")
    dynamic = private_folder(folder / "dynamic")
    server = site.settings.server
    static = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": site.settings.log_level.upper().replace("WARNING", "WARN")},
        "entryPoints": {
            "web": {
                "address": f"{site.listen_host}:{site.ports.public}",
                "transport": {"respondingTimeouts": {"readTimeout": "0s"}},
            },
            "api": {"address": f"127.0.0.1:{site.ports.proxy_api}"},
        },
        "api": {},
        "ping": {"entryPoint": "api"},
        "providers": {"providersThrottleDuration": "0s", "file": {"directory": str(dynamic), "watch": True}},
    }
    routers: dict[str, object] = {
        "other-names": {
            "rule": "PathPrefix(`/`)",
            "priority": 1,
            "entryPoints": ["web"],
            "service": "noop@internal",
            "middlewares": ["to-public-name"],
        },
    }
    services: dict[str, object] = {}
    if site.settings.demo.enabled:
        routers["issuer"] = {"rule": f"Host(`issuer.{server.domain}`)", "entryPoints": ["web"], "service": "issuer"}
        services["issuer"] = {"loadBalancer": {"servers": [{"url": site.issuer_url}]}}
    redirect = {
        "redirectRegex": {
            "regex": r"^https?://(?:localhost|[0-9.]+|\[[0-9a-f:]+\])(?::[0-9]+)?/.*",
            "replacement": f"{site.public_url}/",
        }
    }
    http: dict[str, object] = {"routers": routers, "middlewares": {"to-public-name": redirect}}
    if services:
        http["services"] = services
    write_private(folder / "traefik.yml", json.dumps(static, indent=1))
    write_private(dynamic / "kontor.yml", json.dumps({"http": http}, indent=1))
    return [f"--configFile={folder / 'traefik.yml'}"]
