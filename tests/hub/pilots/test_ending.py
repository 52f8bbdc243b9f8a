"""The end of a pilot: who takes its files along, what is in the zip, and that nothing of others is ever deleted."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kontor.audit import trail
from kontor.data import objectstore
from kontor.database import engine_for, session_factory, upgrade
from kontor.errors import Conflict, NotAllowed, Unavailable
from kontor.people import store as people
from kontor.pilots import store
from kontor.pilots.life import clock, ending, export
from kontor.pilots.standing import Standing
from kontor.settings import Settings
from kontor.site import Ports, Site
from tests.hub.pilots.drafts import NOW, STEWARD, TODAY, a_pilot

FACTS = export.Facts(
    pilot={"title": "Knees <b>", "question": "Why?", "slug": "knee-mr"},
    members=[{"account": "u1", "name": "Ada", "role": "lead"}],
    datasets=[{"name": "brain", "title": "A brain", "licence": "CC0", "sha256": "0" * 64}],
)


@pytest.mark.parametrize(
    ("class_", "state", "role", "office", "may"),
    [
        ("open", "active", "lead", None, True),
        ("standard", "active", "lead", None, True),
        ("standard", "closing", "lead", None, True),
        ("standard", "active", "editor", None, False),
        ("standard", "active", None, "steward", False),
        ("open", "closing", None, "operator", False),
        ("standard", "active", "lead", "operator", True),
        ("standard", "archived", "lead", "operator", False),
        ("standard", "proposed", "lead", None, False),
        ("sensitive", "active", "lead", None, False),
        ("clinical", "closing", "lead", None, False),
        ("clinical", "closing", None, "steward", False),
        ("sensitive", "active", "lead", "operator", False),
    ],
)
def test_who_may_take_files_along(
    session: Session, ada: str, class_: str, state: str, role: str | None, office: str | None, may: bool
) -> None:
    pilot = a_pilot(session, ada, state=state, class_=class_)
    place = Standing(pilot, role, office, pilot.mode(NOW))
    assert ending.may_export(place) is may
    if not may:
        with pytest.raises(NotAllowed) as refusal:
            ending.export_allowed(place)
        assert refusal.value.code == "may_not_export"


def test_files_of_a_pilot_whose_agreement_has_ended_stay(session: Session, ada: str) -> None:
    pilot = a_pilot(session, ada, agreement="A", agreement_ends=TODAY - timedelta(days=1))
    assert not ending.may_export(Standing(pilot, "lead", None, pilot.mode(NOW)))


def opened(folder: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(export.zipped(folder, FACTS, now=NOW))))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pilot's folder with all that can be in one, and things outside that must not get out."""
    place = tmp_path / "pilots" / "knee-mr"
    (place / "results" / "deep").mkdir(parents=True)
    (place / ".cache").mkdir()
    (place / ".cache" / "secret").write_text("hidden")
    (place / "notes.txt").write_text("some notes")
    (place / "results" / "deep" / "膝 <b>.csv").write_bytes(b"1,2\n" * 100_000)
    (place / "empty").touch()
    os.utime(place / "empty", (0, 0))
    outside = tmp_path / "secrets"
    outside.mkdir()
    (outside / "key").write_text("THE SECRET")
    (place / "link").symlink_to(outside / "key")
    (place / "door").symlink_to(outside)
    (place / "inside").symlink_to(place / "notes.txt")
    os.mkfifo(place / "pipe")
    (Path(os.fsdecode(bytes(place) + b"/\xff.bin"))).write_text("odd name")
    return place


def test_the_zip_has_every_file_and_says_so(folder: Path) -> None:
    with opened(folder) as found:
        assert found.testzip() is None
        manifest = json.loads(found.read("manifest.json"))
        names = set(found.namelist()) - {"manifest.json", "ro-crate-metadata.json"}
        assert names == {one["path"] for one in manifest["files"]}
        assert names == {"files/notes.txt", "files/results/deep/膝 <b>.csv", "files/empty", "files/\ufffd.bin"}
        for one in manifest["files"]:
            content = found.read(one["path"])
            assert (len(content), hashlib.sha256(content).hexdigest()) == (one["size"], one["sha256"])
        assert found.getinfo("files/empty").date_time == (1980, 1, 1, 0, 0, 0)
    assert manifest["links_left_out"] == ["door", "inside", "link"]
    assert manifest["unread"] == ["files/pipe"]
    assert (manifest["pilot"], manifest["members"], manifest["datasets"]) == (
        FACTS.pilot,
        FACTS.members,
        FACTS.datasets,
    )
    assert export.count_files(folder) >= 4


def test_nothing_outside_gets_in(folder: Path) -> None:
    for name in opened(folder).namelist():
        assert b"THE SECRET" not in opened(folder).read(name), name


def test_a_folder_that_became_a_link_while_it_was_read_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """The first piece has been sent; then somebody inside swaps a folder for a link to the secrets."""
    pieces = export.zipped(folder, FACTS, now=NOW)
    content = next(pieces)
    (folder / "results").rename(tmp_path / "away")
    (folder / "results").symlink_to(tmp_path / "secrets")
    content += b"".join(pieces)
    found = zipfile.ZipFile(io.BytesIO(content))
    assert not [name for name in found.namelist() if name.endswith("key")]


def test_the_crate_is_valid(folder: Path) -> None:
    graph = json.loads(opened(folder).read("ro-crate-metadata.json"))
    assert graph["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {one["@id"]: one for one in graph["@graph"]}
    assert len(entities) == len(graph["@graph"])
    described = entities["ro-crate-metadata.json"]
    assert (described["about"], described["conformsTo"]["@id"]) == ({"@id": "./"}, "https://w3id.org/ro/crate/1.1")
    root = entities["./"]
    assert {"name", "description", "datePublished", "license"} <= set(root)
    assert all(one["@id"] in entities for one in [*root["hasPart"], *root["mentions"]])
    assert entities["#dataset-brain"]["license"] == "CC0"


@pytest.mark.parametrize("there", [False, True], ids=["missing", "a link"])
def test_a_folder_that_is_none_gives_the_manifest_only(tmp_path: Path, there: bool) -> None:
    place = tmp_path / "knee-mr"
    if there:
        place.symlink_to(tmp_path)
    assert opened(place).namelist() == ["manifest.json", "ro-crate-metadata.json"]
    assert export.count_files(place) == 0


class SmallStore:
    """As much of an S3 client as deleting needs, with objects of several pilots."""

    def __init__(self) -> None:
        self.keys = {f"{area}/{pilot}/x{n}" for area in ("raw", "scratch") for pilot in SLUGS for n in range(3)}
        self.down = False

    def list_objects_v2(self, *, Prefix: str, **_: Any) -> dict[str, Any]:
        if self.down:
            raise Unavailable("The store is down.")
        found = sorted(key for key in self.keys if key.startswith(Prefix))
        return {"Contents": [{"Key": key} for key in found[:2]]} if found else {}

    def delete_objects(self, *, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:
        self.keys -= {one["Key"] for one in Delete["Objects"]}
        return {}

    def list_multipart_uploads(self, **_: Any) -> dict[str, Any]:
        return {}


SLUGS = ("knee", "knee-mr", "knee-mr-2")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, sessionmaker[Session], SmallStore]]:
    site = Site(tmp_path, Settings(), Ports.choose(8000), tmp_path / "sockets")
    upgrade(site.database_url)
    sessions, small = session_factory(site.database_url), SmallStore()
    monkeypatch.setattr(objectstore, "admin_client", lambda _site: small)
    with sessions() as session, session.begin():
        lead = people.introduce(session, issuer="demo", subject="a", display_name="A", partner=None, country=None).name
        for slug in SLUGS:
            a_pilot(session, lead, slug=slug, state="archived", archived_on=TODAY)
            for folder in (site.pilot_folders / slug / "deep", site.kept_of_labs / f"ws-{slug}"):
                folder.mkdir(parents=True)
                (folder / "file").write_text(slug)
    yield site, sessions, small
    engine_for(site.database_url).dispose()


def test_deleting_takes_this_pilot_and_nothing_else(site: tuple[Site, sessionmaker[Session], SmallStore]) -> None:
    place, sessions, small = site
    outside = place.state / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (place.pilot_folders / "knee-mr" / "link").symlink_to(outside)
    assert ending.delete(place, sessions, "knee-mr", now=NOW) == 6 + 1
    assert ending.delete(place, sessions, "knee-mr", now=NOW) == 0
    assert sorted(path.name for path in place.pilot_folders.iterdir()) == ["knee", "knee-mr-2"]
    assert sorted(path.name for path in place.kept_of_labs.iterdir()) == ["ws-knee", "ws-knee-mr-2"]
    assert {key.split("/")[1] for key in small.keys} == {"knee", "knee-mr-2"}
    assert (outside / "kept").exists()
    with sessions() as session:
        assert store.get_one(session, "knee-mr").data_deleted == NOW
        entries = trail.latest(session, SLUGS, actions={"pilot_data_deleted"})
        assert [(one.pilot, one.details) for one in entries] == [("knee-mr", {"files": 7})]


def test_a_deletion_that_broke_off_is_finished_later(site: tuple[Site, sessionmaker[Session], SmallStore]) -> None:
    place, sessions, small = site
    late = datetime(2030, 1, 1, tzinfo=UTC)
    small.down = True
    assert clock.delete_due(place, sessions, late) == 0
    with sessions() as session:
        assert store.get_one(session, "knee").data_deleted is None
    small.down = False
    assert clock.delete_due(place, sessions, late) == 3
    assert (small.keys, list(place.pilot_folders.iterdir())) == (set(), [])
    assert clock.delete_due(place, sessions, late) == 0


@pytest.mark.parametrize("state", ["proposed", "approved", "active", "closing"])
def test_only_archived_pilots_lose_their_files(
    site: tuple[Site, sessionmaker[Session], SmallStore], state: str
) -> None:
    place, sessions, small = site
    with sessions() as session, session.begin():
        store.create(session, store.Pilot(**{**vars(store.get_one(session, "knee")), "state": state}))
    with pytest.raises(Conflict):
        ending.delete(place, sessions, "knee")
    assert (place.pilot_folders / "knee" / "deep" / "file").exists()
    assert len(small.keys) == 18


def test_a_folder_that_is_a_link_is_taken_away_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "kept").touch()
    (tmp_path / "link").symlink_to(tmp_path / "other")
    assert ending.delete_folder(tmp_path / "link") == 0
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "other" / "kept").exists()


@pytest.mark.parametrize(
    ("given", "version", "typed", "code"),
    [
        ({}, 1, "knee-mr", None),
        ({}, 1, "  knee-mr ", None),
        ({}, 1, "knee", "not_confirmed"),
        ({}, 1, "", "not_confirmed"),
        ({}, 7, "knee-mr", "changed_meanwhile"),
        ({"state": "closing"}, 1, "knee-mr", "wrong_state"),
        ({"data_deleted": NOW}, 1, "knee-mr", "wrong_state"),
    ],
)
def test_asking_for_it_earlier(
    session: Session, ada: str, given: dict[str, Any], version: int, typed: str, code: str | None
) -> None:
    a_pilot(session, ada, **{"state": "archived", "archived_on": TODAY, **given})
    if code is None:
        ending.ask_deletion(session, "knee-mr", by=STEWARD, version=version, confirmed=typed, now=NOW)
        assert [one.slug for one in clock.due(session, Settings(), NOW)] == ["knee-mr"]
        assert trail.latest(session, ["knee-mr"], actions={"deletion_asked"})[0].actor == STEWARD
        return
    with pytest.raises(Conflict) as refusal:
        ending.ask_deletion(session, "knee-mr", by=STEWARD, version=version, confirmed=typed, now=NOW)
    assert refusal.value.code == code
    assert clock.due(session, Settings(), NOW) == []
