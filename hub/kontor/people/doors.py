"""The door of a workspace that is closed: strangers are refused with 403 and a sentence.

JupyterHub answers 404 there, which tells a person who mistyped nothing, and a person who should be let in even less.
"""

from __future__ import annotations

from jupyterhub.handlers.base import UserUrlHandler
from tornado.web import HTTPError

from kontor.names import WORKSPACE_PREFIX
from kontor.words import _

WORKSPACE_ROUTE = rf"/user/(?P<user_name>{WORKSPACE_PREFIX}[^/]+)(?P<user_path>/.*)?"


class WorkspaceDoor(UserUrlHandler):  # type: ignore[misc]
    """JupyterHub's page for a server that does not run, for workspaces."""

    async def get(self, user_name: str, user_path: str | None) -> None:
        """As JupyterHub's, but 403 for a person who may not enter, whether there is such a workspace or not."""
        try:
            await super().get(user_name, user_path)
        except HTTPError as error:
            if error.status_code != 404 or self.current_user is None:
                raise
            raise HTTPError(
                403,
                _(
                    "This workspace is open to the editors and leads of its pilot. If you became one just now, wait a "
                    "moment and load the page again; otherwise ask the lead of the pilot."
                ),
            ) from None
