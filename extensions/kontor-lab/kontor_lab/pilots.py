"""The pilots of this lab and their data sets, as the kontor service tells them."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from kontor_lab.errors import Refusal
from kontor_lab.fetch import fetch_json
from kontor_lab.handler import KontorHandler, members_only

#: Roles that may run code. The service's table of roles decides; tests/extension compares this with it.
ROLES_THAT_RUN: Final = frozenset({"runner", "editor", "lead"})

#: How many pilots are asked for at once; the service gives no more.
PART: Final = 200

SILENT: Final = (
    502,
    "service_unreachable",
    "Kontor does not answer at the moment. Your notebooks are not affected; the panel tries again by itself.",
)
STALE: Final = (502, "lab_unknown", "Kontor does not know this lab any more. Stop it and open it again from the lobby.")


class ConnectionHandler(KontorHandler):
    """Whether this lab belongs to a Kontor."""

    @members_only
    async def get(self) -> None:
        self.finish(self.connection.report())


class PilotsHandler(KontorHandler):
    """The pilots that this lab may see, each with `may_run`."""

    @members_only
    async def get(self) -> None:
        pilots = await all_pilots(self)
        for pilot in pilots:
            inside = self.connection.pilot == pilot["slug"]
            pilot["may_run"] = inside or pilot["role"] in ROLES_THAT_RUN
        self.finish({"pilots": pilots})


class DatasetsHandler(KontorHandler):
    """The data sets of one pilot."""

    @members_only
    async def get(self, slug: str) -> None:
        self.finish(await ask_service(self, f"/pilots/{quote(slug, safe='')}/datasets"))


async def all_pilots(handler: KontorHandler) -> list[dict[str, Any]]:
    """Every pilot that the lab may see; the service gives them in parts.

    Raises
    ------
    Refusal
        As `ask_service`.
    """
    found: list[dict[str, Any]] = []
    while True:
        part = await ask_service(handler, f"/pilots?offset={len(found)}&limit={PART}")
        found += part["items"]
        if not part["items"] or len(found) >= part["total"]:
            return found


async def ask_service(handler: KontorHandler, path: str) -> dict[str, Any]:
    """What the service answers to GET `path`.

    Raises
    ------
    Refusal
        With the service's own sentence and status if it refuses; 502 if it fails, is silent or is not the service.
    """
    url = handler.service() + path
    authorization = f"Bearer {handler.connection.service_token()}"
    status, content = await fetch_json("GET", url, authorization=authorization, silent=Refusal(*SILENT))
    if status == 200 and isinstance(content, dict):
        return content
    if status == 401:
        raise Refusal(*STALE)
    error = content.get("error") if isinstance(content, dict) else None
    if 400 <= status < 500 and isinstance(error, dict):
        raise Refusal(status, str(error.get("code")), str(error.get("message")))
    handler.log.error("The kontor service answered %s to %s", status, path)
    raise Refusal(*SILENT)
