"""What routes depend on: a database session, and the caller of the API.

The application keeps `sessions` (a sessionmaker) and `callers` (Callers) in its state; routes say what they need
by type: ``def route(session: InSession, caller: FromCaller) -> ...``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from kontor.people.callers import Caller, Callers


def _session(request: Request) -> Iterator[Session]:
    """A session for this request; what it wrote is kept if the route succeeds."""
    with request.app.state.sessions() as session, session.begin():
        yield session


async def _caller(request: Request) -> Caller:
    callers: Callers = request.app.state.callers
    return await callers.who(request.headers.get("authorization"))


InSession = Annotated[Session, Depends(_session, scope="function")]
FromCaller = Annotated[Caller, Depends(_caller)]
