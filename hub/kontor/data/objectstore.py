"""The embedded object store: how it is configured, started and reached.

Vocabulary. The *store* is SeaweedFS (`weed mini`), one process on loopback. Its *gateway* speaks S3 and is
the only door for labs; the *inner doors* (master, volume, filer, admin; each HTTP and gRPC) are for the
process itself. Who may come in is `store_access.py`; what a lab's key may do is `credentials.py`.

`write_config` guarantees: every file that it writes is readable by its owner only; no secret is in the
command line; the inner HTTP doors of master, filer and admin serve nothing and ask for a certificate first,
the volume's asks for a token signed by the master, gRPC doors ask for a certificate.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session  # type: ignore[import-untyped, unused-ignore]
from botocore.config import Config  # type: ignore[import-untyped, unused-ignore]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped, unused-ignore]

from kontor.data.store_access import BUCKET, REGION, StoreSecrets, access_files
from kontor.data.store_certificates import make_certificates
from kontor.errors import KontorError, Unavailable
from kontor.site import Site, free_ports, private_folder, write_private

_LONGEST_SOCKET_FOLDER = 90
_ADMIN_GRPC_OFFSET = 10_000
_IDLE_SECONDS = 5  # the store waits so long for unused connections when it stops (its own choice is 30)
_MEANT_FOR_OTHERS = ("AWS_", "WEED_", "S3_", "S3TABLES_")


@dataclass(frozen=True)
class StorePorts:
    """The ten loopback ports that the store listens on; only `s3` is for others.

    `admin_grpc` should be `admin` + 10000: the store's own maintenance looks for it there and nowhere else.
    """

    s3: int
    master: int
    volume: int
    filer: int
    admin: int
    s3_grpc: int
    master_grpc: int
    volume_grpc: int
    filer_grpc: int
    admin_grpc: int

    @classmethod
    def choose(cls) -> StorePorts:
        """Ten ports that are free now."""
        while True:
            first, *others = free_ports(9)
            admin_grpc = first + _ADMIN_GRPC_OFFSET
            if admin_grpc < 65536 and admin_grpc not in others and _is_free(admin_grpc):
                s3, master, volume, filer, s3_grpc, master_grpc, volume_grpc, filer_grpc = others
                return cls(s3, master, volume, filer, first, s3_grpc, master_grpc, volume_grpc, filer_grpc, admin_grpc)

    @classmethod
    def of(cls, site: Site) -> StorePorts:
        """The store's ports of an installation."""
        ports = site.ports
        return cls(
            s3=ports.store,
            master=ports.store_master,
            volume=ports.store_volume,
            filer=ports.store_filer,
            admin=ports.store_admin,
            s3_grpc=ports.store_s3_grpc,
            master_grpc=ports.store_master_grpc,
            volume_grpc=ports.store_volume_grpc,
            filer_grpc=ports.store_filer_grpc,
            admin_grpc=ports.store_admin_grpc,
        )


def write_config(folder: Path, *, ports: StorePorts, secrets: StoreSecrets, weed: str | None = None) -> list[str]:
    """Write the store's configuration under `folder` and return the command line that runs it.

    Run the command with `environment()`. Data is in `folder/data`; keep it. Call this only while the store is
    down, because it makes new certificates.

    Raises
    ------
    KontorError
        If the program `weed` is missing.
    """
    program = weed or find_weed()
    config = private_folder(private_folder(folder) / "config")
    data = private_folder(folder / "data")
    (data / "mini.options").unlink(missing_ok=True)  # `weed mini` would take old ports and switches from it
    for election in data.glob("m[0-9]*"):  # the master's memory of itself, one folder for each port it ever had
        shutil.rmtree(election)
    for name, text in access_files(make_certificates(config.resolve()), secrets).items():
        write_private(config / name, text)
    return [program, *_switches(folder.resolve(), ports)]


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment for the store: nothing that would add an administrator or change a setting.

    The store makes an admin of `AWS_ACCESS_KEY_ID`, and obeys every `WEED_*` and `S3_*` variable.
    """
    source = os.environ if base is None else base
    return {name: value for name, value in source.items() if not name.startswith(_MEANT_FOR_OTHERS)}


def remove_sockets(ports: StorePorts) -> None:
    """Remove the sockets that the store leaves in /tmp; call it when the store is down."""
    for name, port in vars(ports).items():
        part, _, grpc = name.partition("_")
        if grpc:
            Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108 (its choice)


def find_weed() -> str:
    """Path of the store's program, as installed beside this Python."""
    beside = Path(sysconfig.get_path("scripts")) / "weed"
    found = str(beside) if beside.is_file() else shutil.which("weed")
    if found is None:
        raise KontorError("The object store's program `weed` is missing. Remove the folder .venv and run `make setup`.")
    return found


def version(weed: str | None = None) -> str:
    """Version of the store's program, for example `4.48`."""
    command = [weed or find_weed(), "version"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    return next((word for word in said.split() if word[0].isdigit() and "." in word), said.strip())


def ready(url: str, *, timeout: float = 2.0) -> bool:
    """Whether the store answers at `url` and is locked: a caller without a key is refused, not served."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(url, timeout=timeout).close()
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code == 403
    except OSError:
        return False
    return False


def client(service: str, url: str, key: str, secret: str, token: str | None = None) -> Any:
    """A botocore client for `s3`, `sts` or `iam` at the store; nothing in the environment changes it."""
    nothing = (None, None, os.devnull, None)
    session = botocore.session.Session(
        {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
    )
    return session.create_client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(
            s3={"addressing_style": "path"},
            proxies={},
            connect_timeout=3,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": 3},
        ),
    )


def admin_client(site: Site) -> Any:
    """S3 client of the admin identity: for seeding data, never for a lab."""
    return client("s3", site.store_url, site.secret("store-admin-key"), site.secret("store-admin-secret"))


def ensure_bucket(s3: Any, bucket: str = BUCKET) -> None:
    """Make `bucket` if it is not there; safe to repeat.

    Raises
    ------
    Unavailable
        If the store does not answer or refuses.
    """
    try:
        present = {one["Name"] for one in s3.list_buckets()["Buckets"]}
        if bucket not in present:
            s3.create_bucket(Bucket=bucket)
    except (BotoCoreError, ClientError) as problem:
        raise Unavailable(
            f"The object store could not make its bucket {bucket!r} ({problem}). See the log of the store.",
            code="store_down",
        ) from problem


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _switches(folder: Path, ports: StorePorts) -> list[str]:
    config = folder / "config"
    sockets = [f"-{part}.localSocket={folder / f'{part}.sock'}" for part in ("filer", "s3")]
    if len(str(folder)) > _LONGEST_SOCKET_FOLDER:
        sockets = []  # the store then takes names in /tmp; the same locks are on them
    doors = {name.partition("_"): port for name, port in vars(ports).items()}
    listening = [f"-{part}.port{'.' if kind else ''}{kind}={port}" for (part, _, kind), port in doors.items()]
    return [
        f"-config_dir={config}",
        f"-logdir={private_folder(folder / 'log')}",
        "mini",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-idleTimeout={_IDLE_SECONDS}",
        *listening,
        "-disableHttp",
        *sockets,
        f"-s3.config={config / 'identities.json'}",
        f"-s3.iam.config={config / 'iam.json'}",
        "-s3.iam.readOnly=true",
        "-s3.autoCreateBucket=false",
        "-s3.allowDeleteBucketNotEmpty=false",
        f"-s3.allowedOrigins=http://127.0.0.1:{ports.s3}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
        "-master.resumeState=false",  # else one start in five answers writes only after 15 s; there is one master
        "-volume.preStopSeconds=0",
    ]
