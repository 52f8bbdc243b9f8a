"""The gate of the store: which keys are still good, although they have not ended by themselves.

Every pilot has a *generation*, a number that grows when somebody loses access. A key carries the generation in the
name of its session; the bucket's policy, which the store asks at every request, denies all sessions but those of the
generations that are open. So a member who leaves takes no key along that works, and the others fetch new ones.

    session name    <pilot>.<generation>.<caller>       kept by the store inside the signed key
    open            knee-mr.7.*, knee-mr.8.*, ...       generation 7 and, so that no fresh key is refused while the
                                                        policy is being changed, 8, which nobody has yet
    own             _.*                                 keys that the kontor service uses itself (no pilot is called _)

A pilot that is not in the list is closed. The store keeps the policy with the bucket; it outlives a restart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped, unused-ignore]

from kontor.data.objectstore import client
from kontor.data.store_access import BUCKET, SESSIONS_ARN
from kontor.errors import Unavailable
from kontor.names import check_slug
from kontor.site import Site

_OWN: Final = "_"
_LONGEST_NAME: Final = 64


def session_name(pilot: str, generation: int | None, caller: str) -> str:
    """The name of a session; for `generation` None one that no generation ends."""
    kept = f"{_OWN}.{caller}" if generation is None else f"{check_slug(pilot)}.{generation}.{caller}"
    return kept[:_LONGEST_NAME]


def policy(generations: Mapping[str, int]) -> dict[str, Any]:
    """The bucket's policy that lets in keys of these generations (pilot -> generation) and denies all others."""
    good = [f"{_OWN}.*"]
    for slug, generation in sorted(generations.items()):
        good += [f"{check_slug(slug)}.{one}.*" for one in (generation, generation + 1)]
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": [SESSIONS_ARN]},
        "Action": ["s3:*"],
        "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        "Condition": {"StringNotLike": {"aws:userid": good}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


class Gate:
    """Sets the policy, as the identity that may do only this. Safe to share between threads.

    Parameters
    ----------
    store_url : str
    key, secret : str
        The warden identity's.
    """

    def __init__(self, store_url: str, key: str, secret: str) -> None:
        self._s3 = client("s3", store_url, key, secret)
        self._set: str | None = None

    @classmethod
    def of(cls, site: Site) -> Gate:
        """The gate of an installation."""
        return cls(site.store_url, site.secret("store-warden-key"), site.secret("store-warden-secret"))

    def set(self, generations: Mapping[str, int]) -> bool:
        """Let in keys of these generations and no others; returns whether the store had to be told.

        What was set last is remembered, because nobody else sets it; a new process tells the store once.

        Raises
        ------
        Unavailable
            If the store does not answer or refuses. The policy is then as it was.
        """
        wanted = json.dumps(policy(generations), separators=(",", ":"))
        if wanted == self._set:
            return False
        try:
            self._s3.put_bucket_policy(Bucket=BUCKET, Policy=wanted)
        except ClientError as refusal:  # also before the first data comes and makes the bucket
            raise Unavailable(f"The data store refused its policy: {refusal}", code="store_refused") from refusal
        except BotoCoreError as problem:
            raise Unavailable("The data store does not answer.", code="store_down") from problem
        self._set = wanted
        return True
