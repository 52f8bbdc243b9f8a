"""What every page of a pilot shows: where it stands, its title, the way to its other pages."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kontor.pilots import budget, standing
from kontor.pilots.budget import BudgetStanding
from kontor.pilots.standing import Standing
from kontor.web.pages import page
from kontor.web.signin import Visitor
from kontor.words import N_

TABS: dict[str, tuple[str, str]] = {
    "overview": ("", N_("Overview")),
    "people": ("/people", N_("People")),
    "files": ("/files", N_("Files")),
    "budget": ("/budget", N_("Budget")),
    "log": ("/log", N_("Log")),
}


def standing_of(request: Request, session: Session, visitor: Visitor, slug: str) -> Standing:
    """The visitor's standing in a pilot, as a member or by an office; raises NotFound or NotAllowed without one."""
    return standing.of_person(session, visitor.name, slug, offices=request.app.state.offices)


def pilot_page(
    request: Request,
    template: str,
    *,
    visitor: Visitor,
    place: Standing,
    tab: str,
    status: int = 200,
    **values: Any,
) -> Response:
    """A page of a pilot.

    Parameters
    ----------
    template : str
        Extends `pilot_frame.html` and fills its block `inside`.
    tab : str
        A key of TABS.
    """
    return page(
        request,
        template,
        visitor=visitor,
        here="pilots",
        status=status,
        place=place,
        budget_standing=_budget(request, place),
        facts=place.pilot,
        slug=place.pilot.slug,
        tabs=TABS,
        tab=tab,
        **values,
    )


def _budget(request: Request, place: Standing) -> BudgetStanding | None:
    """How the budget stands, for the notice on all pages of a pilot that works or could; one query."""
    if place.pilot.state != "active":
        return None
    with request.app.state.sessions() as session:
        return budget.standing.of(session, place.pilot.slug, request.app.state.site.settings.budget)
