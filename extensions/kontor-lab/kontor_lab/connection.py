"""Which Kontor this lab belongs to, from the environment that the hub gave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kontor_lab.errors import Refusal


@dataclass(frozen=True)
class Connection:
    """The addresses and the token of this lab.

    Parameters
    ----------
    service : str or None
        Address of the kontor service's API; None in a JupyterLab that belongs to no Kontor.
    token_file : Path or None
        File with the token for the service; read at each use, because tokens are renewed.
    pilot : str or None
        The pilot of a workspace; None in a personal lab.
    lobby : str or None
        Address of the lobby for browsers.
    gateway : str or None
        Address of the Dask gateway.
    hub_token : str or None
        Token for the Dask gateway.
    """

    service: str | None = None
    token_file: Path | None = None
    pilot: str | None = None
    lobby: str | None = None
    gateway: str | None = None
    hub_token: str | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Connection:
        """The connection that `environment` describes; empty values count as absent."""
        token_file = environment.get("KONTOR_TOKEN_FILE")
        return cls(
            service=environment.get("KONTOR_API", "").rstrip("/") or None,
            token_file=Path(token_file) if token_file else None,
            pilot=environment.get("KONTOR_PILOT") or None,
            lobby=environment.get("KONTOR_PUBLIC") or None,
            gateway=environment.get("DASK_GATEWAY__ADDRESS", "").rstrip("/") or None,
            hub_token=environment.get("JUPYTERHUB_API_TOKEN") or None,
        )

    @property
    def connected(self) -> bool:
        """Whether this lab belongs to a Kontor."""
        return self.service is not None

    def report(self) -> dict[str, object]:
        """What the panel may know; no token and no inner address."""
        reason = (
            None
            if self.connected
            else ("This JupyterLab was started on its own. To see your pilots, open your lab from the lobby of Kontor.")
        )
        return {"connected": self.connected, "reason": reason, "pilot": self.pilot, "lobby_url": self.lobby}

    def service_token(self) -> str:
        """The token for the service as it is now.

        Raises
        ------
        Refusal
            503 if there is none.
        """
        try:
            token = self.token_file.read_text().strip() if self.token_file else ""
        except OSError:
            token = ""
        if not token:
            raise Refusal(503, "no_token", "Your lab has lost its key to Kontor. Stop it and open it from the lobby.")
        return token
