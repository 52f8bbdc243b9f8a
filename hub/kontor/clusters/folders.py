"""A cluster's private folder, `STATE/run/clusters/<name>/`:

    token        the cluster's token for the kontor service, mode 0400
    dask.crt     the cluster's certificate        dask.pem   its key
    logs/        what scheduler and workers print
    home/        their home and temporary folder

All of it is mode 0700 and goes when the cluster ends.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from kontor.site import private_folder, write_private


@dataclass(frozen=True)
class ClusterFolder:
    """Where a cluster's things are."""

    path: Path

    @property
    def token(self) -> Path:
        return self.path / "token"

    @property
    def certificate(self) -> Path:
        return self.path / "dask.crt"

    @property
    def key(self) -> Path:
        return self.path / "dask.pem"

    @property
    def home(self) -> Path:
        return self.path / "home"

    def log(self, process: str) -> Path:
        """Where a process of the cluster (`scheduler`, `worker-<name>`) prints to."""
        return self.path / "logs" / f"{process}.log"

    def make(self, *, token: str, certificate: str, key: str) -> None:
        """Make the folder with what the processes need; an older one of that name goes first."""
        self.remove()
        for folder in (self.path.parent, self.path, self.path / "logs", self.home):
            private_folder(folder)
        write_private(self.certificate, certificate)
        write_private(self.key, key)
        write_private(self.token, token, mode=0o400)

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        if self.path.exists():
            shutil.rmtree(self.path)

    def tail(self, process: str, lines: int = 20) -> str:
        """The last lines that a process printed; empty if it printed nothing."""
        try:
            text = self.log(process).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])
