"""Keys for the object store: short-lived, and for one pilot only.

A *session policy* says what a role of a pilot may do in the store; it is data made from `kontor.roles`.
The *broker* asks the store for keys under that policy. Keys end by themselves, after 15 minutes unless asked
otherwise; all keys of a pilot end at once when its *generation* moves on (`gate.py`), as it does when a member leaves.

    capability     raw/<pilot>/     results/<pilot>/     scratch/<pilot>/
    read           list, get        list, get
    run or edit    list, get        list, get, put       list, get, put, delete

Anything else is denied: other pilots, the bucket as a whole, tags, policies, versions, users, further keys.
"""

from __future__ import annotations

import datetime
import json
import re
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped, unused-ignore]
from typing_extensions import TypedDict

from kontor import roles
from kontor.data import gate
from kontor.data.objectstore import client
from kontor.data.store_access import BUCKET, LONGEST_SESSION, ROLE_ARN
from kontor.errors import KontorError, NotAllowed, Unavailable
from kontor.names import check_slug
from kontor.site import Site
from kontor.words import _

SHORTEST_SESSION: Final = 900
_CALLER = re.compile(r"\A[A-Za-z0-9_+=,.@-]{2,64}\Z")


class ContainerCredentials(TypedDict):
    """What AWS clients expect of `AWS_CONTAINER_CREDENTIALS_FULL_URI`; `Expiration` is ISO 8601 with Z."""

    AccessKeyId: str
    SecretAccessKey: str
    Token: str
    Expiration: str


def session_policy(pilot: str, role: str | None) -> dict[str, Any]:
    """The policy document for one role of one pilot.

    Raises
    ------
    KontorError
        If `pilot` is not a slug; nothing else may enter a policy.
    NotAllowed
        If the role may not read.
    """
    check_slug(pilot)
    if not roles.can(role, "read"):
        raise NotAllowed(
            _("You are not a member of the pilot {pilot}, so its data is closed to you. Ask its lead.").format(
                pilot=pilot
            ),
            code="not_a_member",
        )
    writes = roles.can(role, "run") or roles.can(role, "edit")
    readable = ["raw", "results", "scratch"] if writes else ["raw", "results"]
    statements: list[dict[str, Any]] = [
        _allow(["s3:GetObject"], [_objects(area, pilot) for area in readable]),
        {
            **_allow(["s3:ListBucket"], [f"arn:aws:s3:::{BUCKET}"]),
            "Condition": {"StringLike": {"s3:prefix": [f"{area}/{pilot}/*" for area in readable]}},
        },
    ]
    if writes:
        upload = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        statements.append(_allow(upload, [_objects("results", pilot), _objects("scratch", pilot)]))
        statements.append(_allow(["s3:DeleteObject"], [_objects("scratch", pilot)]))
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _objects(area: str, pilot: str) -> str:
    return f"arn:aws:s3:::{BUCKET}/{area}/{pilot}/*"


class Broker:
    """Hands out keys for one store. Safe to share between threads.

    Parameters
    ----------
    store_url : str
    key, secret : str
        The broker identity's.
    """

    def __init__(self, store_url: str, key: str, secret: str) -> None:
        self._sts = client("sts", store_url, key, secret)

    @classmethod
    def of(cls, site: Site) -> Broker:
        """The broker of an installation."""
        return cls(site.store_url, site.secret("store-broker-key"), site.secret("store-broker-secret"))

    def credentials(
        self, pilot: str, role: str | None, *, caller: str, generation: int | None, seconds: int = SHORTEST_SESSION
    ) -> ContainerCredentials:
        """Keys for `caller`, who has `role` in `pilot`; they end after `seconds` (900 to 3600).

        Parameters
        ----------
        generation : int or None
            The pilot's generation when it was found that the caller has this role. None is for keys that this
            process uses itself and gives to nobody: no generation ends them.

        Raises
        ------
        KontorError
            If `pilot` is not a slug or `caller` not an account or cluster name.
        NotAllowed
            If the role may not read.
        Unavailable
            If the store does not answer (`store_down`) or refuses the broker (`store_refused`).
        ValueError
            If `seconds` is out of bounds.
        """
        if not SHORTEST_SESSION <= seconds <= LONGEST_SESSION:
            raise ValueError(f"seconds must be {SHORTEST_SESSION} to {LONGEST_SESSION}, not {seconds}")
        if _CALLER.fullmatch(caller) is None:
            raise KontorError(
                _("{name!r} is not the name of an account or a cluster.").format(name=caller[:64]), code="bad_name"
            )
        policy = json.dumps(session_policy(pilot, role), separators=(",", ":"))
        name = gate.session_name(pilot, generation, caller)
        try:
            answer = self._sts.assume_role(
                RoleArn=ROLE_ARN, RoleSessionName=name, DurationSeconds=seconds, Policy=policy
            )
        except ClientError as refusal:
            raise Unavailable(
                _(
                    "The data store refused to give a key. Please tell the people who run Kontor; "
                    "they find the reason in the store's log."
                ),
                code="store_refused",
            ) from refusal
        except BotoCoreError as problem:
            raise Unavailable(
                _("The data store does not answer at the moment. Please try again in a minute."),
                code="store_down",
            ) from problem
        return _container_credentials(answer["Credentials"])


def _container_credentials(found: dict[str, Any]) -> ContainerCredentials:
    ends: datetime.datetime = found["Expiration"]
    return {
        "AccessKeyId": found["AccessKeyId"],
        "SecretAccessKey": found["SecretAccessKey"],
        "Token": found["SessionToken"],
        "Expiration": ends.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
