"""The wheel, opened: what a lab and a house need is in it, and nothing that belongs to the build."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

NEEDED = [
    r"kontor/py\.typed",
    r"kontor/jupyterhub_config\.py",
    r"kontor/people/partners\.toml",
    r"kontor/people/issuer/server\.mjs",
    r"kontor/people/issuer/personas\.json",
    r"kontor/pilots/demo\.toml",
    *(rf"kontor/locale/{language}/LC_MESSAGES/kontor\.po" for language in ("sv", "da", "de", "nb")),
    r"kontor/data/samples\.toml",
    r"kontor/migrations/versions/v0001_first_tables\.py",
    r"kontor/web/templates/lobby\.html",
    r"kontor/web/templates/hub/login\.html",
    r"kontor/web/static/kontor\.css",
    r"kontor/web/static/vendor/htmx\.min\.js",
    r"kontor/notebooks/01-first-steps\.ipynb",
    r"kontor_lab/app\.py",
    r"kontorhub-[0-9.]+\.data/data/share/jupyter/labextensions/kontor-lab/package\.json",
    r"kontorhub-[0-9.]+\.data/data/share/jupyter/labextensions/kontor-lab/static/remoteEntry\.[0-9a-f]+\.js",
    r"kontorhub-[0-9.]+\.data/data/share/jupyter/lab/settings/overrides\.json",
    r"kontorhub-[0-9.]+\.data/data/etc/jupyter/jupyter_server_config\.d/kontor_lab\.json",
    r"kontorhub-[0-9.]+\.dist-info/licenses/LICENSE",
]
FORBIDDEN = [
    r"node_modules",
    r"\.map$",
    r"__pycache__",
    r"(^|/)tests/",
    r"\.ipynb_checkpoints",
    r"\.tsx?$",
    r"\.env",
    r"\.orig$",
    r"/\.kontor$",
]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of everything in a wheel made now."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    (wheel,) = folder.glob("kontorhub-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return opened.namelist()


@pytest.mark.parametrize("pattern", NEEDED)
def test_it_has(names: list[str], pattern: str) -> None:
    assert [name for name in names if re.fullmatch(pattern, name)], pattern


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_it_has_no(names: list[str], pattern: str) -> None:
    assert not [name for name in names if re.search(pattern, name)]


def test_nothing_is_in_it_twice(names: list[str]) -> None:
    assert len(names) == len(set(names))
    assert len([name for name in names if "remoteEntry" in name]) == 1
