"""The state folder: who may use it, what is refused, what is left behind."""

import socket
from pathlib import Path

import pytest

from kontor.cli import state as state_folder
from kontor.errors import KontorError
from kontor.settings import Settings
from kontor.site import STATE_VERSION, Site, free_ports


def contents(folder: Path) -> dict[str, object]:
    """Every file with its bytes, and the rights of the folder itself."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {**files, ".": folder.stat().st_mode & 0o777}


def test_a_new_folder_is_private_and_versioned(tmp_path: Path) -> None:
    with state_folder.held(tmp_path / "state"):
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / "version").read_text() == f"{STATE_VERSION}\n"


def test_a_newer_version_is_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    (tmp_path / "version").write_text(f"{STATE_VERSION + 1}\n")
    tmp_path.chmod(0o755)
    before = contents(tmp_path)
    with pytest.raises(KontorError, match="made by a newer Kontor"), state_folder.held(tmp_path):
        pytest.fail("was let in")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("text", ["", "one", "-1", "1.5"])
def test_a_version_that_is_no_number_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "version").write_text(text)
    with pytest.raises(KontorError, match="should hold a number"), state_folder.held(tmp_path):
        pytest.fail("was let in")


def test_somebody_elses_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    tmp_path.chmod(0o755)
    before = contents(tmp_path)
    with pytest.raises(KontorError, match=r"holds 'thesis\.tex'"), state_folder.held(tmp_path):
        pytest.fail("was let in")
    assert contents(tmp_path) == before


def test_one_at_a_time(tmp_path: Path) -> None:
    with state_folder.held(tmp_path):
        with pytest.raises(KontorError, match="already runs") as caught, state_folder.held(tmp_path):
            pytest.fail("was let in")
        assert caught.value.code == "already_running"


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(KontorError, match="cannot be used"), state_folder.held(tmp_path / "state"):
        pytest.fail("was let in")


def test_a_taken_port_is_named_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(KontorError, match=f"Port {port} .* taken .* --port {port + 1}"):
            state_folder.check_port("127.0.0.1", port)


def test_secrets_are_private_and_kept(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    settings = Settings.parse({"server": {"port": port}})
    first = state_folder.prepare(tmp_path, settings)
    state_folder.clear_run(first)
    second = state_folder.prepare(tmp_path, settings)
    try:
        for name in state_folder.SECRETS:
            assert len(second.secret(name)) == 64
            assert second.secret_file(name).stat().st_mode & 0o777 == 0o600
            assert first.secret(name) == second.secret(name)
        assert Site.load(tmp_path) == second
        assert not first.sockets.exists()
    finally:
        state_folder.clear_run(second)
    assert not second.sockets.exists()


def test_nothing_runs_here(tmp_path: Path) -> None:
    with pytest.raises(KontorError, match="Start it with `kontor up`"):
        Site.load(tmp_path)
