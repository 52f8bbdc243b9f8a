"""Signing in: from an issuer's answer to one of our people.

A person's key is the issuer's alias and the subject; the account name is derived from both and opaque. Name,
partner and country come from the claims through the partner table; no raw claim is kept, no mail address is read.
"""

from __future__ import annotations

import asyncio
from typing import Any

from jupyterhub.handlers.static import CacheControlStaticFilesHandler
from oauthenticator.generic import GenericOAuthenticator
from tornado.web import HTTPError
from traitlets import Any as AnyTrait
from traitlets import Unicode

from kontor.audit import trail
from kontor.database import session_factory
from kontor.errors import KontorError
from kontor.names import account_name
from kontor.people import store
from kontor.people.claims import Claims, ClaimsError, read_claims
from kontor.people.doors import WORKSPACE_ROUTE, WorkspaceDoor
from kontor.people.faces import color, initials
from kontor.people.partners import load_partners
from kontor.site import Site
from kontor.words import _


class KontorAuthenticator(GenericOAuthenticator):  # type: ignore[misc]
    """oauthenticator's generic class with opaque names and people recorded at login."""

    site = AnyTrait(help="The installation (kontor.site.Site).").tag(config=True)
    issuer_alias = Unicode(help="Alias of the issuer; part of every account name it gives.").tag(config=True)

    look_route = Unicode(help="Route below the hub's prefix under which the look is served.").tag(config=True)
    look_folder = Unicode(
        help="Folder of the stylesheet; the hub serves it, so that signing in looks right by itself."
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.partners = load_partners()

    def get_handlers(self, app: Any) -> list[Any]:
        """The sign-in routes, the look, and the door of closed workspaces."""
        look = (self.look_route, CacheControlStaticFilesHandler, {"path": self.look_folder})
        return [*super().get_handlers(app), look, (WORKSPACE_ROUTE, WorkspaceDoor)]

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """The opaque account name; never logs the claims."""
        return account_name(self.issuer_alias, self._claims(user_info).subject)

    def build_auth_state_dict(self, token_info: dict[str, Any], user_info: dict[str, Any]) -> dict[str, Any]:
        """Keep the mapped claims for this login only; neither tokens nor raw claims."""
        return {self.user_auth_state_key: self._claims(user_info)}

    async def update_auth_model(self, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Record the person, derive their access, and give the hub what labs may show of them."""
        claims: Claims = auth_model["auth_state"][self.user_auth_state_key]
        name: str = auth_model["name"]
        await asyncio.to_thread(self._record, name, claims)
        auth_model["auth_state"] = None
        auth_model["user_info"] = {
            "display_name": claims.display_name,
            "initials": initials(claims.display_name),
            "color": color(name),
        }
        return auth_model

    def _record(self, name: str, claims: Claims) -> None:
        site: Site = self.site
        with session_factory(site.database_url)() as session, session.begin():
            store.record_login(
                session,
                name=name,
                issuer=self.issuer_alias,
                subject=claims.subject,
                display_name=claims.display_name,
                partner=claims.partner,
                country=claims.country,
            )
            trail.record(session, "signed_in", actor=name, person=name, issuer=self.issuer_alias)

    def _claims(self, user_info: dict[str, Any]) -> Claims:
        try:
            return read_claims(user_info, self.partners)
        except ClaimsError as error:
            raise HTTPError(
                403, _("You could not be signed in. {reason}").format(reason=error), reason="Sign-in refused"
            ) from error
        except KontorError as error:
            raise HTTPError(500, _("You could not be signed in. Please tell the operator.")) from error
