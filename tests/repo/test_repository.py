"""The repository's own promises: locks without addresses, a closed top level, one version, the changelog."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import kontor

ROOT = Path(__file__).parents[2]
TOP = {"hub", "images", "notebooks", "extensions", "helm", "tests", "pyproject.toml"}
USUAL = {
    ".ci",
    ".gitignore",
    ".pre-commit-config.yaml",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "requirements.lock",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def test_the_top_level_is_closed() -> None:
    assert {path.split("/")[0] for path in tracked()} <= TOP | USUAL


@pytest.mark.parametrize("lock", ["requirements.lock", ".ci/uv.lock"])
def test_python_locks_have_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    for block in re.split(r"\n(?=[a-z0-9])", text.strip()):
        assert "==" in block.splitlines()[0]
        assert "--hash=sha256:" in block


@pytest.mark.parametrize("folder", ["hub", "extensions/kontor-lab"])
def test_javascript_locks_have_hashes_and_no_address(folder: str) -> None:
    text = (ROOT / folder / "package-lock.json").read_text()
    assert '"resolved": "http' not in text
    assert '"integrity": "sha' in text


def test_what_the_extras_ask_for_is_in_the_lock() -> None:
    locked = {
        line.split("==")[0]
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if re.match(r"[a-z0-9]", line)
    }
    wanted = [need for extra in PROJECT["project"]["optional-dependencies"].values() for need in extra]
    wanted += [need for group in PROJECT["dependency-groups"].values() for need in group]
    assert {re.split(r"[=<>\[;]", need)[0] for need in wanted} <= locked


def test_one_version() -> None:
    assert kontor.__version__ == PROJECT["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert newest
    assert newest.group(1) == kontor.__version__


def test_every_verb_of_the_makefile_is_explained() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony
    for verb in phony.group(1).split():
        assert re.search(rf"^{verb}:.*##", text, re.MULTILINE), f"make {verb} has no explanation"
