"""Certificates of the object store: what closes its inner doors.

The parts of the store (master, volume, filer, gateway, admin) run in one process and speak gRPC to each
other. *Mutual TLS* makes every one of those doors ask for a certificate of our own *authority*. Its
key signs one certificate and is then forgotten, so a second one cannot be made.
"""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kontor.site import write_private

LIFETIME = datetime.timedelta(days=3650)
_AUTHORITY = "Kontor object store authority"


@dataclass(frozen=True)
class StoreCertificates:
    """Paths of the authority's certificate, and of the store's certificate and key."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path, *, now: datetime.datetime | None = None) -> StoreCertificates:
    """Write a new authority and the one certificate that it signs, each file readable by its owner only.

    Replaces what is there; call it only while the store is down.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    store_key = ec.generate_private_key(ec.SECP256R1())
    files = StoreCertificates(folder / "authority.pem", folder / "store.pem", folder / "store.key")
    authority = _certificate(_AUTHORITY, authority_key.public_key(), authority_key, now, authority=True)
    certificate = _certificate("store", store_key.public_key(), authority_key, now, authority=False)
    write_private(files.authority, _pem(authority))
    write_private(files.certificate, _pem(certificate))
    key = store_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(files.key, key.decode("ascii"))
    return files


def _certificate(
    subject: str,
    public_key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    now: datetime.datetime,
    *,
    authority: bool,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(_AUTHORITY))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(authority, 0 if authority else None), critical=True)
    )
    if not authority:
        loopback = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        builder = builder.add_extension(x509.SubjectAlternativeName(loopback), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
