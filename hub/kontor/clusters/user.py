"""Who calls the gateway, and what they may do with clusters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dask_gateway_server.models import User

from kontor import names


class PilotUser(User):  # type: ignore[misc]
    """A caller: a person, a workspace, or the kontor service.

    Access follows the pilot and nothing else: whoever has left a pilot loses its clusters, also those that they
    started; being an administrator of the hub gives no access to anybody's computation.

    Parameters
    ----------
    name : str
        Account name; services are `service:<name>`.
    groups : iterable of str
        Hub groups. Those named `pilot-<slug>` are the pilots for which the caller may run code.
    is_service : bool
        Whether this is the kontor service, which acts for all pilots.
    """

    def __init__(self, name: str, groups: Iterable[str] = (), *, is_service: bool = False) -> None:
        super().__init__(name, groups=groups, admin=False)
        self.is_service = is_service
        self.pilots = tuple(sorted({slug for group in self.groups if (slug := names.pilot_of_group(group))}))

    @property
    def own_pilot(self) -> str | None:
        """The pilot that a cluster is for if the caller does not say: a workspace's own, or the only one."""
        workspace = names.pilot_of_workspace(self.name)
        if workspace in self.pilots:
            return workspace
        return self.pilots[0] if len(self.pilots) == 1 else None

    def may_use(self, pilot: str | None) -> bool:
        """Whether the caller may see, use and stop clusters of `pilot`."""
        return pilot is not None and (self.is_service or pilot in self.pilots)

    def has_permissions(self, cluster: Any) -> bool:
        """Asked by the gateway's routes before connect, scale, adapt and stop."""
        return self.may_use(cluster.options.get("pilot"))
