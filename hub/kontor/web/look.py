"""The look: where the stylesheet and the hub's templates lie, and what those templates need to be told.

Three things wear it: the pages of the kontor service, the pages of JupyterHub (which serves the same static
folder itself, so that its sign-in page is whole even while the service is down), and the demo issuer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from kontor import names

STATIC = Path(__file__).parent / "static"
HUB_TEMPLATES = Path(__file__).parent / "templates" / "hub"
HUB_STATIC_ROUTE = r"/look/(.*)"


class Person(Protocol):
    """Who is shown in the head of a page (`people.portrait.Portrait` is one); `tone` is a class, `c0` to `c9`."""

    @property
    def display_name(self) -> str: ...
    @property
    def partner(self) -> str | None: ...
    @property
    def initials(self) -> str: ...
    @property
    def tone(self) -> str: ...


def hub_template_vars(
    *,
    title: str,
    hub_prefix: str,
    lobby_url: str,
    domain: str,
    demo: bool,
    person: Callable[[Any], Person | None],
) -> dict[str, Any]:
    """Everything that the templates of the hub read beside JupyterHub's own variables.

    Parameters
    ----------
    title : str
        What this installation calls itself.
    hub_prefix : str
        The hub's own path, `/hub/`.
    lobby_url : str
        Public address of the lobby, with a slash at the end.
    domain : str
        The domain that hub, lobby and issuer share, without the port: the choice of theme is kept for it.
    demo : bool
        Whether people sign in through the demo issuer.
    person : callable
        From JupyterHub's `user` (None before sign-in) to the person shown in the head of the page, or None.
        JupyterHub calls it for every page.
    """
    return {
        "kontor_title": title,
        "kontor_static_url": f"{hub_prefix}look/",
        "kontor_lobby_url": lobby_url,
        "kontor_domain": domain,
        "kontor_demo": demo,
        "kontor_person": person,
        "kontor_workspace_prefix": names.WORKSPACE_PREFIX,
    }
