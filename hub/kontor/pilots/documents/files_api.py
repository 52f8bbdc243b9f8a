"""Route about files of a pilot: `/api/pilots/{slug}/files`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from kontor.people.paging import FromPaging, Page
from kontor.people.refusals import refusals
from kontor.people.requests import FromCaller, InSession
from kontor.pilots import standing
from kontor.pilots.documents import file_names, files
from kontor.pilots.membership.members_api import Slug

router = APIRouter(tags=["files"])


class FileView(BaseModel):
    """A file or folder; `kind` is `folder`, `notebook`, `picture`, `table`, `text` or `other`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: str
    kind: str
    size: int | None
    changed: datetime


@router.get("/pilots/{slug}/files", summary="What is in a folder of a pilot", responses=refusals(404))
def of_folder(
    request: Request,
    session: InSession,
    caller: FromCaller,
    paging: FromPaging,
    slug: Slug,
    path: Annotated[
        str,
        Query(
            max_length=file_names.LONGEST_PATH, description="The folder, relative to the pilot's; empty for the top."
        ),
    ] = "",
) -> Page[FileView]:
    """Folders first, by name. Members of the pilot may, and its workspace. Links and hidden files are left out."""
    standing.working(standing.of_caller(session, caller, slug))
    root = request.app.state.site.pilot_folders / slug
    listed = files.names_in(root, path)
    part = files.entries(root, listed, start=paging.offset, count=paging.limit)
    return Page(
        items=[FileView(**vars(one)) for one in part],
        total=len(listed.names),
        offset=paging.offset,
        limit=paging.limit,
    )
