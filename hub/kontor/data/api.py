"""Routes about data: the register of a pilot, one data set, and the keys to the object store."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from kontor import names
from kontor.audit import hourly
from kontor.data import catalogue
from kontor.data.catalogue import DataSet
from kontor.data.credentials import Broker, ContainerCredentials
from kontor.errors import NotAllowed, NotFound
from kontor.people.callers import Caller
from kontor.people.refusals import refusals
from kontor.people.requests import FromCaller, FromFreshCaller, InSession
from kontor.pilots import granted, standing
from kontor.words import _

router = APIRouter(tags=["data"], responses=refusals(404))

READER = "viewer"
"""The role whose keys everybody gets while a pilot is read-only."""


class DataSetView(BaseModel):
    """A data set as programs see it; `object` and `zarr` are keys in the bucket, `preview` is a page's address."""

    id: str
    pilot: str
    name: str
    title: str
    technique: str
    format: str
    size: int
    sha256: str
    origin: str
    licence: str
    facility: str | None
    note: str
    object: str
    zarr: str | None
    preview: str | None


class DataSets(BaseModel):
    datasets: list[DataSetView]


@router.get("/pilots/{slug}/datasets", summary="A pilot's data sets")
def datasets(request: Request, session: InSession, caller: FromCaller, slug: str) -> DataSets:
    standing.working(standing.of_caller(session, caller, slug))
    return DataSets(datasets=[_view(request, one) for one in catalogue.datasets_of(session, slug)])


@router.get("/datasets/{pilot}/{name}", summary="One data set")
def dataset(request: Request, session: InSession, caller: FromCaller, pilot: str, name: str) -> DataSetView:
    standing.working(standing.of_caller(session, caller, pilot))
    found = find(session, pilot, name)
    hourly.record(session, "data_opened", actor=_actor(caller), pilot=pilot, dataset=found.id)
    return _view(request, found)


def _generation(session: InSession, pilot: str) -> int:
    """The generation of new keys; asked before anything about the caller, so that what they lose meanwhile counts."""
    return granted.generation_of(session, pilot)


@router.get("/store/credentials/{pilot}", summary="Keys to a pilot's data, in the form that AWS clients expect")
def store_credentials(
    request: Request,
    response: Response,
    session: InSession,
    generation: Annotated[int, Depends(_generation)],
    caller: FromFreshCaller,
    pilot: str,
) -> ContainerCredentials:
    place = standing.working(standing.of_caller(session, caller, pilot))
    if caller.kind == "workspace" and granted.workspace_closes(session, pilot):
        raise NotAllowed(
            _("The workspace is just being closed, because somebody left the pilot. It opens again in a moment."),
            code="workspace_closing",
        )
    role = place.role if place.mode == "working" else READER
    broker: Broker = request.app.state.broker
    response.headers["Cache-Control"] = "no-store"
    minutes: int = request.app.state.site.settings.store.credential_minutes
    keys = broker.credentials(pilot, role, caller=_label(caller), generation=generation, seconds=60 * minutes)
    hourly.record(session, "data_attached", actor=_actor(caller), pilot=pilot, role=role)
    return keys


def find(session: Session, pilot: str, name: str) -> DataSet:
    """A data set of a pilot, or NotFound with a sentence."""
    found = catalogue.get(session, pilot, name)
    if found is None:
        raise NotFound(
            _("The pilot {pilot} has no data set {name!r}.").format(pilot=pilot, name=name[:60]), code="no_such_dataset"
        )
    return found


def _label(caller: Caller) -> str:
    return caller.name if caller.kind != "cluster" else f"cluster-{caller.name}"[:64]


def _actor(caller: Caller) -> str:
    """Who the log says it was: workspaces and clusters act for their pilot, in which several people work."""
    return names.workspace_account(caller.pilot) if caller.pilot is not None else caller.name


def _view(request: Request, one: DataSet) -> DataSetView:
    base: str = request.app.state.site.service_public_url
    preview = f"{base}data/{one.pilot}/{one.name}/preview.png" if one.preview else None
    return DataSetView(**{**one.model_dump(), "id": one.id, "preview": preview})
