"""Programs that are missing are named, with what to do."""

import sys
from pathlib import Path

import pytest

from kontor.cli import programs
from kontor.errors import KontorError


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing in the path and nothing beside Python."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    return tmp_path


def node(folder: Path, version: str) -> str:
    path = folder / "node"
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return str(path)


def test_no_proxy(bare: Path) -> None:
    with pytest.raises(KontorError, match=r"'traefik' is missing.*make setup"):
        programs.find_traefik()


def test_no_node(bare: Path) -> None:
    with pytest.raises(KontorError, match=r"Node\.js 20 or newer is missing.*make setup"):
        programs.find_node()


@pytest.mark.parametrize("version", ["v18.20.4", "v19.9.0", "nonsense"])
def test_a_node_that_is_too_old_or_none(bare: Path, version: str) -> None:
    node(bare, version)
    with pytest.raises(KontorError, match=r"Node\.js 20 or newer"):
        programs.find_node()


@pytest.mark.parametrize("version", ["v20.0.0", "v24.19.0"])
def test_a_node_that_will_do(bare: Path, version: str) -> None:
    path = node(bare, version)
    assert programs.find_node() == path


def test_the_machine_here_has_them() -> None:
    assert Path(programs.find_traefik()).exists()
    assert Path(programs.find_node()).exists()
