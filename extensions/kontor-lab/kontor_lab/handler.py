"""What every handler of ours has: the permission it needs, and errors in one JSON shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import authenticated

from kontor_lab.connection import Connection
from kontor_lab.errors import FAILED, GENERAL, Refusal, body

Method = TypeVar("Method", bound=Callable[..., object])


def members_only(method: Method) -> Method:
    """Only for people whom the hub has signed in to this lab and who may use the resource `kontor`."""
    return cast(Method, authenticated(authorized(method)))


class KontorHandler(APIHandler):  # type: ignore[misc]
    """A handler of ours.

    What the panel asks by itself is no activity, or an open tab would keep a lab alive for ever.
    """

    auth_resource = "kontor"
    _track_activity = False

    @property
    def connection(self) -> Connection:
        found: Connection = self.settings["kontor_connection"]
        return found

    def service(self) -> str:
        """Address of the service's API; refuses in a lab that is not connected."""
        if self.connection.service is None:
            raise Refusal(503, "not_connected", str(self.connection.report()["reason"]))
        return self.connection.service

    def json_body(self) -> dict[str, Any]:
        """The request's body, which must be a JSON object."""
        try:
            found = json.loads(self.request.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Refusal(400, *GENERAL[400])
        return found

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Whatever goes wrong reaches the panel as `{"error": {"code", "message", "status"}}`."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        code, message = (error.code, error.message) if isinstance(error, Refusal) else GENERAL.get(status_code, FAILED)
        self.finish(json.dumps(body(code, message, status_code)))
