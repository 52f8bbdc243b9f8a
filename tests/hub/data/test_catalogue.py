"""The register of data sets: what may be entered, and that data does not change in place."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import ACTIONS
from kontor.data import catalogue
from kontor.data.catalogue import DataSet
from kontor.database import engine_for, session_factory, upgrade
from kontor.errors import Conflict, NotFound
from kontor.pilots import store


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    url = f"sqlite:///{tmp_path / 'kontor.sqlite'}"
    upgrade(url)
    with session_factory(url)() as session:
        for slug in ("knee-mr", "other"):
            pilot = store.Pilot(slug, slug, "", "open", "active", None, None, None, date(2026, 1, 1), None)
            store.create(session, pilot)
        yield session
    engine_for(url).dispose()


def record(**values: Any) -> DataSet:
    given = {
        "pilot": "knee-mr",
        "name": "brain-mr",
        "title": "A brain",
        "technique": "MR",
        "format": "nifti",
        "size": 5,
        "sha256": "a" * 64,
        "origin": "somewhere",
        "licence": "CC0",
        "object": "raw/knee-mr/brain-mr/file.nii.gz",
        "zarr": "raw/knee-mr/brain-mr.zarr",
        **values,
    }
    return DataSet.model_validate(given)


def test_what_was_entered_is_found(session: Session) -> None:
    catalogue.register(session, record())
    catalogue.register(session, record(name="another", preview="raw/knee-mr/another.png"))
    assert [one.id for one in catalogue.datasets_of(session, "knee-mr")] == ["knee-mr/another", "knee-mr/brain-mr"]
    assert catalogue.get(session, "knee-mr", "brain-mr") == record()
    assert catalogue.get(session, "other", "brain-mr") is None
    assert catalogue.datasets_of(session, "other") == []


def test_entering_again_brings_the_words_up_to_date_and_is_no_news(session: Session) -> None:
    catalogue.register(session, record())
    catalogue.register(session, record(title="The same brain"))
    found = catalogue.get(session, "knee-mr", "brain-mr")
    assert found is not None
    assert found.title == "The same brain"
    assert [one.action for one in trail.latest(session, ["knee-mr"], actions=ACTIONS)].count("data_added") == 1


def test_other_bytes_under_the_same_name_are_refused(session: Session) -> None:
    catalogue.register(session, record())
    with pytest.raises(Conflict) as refusal:
        catalogue.register(session, record(sha256="b" * 64, title="Another brain"))
    assert refusal.value.code == "name_taken"
    assert catalogue.get(session, "knee-mr", "brain-mr") == record()


def test_a_data_set_needs_a_pilot(session: Session) -> None:
    with pytest.raises(NotFound) as refusal:
        catalogue.register(session, record(pilot="nowhere", object="raw/nowhere/x", zarr=None))
    assert refusal.value.code == "no_such_pilot"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"name": "Brain MR"}, id="name is no slug"),
        pytest.param({"size": -1}, id="negative size"),
        pytest.param({"sha256": "A" * 64}, id="checksum in capitals"),
        pytest.param({"sha256": "a" * 63}, id="checksum too short"),
        pytest.param({"title": ""}, id="no title"),
        pytest.param({"licence": ""}, id="no licence"),
        pytest.param({"object": "raw/other/file"}, id="object of another pilot"),
        pytest.param({"object": "scratch/knee-mr/file"}, id="object outside raw"),
        pytest.param({"zarr": "raw/knee-mr-2/x.zarr"}, id="index of a pilot with a longer name"),
        pytest.param({"preview": "raw/other/x.png"}, id="preview of another pilot"),
        pytest.param({"colour": "blue"}, id="unknown key"),
    ],
)
def test_what_cannot_be_a_data_set_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        record(**values)
