"""What may be asked for when a cluster is started.

    pilot       whose cluster it is; one of the caller's pilots
    workers     how many workers it begins with
    started_by  for the kontor service only: the account on whose behalf it starts the cluster

A notebook writes `Gateway().new_cluster(pilot="knee-mr", workers=2)`; in a workspace the pilot can be left out.
"""

from __future__ import annotations

from typing import Any

from dask_gateway_server.options import Integer, Options, Select, String

from kontor import names
from kontor.clusters.limits import Limits
from kontor.clusters.user import PilotUser
from kontor.errors import KontorError


class PilotChoice(Select):  # type: ignore[misc]
    """The pilot: one of the caller's, or any for the kontor service.

    An empty choice stands for "not said" where there is no default, so that clients can show the form.
    """

    _user: PilotUser | None = None

    def __init__(self, user: PilotUser) -> None:
        own = user.own_pilot
        super().__init__("pilot", list(user.pilots) if own else ["", *user.pilots], default=own or "", label="Pilot")
        self._user = user

    def validate(self, x: object) -> str:
        """`x` if the caller may start clusters for it; raises ValueError with a sentence.

        While the field is made, the base class asks about the default, which may be "not said".
        """
        if self._user is None:
            return str(super().validate(x))
        if not isinstance(x, str):
            raise ValueError("The pilot must be given by its short name, for example pilot='knee-mr'.")
        if self._user.is_service:
            return _slug(x)
        if self._user.may_use(x):
            return x
        if not self._user.pilots:
            raise ValueError("You are in no pilot in which you may run clusters. Ask the lead of your pilot.")
        yours = ", ".join(self._user.pilots)
        if not x:
            raise ValueError(
                f"Say which pilot the cluster is for, for example pilot={self._user.pilots[0]!r}. Yours are: {yours}."
            )
        raise ValueError(f"You may not run clusters of the pilot {x[:40]!a}. Yours are: {yours}.")

    def transform(self, x: object) -> str:
        return self.validate(x)


class WorkerCount(Integer):  # type: ignore[misc]
    """How many workers a cluster begins with."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        super().__init__("workers", default=0, min=0, max=limits.workers, label="Workers")

    def validate(self, x: object) -> int:
        """`x` if it is a possible number of workers; raises ValueError with a sentence."""
        if refusal := self._limits.refuse_number(x):
            raise ValueError(refusal)
        assert isinstance(x, int)
        return x


class Account(String):  # type: ignore[misc]
    """A person's or workspace's account name, or nothing."""

    def __init__(self) -> None:
        super().__init__("started_by", default="", label="Started by")

    def validate(self, x: object) -> str:
        """`x` if it is an account name or empty; raises ValueError with a sentence."""
        if isinstance(x, str) and (not x or names.is_person(x) or names.pilot_of_workspace(x)):
            return x
        raise ValueError("started_by must be the account name of a person or a workspace.")


def options_for(user: PilotUser, limits: Limits) -> Options:
    """What `user` may ask for."""
    fields: list[Any] = [PilotChoice(user), WorkerCount(limits)]
    if user.is_service:
        fields.append(Account())
    return Options(*fields, handler=_no_overrides)


def _no_overrides(options: Any) -> dict[str, Any]:
    """Nothing that a caller chooses changes the commands, memory or environment of a cluster."""
    return {}


def _slug(text: str) -> str:
    try:
        return names.check_slug(text)
    except KontorError as error:
        raise ValueError(str(error)) from None
