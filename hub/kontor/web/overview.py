"""What the overview of a pilot shows, read from the tables in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fastapi import Request
from sqlalchemy.orm import Session

from kontor.data import catalogue
from kontor.data.catalogue import DataSet
from kontor.database import now as this_moment
from kontor.people import store as people
from kontor.pilots import helix
from kontor.pilots.helix import Mix
from kontor.pilots.life import deciding, ending, revisions
from kontor.pilots.life.api import house_of
from kontor.pilots.life.draft import GUARDED, Draft, hints_for
from kontor.pilots.life.plan import Plan, plan_of, proposed_on
from kontor.pilots.lifecycle import Step, day_of
from kontor.pilots.standing import Standing
from kontor.pilots.view import PilotView, pilot_view
from kontor.web.pilot_frame import standing_of
from kontor.web.signin import Visitor
from kontor.web.steps import told_of, undo_of
from kontor.web.timeline import Timeline, timeline


@dataclass(frozen=True)
class Said:
    """What was just done, and the step that takes it back, with the day that it was before."""

    sentence: str
    undo: str | None
    ends: date | None


@dataclass(frozen=True)
class Overview:
    """Everything that the page shows of a pilot.

    Parameters
    ----------
    datasets : list
        Empty for those who may not see which data there is.
    steps : dict
        The steps that the reader may take, by name; approving and declining have a form of their own.
    decides : bool
        Whether the reader approves or declines the proposal; nobody does who takes part in it.
    """

    place: Standing
    view: PilotView
    datasets: list[DataSet]
    draft: Draft
    mix: Mix
    hints: list[str]
    plan: Plan
    timeline: Timeline
    steps: dict[str, Step]
    decides: bool
    may_edit: bool
    may_export: bool
    may_delete: bool
    proposer: str | None
    said: Said | None

    @property
    def guarded(self) -> bool:
        """Whether its data needs an agreement."""
        return self.place.pilot.class_ in GUARDED


def read(request: Request, visitor: Visitor, slug: str, done: str = "", was: str = "") -> Overview:
    """The overview of a pilot for one reader; raises as `standing_of`."""
    state, moment = request.app.state, this_moment()
    house, today = house_of(request), day_of(moment)
    with state.sessions() as session:
        place = standing_of(request, session, visitor, slug)
        pilot = place.pilot
        draft = revisions.draft_of(session, pilot)
        plan = plan_of(pilot, house.settings.pilots, today=today, proposed=proposed_on(session, slug))
        steps = deciding.steps_open(place, visitor.name)
        return Overview(
            place=place,
            view=pilot_view(
                session,
                place,
                portraits=state.portraits,
                here=state.presence.here(slug) if place.mode == "working" else (),
                service_url=state.site.service_public_url,
            ),
            datasets=catalogue.datasets_of(session, slug) if _sees_data(place) else [],
            draft=draft,
            mix=helix.mix(draft.organisations, house.partners),
            hints=hints_for(draft, partners=house.partners) if place.mode == "planning" else [],
            plan=plan,
            timeline=timeline(plan, today=today),
            steps={name: step for name, step in steps.items() if name not in deciding.DECISIONS},
            decides="approve" in steps,
            may_edit=bool(revisions.open_fields(pilot.state, place.who)),
            may_export=ending.may_export(place),
            may_delete=_may_delete(place),
            proposer=_called(session, pilot.proposed_by),
            said=_said(place, done, was, visitor.name),
        )


def _sees_data(place: Standing) -> bool:
    """Members see which data there is while it is open, and which there was once the pilot is archived."""
    return place.role is not None and place.mode != "planning"


def _may_delete(place: Standing) -> bool:
    pilot = place.pilot
    done = pilot.deletion_asked or pilot.data_deleted
    return place.office is not None and pilot.state == "archived" and not done


def _called(session: Session, account: str | None) -> str | None:
    who = people.get(session, account) if account else None
    return who.display_name if who else None


def _said(place: Standing, done: str, was: str, person: str) -> Said | None:
    sentence = told_of(done)
    if sentence is None:
        return None
    try:
        before = date.fromisoformat(was)
    except ValueError:
        before = None
    return Said(sentence, undo_of(done, place, before, person), before)
