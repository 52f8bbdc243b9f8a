"""Deleting a pilot's objects from a real store: all of them, and none of anybody else's."""

from __future__ import annotations

import pytest

from kontor.data.deletion import AREAS, delete_objects
from kontor.data.store_access import BUCKET
from kontor.errors import KontorError
from tests.hub.data.conftest import RunningStore

NEIGHBOURS = ("gone-not", "gon", "gonee")


def keys(store: RunningStore, *pilots: str) -> set[str]:
    client = store.client()
    return {
        one["Key"]
        for pilot in pilots
        for area in AREAS
        for one in client.list_objects_v2(Bucket=BUCKET, Prefix=f"{area}/{pilot}/").get("Contents", [])
    }


def test_everything_of_this_pilot_and_nothing_of_others(store: RunningStore) -> None:
    client = store.client()
    names = ("scan.nii", "deep/er/chunk", "膝 <b>.csv", "a&b")
    for pilot in ("gone", *NEIGHBOURS):
        for area in AREAS:
            for name in names:
                client.put_object(Bucket=BUCKET, Key=f"{area}/{pilot}/{name}", Body=b"x")
    client.create_multipart_upload(Bucket=BUCKET, Key="results/gone/half")
    others = keys(store, *NEIGHBOURS)
    assert len(others) == 3 * len(AREAS) * len(names)
    assert delete_objects(client, "gone") == len(AREAS) * len(names)
    assert keys(store, "gone") == set()
    assert client.list_multipart_uploads(Bucket=BUCKET, Prefix="results/gone/").get("Uploads", []) == []
    assert keys(store, *NEIGHBOURS) == others
    assert delete_objects(client, "gone") == 0


def test_more_than_one_answer_of_the_store(store: RunningStore) -> None:
    client = store.client()
    for number in range(1005):
        client.put_object(Bucket=BUCKET, Key=f"scratch/many/{number}", Body=b"")
    assert delete_objects(client, "many") == 1005
    assert keys(store, "many") == set()


@pytest.mark.parametrize("slug", ["", "..", "a/b", "*", "Gone", "-", "gone/"])
def test_what_is_no_pilot_deletes_nothing(store: RunningStore, slug: str) -> None:
    with pytest.raises(KontorError) as refusal:
        delete_objects(store.client(), slug)
    assert refusal.value.code == "bad_name"
