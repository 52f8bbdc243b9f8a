"""Who may come in to the object store: its identities, its one role, and the locks on its inner doors.

The *admin* identity may do everything; it seeds data. The *broker* identity may do nothing but assume the
role `pilot`, and nobody else may assume it. The *warden* identity may do nothing but replace the policy of the
bucket (`gate.py`). What a session may do is decided for each by `credentials.py`; the role itself is a *ceiling*
over all sessions, so that no mistake there can write or delete raw data.

Layout of the bucket: `raw/<pilot>/...` `results/<pilot>/...` `scratch/<pilot>/...`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Final

from kontor.data.store_certificates import StoreCertificates
from kontor.site import Site

BUCKET: Final = "kontor"
REGION: Final = "us-east-1"
ROLE_ARN: Final = "arn:aws:iam::role/pilot"
SESSIONS_ARN: Final = "arn:aws:sts::*:assumed-role/pilot/*"
BROKER_ARN: Final = "arn:aws:iam::000000000000:user/broker"
LONGEST_SESSION: Final = 3600
SECRET_NAMES: Final = (
    "store-admin-key",
    "store-admin-secret",
    "store-broker-key",
    "store-broker-secret",
    "store-warden-key",
    "store-warden-secret",
    "store-signing-key",
)


@dataclass(frozen=True)
class StoreSecrets:
    """Keys of the three identities, and the key from which the store's signing keys are derived."""

    admin_key: str
    admin_secret: str
    broker_key: str
    broker_secret: str
    warden_key: str
    warden_secret: str
    signing_key: str

    @classmethod
    def of(cls, site: Site) -> StoreSecrets:
        """The store's secrets of an installation (`SECRET_NAMES`)."""
        return cls(*(site.secret(name) for name in SECRET_NAMES))

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose; knowing one tells nothing about another."""
        return hmac.digest(self.signing_key.encode(), f"kontor store {purpose}".encode(), hashlib.sha256)


def access_files(certificates: StoreCertificates, secrets: StoreSecrets) -> dict[str, str]:
    """The store's configuration files, name to text. All of them hold secrets or name files that do."""
    return {
        "security.toml": _security(certificates, secrets),
        "identities.json": json.dumps(_identities(secrets), indent=1),
        "iam.json": json.dumps(_iam(secrets), indent=1),
    }


def _security(certificates: StoreCertificates, secrets: StoreSecrets) -> str:
    """`security.toml`: signing keys for HTTP, certificates for gRPC and for HTTP doors that nobody needs."""
    lines: list[str] = []
    for table in ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read"):
        lines += [f"[{table}]", f'key = "{secrets.derived(table).hex()}"', "expires_after_seconds = 60"]
    pair = [
        f"cert = {json.dumps(str(certificates.certificate))}",
        f"key = {json.dumps(str(certificates.key))}",
    ]
    authority = f"ca = {json.dumps(str(certificates.authority))}"
    lines += ["[grpc]", authority]
    for part in ("master", "volume", "filer", "s3", "admin", "worker", "client"):
        lines += [f"[grpc.{part}]", *pair]
    for part in ("master", "filer", "admin"):
        lines += [f"[https.{part}]", *pair, authority]
    lines += ["[admin]", 'user = "admin"', f'password = "{secrets.derived("admin page").hex()}"']
    return "\n".join([*lines, ""])


def _identities(secrets: StoreSecrets) -> dict[str, object]:
    def identity(name: str, key: str, secret: str, actions: list[str]) -> dict[str, object]:
        return {"name": name, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}

    everything = ["Admin", "Read", "Write", "List", "Tagging"]
    return {
        "identities": [
            identity("admin", secrets.admin_key, secrets.admin_secret, everything),
            identity("broker", secrets.broker_key, secrets.broker_secret, []),
            identity("warden", secrets.warden_key, secrets.warden_secret, [f"PutBucketPolicy:{BUCKET}"]),
        ]
    }


def _iam(secrets: StoreSecrets) -> dict[str, object]:
    """The role, its ceiling and the key that signs sessions. Trust names the broker: `*` lets anybody in."""
    trust = [{"Effect": "Allow", "Principal": {"AWS": BROKER_ARN}, "Action": ["sts:AssumeRole"]}]
    return {
        "sts": {
            "issuer": "kontor-store",
            "signingKey": base64.b64encode(secrets.derived("sessions")).decode("ascii"),
            "tokenDuration": f"{LONGEST_SESSION}s",
            "maxSessionLength": f"{LONGEST_SESSION}s",
        },
        "policy": {"defaultEffect": "Deny"},
        "policies": [
            {"name": "pilot-ceiling", "document": {"Version": "2012-10-17", "Statement": _ceiling()}},
        ],
        "roles": [
            {
                "roleName": "pilot",
                "roleArn": ROLE_ARN,
                "trustPolicy": {"Version": "2012-10-17", "Statement": trust},
                "attachedPolicies": ["pilot-ceiling"],
            }
        ],
    }


def _ceiling() -> list[dict[str, object]]:
    objects = f"arn:aws:s3:::{BUCKET}/"
    read, write = ("raw", "results", "scratch"), ("results", "scratch")
    return [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{BUCKET}"]},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"{objects}{one}/*" for one in read]},
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
            "Resource": [f"{objects}{one}/*" for one in write],
        },
        {"Effect": "Allow", "Action": ["s3:DeleteObject"], "Resource": [f"{objects}scratch/*"]},
    ]
