"""Deleting what a pilot has in the object store, when its time is over.

Everything of a pilot stands below `<area>/<slug>/`, for each of AREAS. The slash at the end belongs to the prefix:
what belongs to a pilot whose slug only begins like this one's is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped, unused-ignore]

from kontor.data.store_access import BUCKET
from kontor.errors import Unavailable
from kontor.names import check_slug
from kontor.words import _

AREAS: Final = ("raw", "results", "scratch", "outbox")


def delete_objects(s3: Any, pilot: str) -> int:
    """Delete every object of a pilot; returns how many there were. Safe to repeat.

    Parameters
    ----------
    s3 : botocore client
        Of the admin identity (`objectstore.admin_client`).

    Raises
    ------
    Unavailable
        If the store does not answer or did not delete one of them.
    """
    check_slug(pilot)
    try:
        return sum(_delete(s3, f"{area}/{pilot}/") for area in AREAS)
    except (BotoCoreError, ClientError) as problem:
        raise Unavailable(
            _("The object store could not delete what belongs to {pilot} ({problem}).").format(
                pilot=pilot, problem=problem
            ),
            code="store_down",
        ) from problem


def _delete(s3: Any, prefix: str) -> int:
    count = 0
    for keys in _batches(s3, prefix):
        answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True})
        if failed := answer.get("Errors"):
            kept, why = failed[0].get("Key"), failed[0].get("Message")
            raise Unavailable(_("The object store kept {object}: {reason}.").format(object=kept, reason=why))
        count += len(keys)
    for upload in s3.list_multipart_uploads(Bucket=BUCKET, Prefix=prefix).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
    return count


def _batches(s3: Any, prefix: str) -> Iterator[list[str]]:
    """The keys below a prefix, a thousand at a time; read anew each time, because what was read is gone by then."""
    while True:
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix, MaxKeys=1000).get("Contents", [])
        keys = [one["Key"] for one in found]
        if not keys:
            return
        yield keys
