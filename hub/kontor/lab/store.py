"""The object store, as labs and workers reach it.

A `PilotStore` is a Zarr store below one prefix of the bucket. Its keys come from the kontor service, end by
themselves and are renewed when needed. Pickled (as it is in every Dask task) it is three words: pilot, prefix and
whether it may write. Whoever unpickles it fetches keys of their own from their own environment, so no key is ever in
a task graph, a notebook or a file.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from obstore.store import S3Store
from zarr.storage import ObjectStore

from kontor.errors import Unavailable
from kontor.lab import catalogue

BUCKET = "kontor"


LOOK_AGAIN = timedelta(seconds=30)
"""Keys of all members end when one of them leaves; who stays has new ones after this time at the latest."""


class PilotKeys:
    """Gives obstore a pilot's keys, and new ones before they end or every half minute."""

    def __init__(self, pilot: str) -> None:
        self.pilot = pilot

    def __call__(self) -> Any:
        keys = catalogue.store_keys(self.pilot)
        return {
            "access_key_id": keys["AccessKeyId"],
            "secret_access_key": keys["SecretAccessKey"],
            "token": keys["Token"],
            "expires_at": min(datetime.fromisoformat(keys["Expiration"]), datetime.now(UTC) + LOOK_AGAIN),
        }


class PilotStore(ObjectStore[Any]):  # type: ignore[misc]
    """Zarr store of a pilot below `prefix` (for example ``raw/knee-mr/brain-mr.zarr``)."""

    def __init__(self, pilot: str, prefix: str, *, read_only: bool = True) -> None:
        self.pilot, self.prefix = pilot, prefix
        super().__init__(pilot_bucket(pilot, prefix), read_only=read_only)

    def with_read_only(self, read_only: bool = False) -> PilotStore:
        return type(self)(self.pilot, self.prefix, read_only=read_only)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.pilot, self.prefix, self.read_only)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PilotStore) and self.__reduce__()[1] == other.__reduce__()[1]

    def __hash__(self) -> int:
        return hash((self.pilot, self.prefix, self.read_only))

    def __repr__(self) -> str:
        return f"PilotStore({self.prefix!r})"


def pilot_bucket(pilot: str, prefix: str) -> S3Store:
    """The bucket below `prefix`, opened with the pilot's renewing keys."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        raise Unavailable("This Python does not know where the object store is. Open the notebook in Kontor.")
    return S3Store(
        BUCKET,
        prefix=prefix,
        endpoint=endpoint,
        region=os.environ.get("AWS_REGION", "us-east-1"),
        virtual_hosted_style_request=False,
        client_options={"allow_http": endpoint.startswith("http://")},
        credential_provider=PilotKeys(pilot),
    )


def _again(pilot: str, prefix: str, read_only: bool) -> PilotStore:
    return PilotStore(pilot, prefix, read_only=read_only)
