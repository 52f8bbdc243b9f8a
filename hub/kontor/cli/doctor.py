"""`kontor doctor`: each part, its version, and whether it answers."""

from __future__ import annotations

import asyncio
import subprocess
from importlib.metadata import version
from pathlib import Path

from kontor import __version__
from kontor.cli.health import checks
from kontor.cli.programs import find, find_node
from kontor.data import objectstore
from kontor.errors import KontorError
from kontor.site import Site

_TITLES = {
    "store": "object store (SeaweedFS)",
    "proxy": "proxy (Traefik)",
    "hub": "JupyterHub",
    "service": "pages and API",
    "gateway": "Dask Gateway",
    "reconciler": "reconciler",
    "issuer": "demo issuer (oidc-provider)",
}


async def report(state: Path) -> tuple[list[str], bool]:
    """The lines to print, and whether every part answers.

    Raises
    ------
    KontorError
        If nothing runs from this state folder.
    """
    site = Site.load(state)
    questions = checks(site)
    answers = dict(zip(questions, await asyncio.gather(*(ask() for ask in questions.values())), strict=True))
    lines = [f"Kontor {__version__} at {site.public_url}, state in {site.state}", ""]
    for name, answered in answers.items():
        lines.append(f"  {_TITLES[name]:<30} {_version(name):<12} {'answers' if answered else 'DOES NOT ANSWER'}")
    silent = [name for name, answered in answers.items() if not answered]
    if silent:
        lines += [
            "",
            f"{len(silent)} of {len(answers)} parts do not answer. Their logs: "
            + ", ".join(str(site.logs / f"{name}.log") for name in silent),
        ]
    else:
        lines += ["", "All parts answer."]
    if not site.settings.labs.share_account:
        lines.append("Labs of all people run under one account of this machine: only this machine can connect.")
    else:
        lines.append(
            "WARNING: labs of all people run under one account of this machine; people can read each other's files."
        )
    return lines, not silent


def _version(part: str) -> str:
    """Version of what runs as a part; `missing` if it is not installed."""
    try:
        match part:
            case "store":
                return objectstore.version()
            case "proxy":
                return next(
                    line.split()[1] for line in _lines([find("traefik"), "version"]) if line.startswith("Version")
                )
            case "hub":
                return version("jupyterhub")
            case "gateway":
                return version("dask-gateway-server")
            case "issuer":
                return _first_line([find_node(), "--version"]).replace("v", "node ")
            case _:
                return __version__
    except (KontorError, OSError, IndexError, StopIteration):
        return "missing"


def _lines(command: list[str]) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.splitlines()


def _first_line(command: list[str]) -> str:
    return _lines(command)[0]
