"""What routes depend on: a database session, and the caller of the API.

The application keeps `sessions` (a sessionmaker) and `callers` (Callers) in its state; routes say what they need
by type: ``def route(session: InSession, caller: FromCaller) -> ...``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from kontor.errors import NotAllowed
from kontor.names import MANAGE_SCOPE
from kontor.people.callers import Caller, Callers


def _session(request: Request) -> Iterator[Session]:
    """A session for this request; what it wrote is kept if the route succeeds."""
    with request.app.state.sessions() as session, session.begin():
        yield session


async def _caller(request: Request) -> Caller:
    callers: Callers = request.app.state.callers
    return await callers.who(request.headers.get("authorization"))


async def _manager(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    """A person whose token may change pilots and people.

    Raises
    ------
    NotAllowed
        For workspaces, clusters and tokens without the scope.
    """
    if caller.kind != "person":
        raise NotAllowed("Only people change pilots and their members.", code="wrong_caller")
    if not caller.may_manage:
        raise NotAllowed(
            f"This token may only read. Make one with the scope {MANAGE_SCOPE} on the hub's page for tokens.",
            code="narrow_token",
        )
    return caller


InSession = Annotated[Session, Depends(_session, scope="function")]
FromCaller = Annotated[Caller, Depends(_caller)]
FromManager = Annotated[Caller, Depends(_manager)]
