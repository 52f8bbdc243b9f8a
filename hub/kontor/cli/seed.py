"""The demo data: fetched through the package client, brought into the object store, entered into the register.

Runs at every start as a process of its own and does nothing that is done already.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from kontor.data import catalogue, objectstore
from kontor.data.samples import Sample, fetch, samples
from kontor.database import session_factory
from kontor.site import Site


def cache_folder() -> Path:
    """Where fetched sample files are kept for the next installation (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "kontor" / "samples"


def seed_data(site: Site, say: Callable[[str], None]) -> None:
    """Bring every sample in that is not there yet.

    Raises
    ------
    KontorError
        If one cannot be fetched, read or stored; what was brought in before stays.
    """
    sessions = session_factory(site.database_url)
    with sessions() as session:
        missing = [one for one in samples() if catalogue.get(session, one.pilot, one.name) is None]
    if not missing:
        return
    say("  data: bringing in the demo data sets (only at the first start)")
    objectstore.ensure_bucket(objectstore.admin_client(site))
    for sample in missing:
        record = _bring_in(site, sample)
        with sessions() as session, session.begin():
            catalogue.register(session, record)
        say(f"  data: {sample.id}, {record.size / 1e6:.1f} MB from {sample.package} {sample.version}")


def _bring_in(site: Site, sample: Sample) -> catalogue.DataSet:
    from kontor.lab.ingest import admin_bucket, ingest

    bucket = admin_bucket(site.store_url, site.secret("store-admin-key"), site.secret("store-admin-secret"))
    record = ingest(
        fetch(sample, cache_folder()),
        bucket=bucket,
        pilot=sample.pilot,
        name=sample.name,
        words=sample.words,
        format=sample.format,
    )
    return catalogue.DataSet(**record)
