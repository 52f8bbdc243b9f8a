"""The process spawner: its environment, its arguments, and how a lab ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kontor.cli.state import SECRETS
from kontor.settings import Settings
from kontor.site import Ports, Site
from kontor.warmstart import folders
from kontor.warmstart.environment import lab_arguments, lab_environment
from kontor.warmstart.spawner import LabSpawner
from tests.waiting import until

RECORDER = """
import signal, sys, time
log = open(sys.argv[1], "a", buffering=1)
def heard(number, frame):
    log.write(signal.Signals(number).name + "\\n")
    if number == signal.SIGTERM:
        sys.exit(0)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, heard)
log.write("ready\\n")
signal.pause()
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    found = Site(tmp_path / "state", Settings(), Ports.choose(8000), tmp_path / "sockets")
    found.make_secrets(SECRETS)
    return found


async def test_a_lab_ends_with_sigterm_at_which_it_saves(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    spawner = LabSpawner()
    spawner.proc = subprocess.Popen([sys.executable, "-c", RECORDER, str(heard)])
    spawner.pid = spawner.proc.pid
    await until(lambda: heard.exists() and "ready" in heard.read_text(), "the process is ready")
    await spawner.stop()
    assert heard.read_text().split() == ["ready", "SIGTERM"]


@pytest.mark.parametrize("pilot", [None, "knee-mr"])
def test_no_secret_is_in_the_environment_or_the_arguments(site: Site, tmp_path: Path, pilot: str | None) -> None:
    environment = lab_environment(site, pilot, tmp_path / "home", tmp_path / "run", tmp_path / "sockets")
    said = " ".join([*environment.values(), *lab_arguments(tmp_path / "home")])
    assert not [name for name in SECRETS if site.secret(name) in said]


def test_only_a_workspace_finds_keys_to_data_by_itself(site: Site, tmp_path: Path) -> None:
    personal = lab_environment(site, None, tmp_path, tmp_path, tmp_path)
    workspace = lab_environment(site, "knee-mr", tmp_path, tmp_path, tmp_path)
    assert set(workspace) - set(personal) == {
        "KONTOR_PILOT",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }
    assert workspace["AWS_CONTAINER_CREDENTIALS_FULL_URI"].endswith("/api/store/credentials/knee-mr")


def test_a_new_folder_is_private_and_has_its_notebooks(site: Site) -> None:
    folder = folders.pilot_folder(site, "knee-mr", "10-mr-volume.ipynb")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in folder.iterdir()} == {
        "01-first-steps.ipynb",
        "10-mr-volume.ipynb",
        "raw",
        "results",
        "scratch",
        "outbox",
    }


def test_what_people_changed_stays(site: Site) -> None:
    folder = folders.person_folder(site, "uaaa")
    (folder / "01-first-steps.ipynb").write_text("mine")
    assert (folders.person_folder(site, "uaaa") / "01-first-steps.ipynb").read_text() == "mine"


def test_a_missing_notebook_leaves_nothing_half_made(site: Site) -> None:
    with pytest.raises(FileNotFoundError):
        folders.pilot_folder(site, "knee-mr", "no-such.ipynb")
    assert not (site.pilot_folders / "knee-mr").exists()
