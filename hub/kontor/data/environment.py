"""What code in labs and on clusters finds in its environment to reach the kontor service and the object store."""

from __future__ import annotations

from pathlib import Path

from kontor.site import Site


def store_environment(site: Site, pilot: str | None, token_file: Path) -> dict[str, str]:
    """How a lab or a Dask worker reaches the kontor service and the object store.

    Parameters
    ----------
    pilot : str or None
        With a pilot, every S3 client finds keys to that pilot's data by itself (container credentials).
    token_file : Path
        File that holds the token for the kontor service.
    """
    api = site.service_url + "api"
    env = {
        "KONTOR_API": api,
        "KONTOR_PUBLIC": site.service_public_url,
        "KONTOR_TOKEN_FILE": str(token_file),
        "AWS_ENDPOINT_URL": site.store_url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if pilot is not None:
        env["KONTOR_PILOT"] = pilot
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{api}/store/credentials/{pilot}"
        env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(token_file)
    return env
