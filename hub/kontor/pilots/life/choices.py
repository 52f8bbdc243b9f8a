"""What the form offers to pick from; anything else can be typed."""

from __future__ import annotations

from typing import Final

FACILITIES: Final = (
    "MAX IV",
    "European Spallation Source",
    "DESY",
    "European XFEL",
    "Lund University Bioimaging Centre",
    "Danish cryoEM facilities",
    "Copenhagen proteomics platform",
)

NOTEBOOKS: Final[dict[str, str | None]] = {
    "7T MR": "10-mr-volume.ipynb",
    "MR imaging": "10-mr-volume.ipynb",
    "cryoEM": "20-cryoem-micrograph.ipynb",
    "mass spectrometry": "30-mass-spectrometry.ipynb",
    "neutron imaging": "40-neutron-nexus.ipynb",
    "synchrotron CT": None,
    "X-ray scattering": None,
    "light microscopy": None,
}
"""Technique -> the notebook with which its workspaces begin, where there is one."""


def notebook_for(technique: str) -> str | None:
    """The notebook of a technique, however its capitals are written."""
    known = {name.casefold(): notebook for name, notebook in NOTEBOOKS.items()}
    return known.get(technique.casefold())
