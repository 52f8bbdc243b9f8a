"""The folders of people and pilots on this machine."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from kontor.pilots.folders.rights import make_folders
from kontor.site import Site, private_folder

_REPOSITORY_NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"


def notebooks_folder() -> Path:
    """Where the notebooks are: in the installed package, or in the repository beside it."""
    packaged = Path(str(files("kontor"))) / "notebooks"
    return packaged if packaged.is_dir() else _REPOSITORY_NOTEBOOKS


def person_folder(site: Site, account: str) -> Path:
    """A person's folder; made with the first-steps notebook when it is new."""
    return _folder(site.homes / account, ["01-first-steps.ipynb"])


def pilot_folder(site: Site, slug: str, notebook: str | None) -> Path:
    """A pilot's folder; made with first steps and the notebook of its technique when it is new."""
    chosen = ["01-first-steps.ipynb", *([notebook] if notebook else [])]
    folder = _folder(site.pilot_folders / slug, chosen)
    make_folders(folder)
    return folder


def _folder(path: Path, notebooks: list[str]) -> Path:
    """Make it beside its place and move it there whole, so that a start that is cut off leaves nothing half-made."""
    if path.is_dir():
        return path
    private_folder(path.parent)
    part = path.with_name(f".{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    private_folder(part)
    for name in notebooks:
        shutil.copyfile(notebooks_folder() / name, part / name)
    part.rename(path)
    return path
