"""The installation as it runs: where things are, which ports they have, and their secrets.

`kontor up` makes a Site once per start and writes it to `STATE/run/site.json`; every part is started with
`--state STATE` and reads it with `Site.load`. Secrets are files in `STATE/secrets`, readable by the owner only;
they are never in an argument list or an environment variable of a part.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from kontor.errors import KontorError
from kontor.names import SERVICE_NAME
from kontor.settings import Settings

STATE_VERSION = 1


@dataclass(frozen=True)
class Ports:
    """Loopback ports of the parts; `public` is the one people connect to."""

    public: int
    hub: int
    proxy_api: int
    service: int
    gateway: int
    gateway_proxy: int
    issuer: int
    store: int
    store_master: int
    store_volume: int
    store_filer: int
    store_master_grpc: int
    store_volume_grpc: int
    store_filer_grpc: int
    store_s3_grpc: int
    store_admin: int
    store_admin_grpc: int

    @classmethod
    def choose(cls, public: int) -> Ports:
        """Take free loopback ports from the system for everything but `public`."""
        names = [field.name for field in fields(cls) if field.name not in {"public", "store_admin", "store_admin_grpc"}]
        admin, admin_grpc = _store_admin_ports()
        chosen = dict(zip(names, free_ports(len(names)), strict=True))
        return cls(public=public, store_admin=admin, store_admin_grpc=admin_grpc, **chosen)


def _store_admin_ports() -> tuple[int, int]:
    """Two free ports that differ by 10000: the store's maintenance worker finds its admin by that rule and no other."""
    for admin in free_ports(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", admin + 10_000))
            except (OSError, OverflowError):
                continue
            return admin, admin + 10_000
    raise KontorError("This machine has too few free ports. Stop other programs and try again.")


def free_ports(count: int) -> list[int]:
    """`count` different loopback ports that are free now."""
    held = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


@dataclass(frozen=True)
class Site:
    """One installation.

    Parameters
    ----------
    state : Path
        The folder that holds everything that must be kept.
    settings : Settings
    ports : Ports
    sockets : Path
        Private folder with a short path for Unix sockets, whose paths may have 107 bytes; gone when Kontor ends.
    """

    state: Path
    settings: Settings
    ports: Ports
    sockets: Path

    @property
    def run(self) -> Path:
        """What only this run needs: sockets, tokens of labs, written configuration."""
        return self.state / "run"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def homes(self) -> Path:
        """One folder per person."""
        return self.state / "homes"

    @property
    def pilot_folders(self) -> Path:
        """One folder per pilot."""
        return self.state / "pilots"

    @property
    def kept_of_labs(self) -> Path:
        """One folder per lab for what it keeps outside of people's files: checkpoints, the store of co-editing."""
        return self.state / "labs"

    @property
    def database_url(self) -> str:
        return database_url(self.state)

    @property
    def public_url(self) -> str:
        return f"http://{self.settings.server.domain}:{self.ports.public}"

    @property
    def listen_host(self) -> str:
        """The address to listen on, as it stands in a URL."""
        address = self.settings.server.address
        return f"[{address}]" if ":" in address else address

    def public_url_of(self, name: str) -> str:
        """Address of a person's, workspace's or service's own subdomain."""
        return f"http://{name}.{self.settings.server.domain}:{self.ports.public}"

    @property
    def service_prefix(self) -> str:
        return f"/services/{SERVICE_NAME}/"

    @property
    def service_public_url(self) -> str:
        return self.public_url_of(SERVICE_NAME) + self.service_prefix

    @property
    def service_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.service}{self.service_prefix}"

    @property
    def hub_api_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.hub}/hub/api"

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.gateway}"

    @property
    def gateway_proxy_url(self) -> str:
        return f"gateway://127.0.0.1:{self.ports.gateway_proxy}"

    @property
    def store_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.store}"

    @property
    def issuer_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.issuer}"

    @property
    def issuer_public_url(self) -> str:
        return self.public_url_of("issuer")

    def secret(self, name: str) -> str:
        """A secret by name; made on first use by `make_secrets`.

        Raises
        ------
        KontorError
            If it was not made.
        """
        try:
            return self.secret_file(name).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise KontorError(
                f"The secret {name!r} is missing in {self.state / 'secrets'}. Start with `kontor up`."
            ) from None

    def secret_file(self, name: str) -> Path:
        """Where a secret is kept."""
        return self.state / "secrets" / name

    def make_secrets(self, names: Iterable[str]) -> None:
        """Make each secret that does not exist yet: 32 random bytes in hexadecimal, mode 0600."""
        private_folder(self.state / "secrets")
        for name in names:
            path = self.secret_file(name)
            if not path.exists():
                write_private(path, secrets.token_hex(32))

    def save(self) -> None:
        """Write `STATE/run/site.json`, whole or not at all."""
        private_folder(self.run)
        data = {
            "settings": self.settings.model_dump(mode="json"),
            "ports": asdict(self.ports),
            "sockets": str(self.sockets),
        }
        text = json.dumps(data, indent=1)
        write_private(self.run / "site.json", text)

    @classmethod
    def load(cls, state: Path) -> Site:
        """Read what `kontor up` wrote.

        Raises
        ------
        KontorError
            If there is nothing there.
        """
        path = Path(state).resolve() / "run" / "site.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise KontorError(
                f"Nothing runs from {state}: {path.name} is not there. Start it with `kontor up`."
            ) from None
        return cls(path.parent.parent, Settings.parse(data["settings"]), Ports(**data["ports"]), Path(data["sockets"]))


def database_url(state: Path) -> str:
    """Address of the kontor database of a state folder, whether Kontor runs or not."""
    return f"sqlite:///{state / 'kontor.sqlite'}"


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
