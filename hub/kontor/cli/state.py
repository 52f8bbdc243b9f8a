"""The state folder: one installation's keep, used by one `kontor up` at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kontor.errors import KontorError
from kontor.settings import Settings
from kontor.site import STATE_VERSION, Ports, Site, private_folder, write_private

SECRETS = (
    "cookie-secret",
    "service-token",
    "reconciler-token",
    "gateway-token",
    "cluster-signing-key",
    "session-secret",
    "oidc-client-secret",
    "traefik-password",
    "store-admin-key",
    "store-admin-secret",
    "store-broker-key",
    "store-broker-secret",
    "store-warden-key",
    "store-warden-secret",
    "store-signing-key",
)


@contextmanager
def held(state: Path) -> Iterator[None]:
    """Hold the state folder: make it, check its version, keep others out.

    Raises
    ------
    KontorError
        If another process holds it, if a newer Kontor made it, or if it cannot be written. Nothing was changed then.
    """
    if state.is_dir():
        check_version(state)
    try:
        private_folder(state)
        lock = open(state / "lock", "a+", encoding="ascii")  # noqa: SIM115
    except OSError as error:
        raise KontorError(
            f"The state folder {state} cannot be used: {error.strerror}. Give another with --state."
        ) from None
    with lock:
        _hold(lock, state)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        write_private(state / "version", f"{STATE_VERSION}\n")
        try:
            yield
        finally:
            lock.truncate(0)


def refuse_running(state: Path) -> None:
    """Refuse a folder that a running Kontor holds, without touching it.

    Raises
    ------
    KontorError
    """
    if (state / "lock").exists():
        with open(state / "lock", encoding="ascii") as lock:
            _hold(lock, state)


def _hold(lock: IO[str], state: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        raise KontorError(
            f"Kontor already runs from {state} (process {lock.read().strip() or 'unknown'}). "
            "Stop it first, or give another folder with --state.",
            code="already_running",
        ) from None


def check_version(state: Path) -> None:
    """Refuse a folder that a newer Kontor made, and one that is not ours.

    Raises
    ------
    KontorError
    """
    path = state / "version"
    if not path.exists():
        others = sorted(entry.name for entry in state.iterdir() if entry.name != "lock")
        if others:
            raise KontorError(
                f"{state} is not empty and not a state folder of Kontor (it holds {others[0]!r}). "
                "Give an empty or new folder with --state.",
                code="not_a_state_folder",
            )
        return
    text = path.read_text(encoding="utf-8").strip()
    if not text.isdecimal():
        raise KontorError(f"{path} should hold a number and holds {text[:40]!r}. Restore it from a backup.")
    if int(text) > STATE_VERSION:
        raise KontorError(
            f"{state} was made by a newer Kontor (version {text} of the state folder; this one knows {STATE_VERSION}). "
            "Upgrade Kontor, or give another folder with --state. Nothing was changed.",
            code="newer_state",
        )


def prepare(state: Path, settings: Settings) -> Site:
    """Take ports, make secrets and folders, and write the site down."""
    _remove_old_sockets(state)
    sockets = Path(tempfile.mkdtemp(prefix="kontor-"))
    site = Site(state, settings, Ports.choose(settings.server.port), sockets)
    site.make_secrets(SECRETS)
    for folder in (site.run, site.logs, site.homes, site.pilot_folders, state / "hub"):
        private_folder(folder)
    (site.run / "reconciled").unlink(missing_ok=True)
    site.save()
    return site


def check_port(address: str, port: int) -> None:
    """Refuse a port that cannot be listened on, in words.

    Raises
    ------
    KontorError
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except PermissionError:
            raise KontorError(
                f"Port {port} needs root. Choose one above 1023, for example: kontor up --port 8000"
            ) from None
        except OSError as error:
            raise KontorError(
                f"Port {port} on {address} is taken by another program ({error.strerror}). Stop that program, or "
                f"choose another port, for example: kontor up --port {port + 1}",
                code="port_taken",
            ) from None


def clear_run(site: Site) -> None:
    """Remove what only this run needed."""
    shutil.rmtree(site.sockets, ignore_errors=True)
    shutil.rmtree(site.run, ignore_errors=True)


def _remove_old_sockets(state: Path) -> None:
    """After a kill the folder of the sockets is left; it is ours if the site of that run says so."""
    try:
        old = Site.load(state).sockets
    except (KontorError, KeyError, TypeError, ValueError):
        return
    if old.name.startswith("kontor-") and old.parent == Path(tempfile.gettempdir()):
        shutil.rmtree(old, ignore_errors=True)
