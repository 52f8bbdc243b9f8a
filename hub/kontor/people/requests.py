"""What routes depend on: a database session, and the caller of the API.

The application keeps `sessions` (a sessionmaker) and `callers` (Callers) in its state; routes say what they need
by type: ``def route(session: InSession, caller: FromCaller) -> ...``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from kontor.errors import NotAllowed
from kontor.names import MANAGE_SCOPE
from kontor.people.callers import Caller, Callers, NotSignedIn
from kontor.pilots import granted
from kontor.words import _


def _session(request: Request) -> Iterator[Session]:
    """A session for this request; what it wrote is kept if the route succeeds."""
    with request.app.state.sessions() as session, session.begin():
        yield session


async def _caller(request: Request) -> Caller:
    return await _who(request, fresh=False)


async def _fresh_caller(request: Request) -> Caller:
    return await _who(request, fresh=True)


async def _who(request: Request, *, fresh: bool) -> Caller:
    """The caller; a cluster's token is good only if nobody who has its keys has lost access since it started.

    Raises
    ------
    NotSignedIn, NotAllowed
        As `Callers.who`, and `cluster_ended`.
    """
    callers: Callers = request.app.state.callers
    caller = await callers.who(request.headers.get("authorization"), fresh=fresh)
    if caller.started is not None and await run_in_threadpool(_has_ended, request, caller):
        raise NotSignedIn(
            _("This cluster was ended, because somebody who had its keys left the pilot. Start a new one."),
            code="cluster_ended",
        )
    return caller


def _has_ended(request: Request, caller: Caller) -> bool:
    assert caller.started
    with request.app.state.sessions() as session:
        return granted.cluster_has_ended(session, caller.pilot or "", caller.started)


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
FromFreshCaller = Annotated[Caller, Depends(_fresh_caller)]
FromManager = Annotated[Caller, Depends(_manager)]
