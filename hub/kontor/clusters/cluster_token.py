"""The token with which a cluster's processes speak to the kontor service.

It says which cluster it is, whose it is, who started it and when; the gateway signs it and nobody else can. When
somebody loses access to a pilot, the tokens of all its clusters that started before are refused. It lives in
one file of mode 0400 in the cluster's folder, never in an environment variable, an argument list or a database.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from kontor.errors import NotAllowed

SECRET = "cluster-signing-key"  # noqa: S105 - a name, not a secret


@dataclass(frozen=True)
class ClusterClaim:
    """What a cluster's token says.

    Parameters
    ----------
    cluster : str
        The cluster's name on the gateway.
    pilot : str
        Slug of the pilot to which it belongs.
    owner : str
        Account that started it.
    started : int
        When the gateway began to start it: milliseconds since 1970.
    """

    cluster: str
    pilot: str
    owner: str
    started: int


def sign(claim: ClusterClaim, key: str) -> str:
    """The token for a cluster."""
    return str(URLSafeTimedSerializer(key).dumps(asdict(claim)))


def read(token: str, key: str, *, lifetime: timedelta) -> ClusterClaim:
    """What a token says.

    Raises
    ------
    NotAllowed
        If the gateway did not sign it, or longer than `lifetime` ago.
    """
    try:
        return ClusterClaim(**URLSafeTimedSerializer(key).loads(token, max_age=int(lifetime.total_seconds())))
    except SignatureExpired:
        raise NotAllowed("This cluster has become too old. Start a new one.", code="token_expired") from None
    except (BadSignature, TypeError):
        raise NotAllowed("This is not the token of a cluster.", code="bad_token") from None
