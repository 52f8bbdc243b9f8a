"""The words that are data elsewhere, marked for translation: what pages show of them is `_(word)` or a table here."""

from __future__ import annotations

from typing import Final

from kontor.words import N_, Spoken

COUNTRIES: Final = Spoken({"SE": N_("Sweden"), "DK": N_("Denmark"), "DE": N_("Germany"), "NO": N_("Norway")})
SECTORS: Final = Spoken(
    {
        "academia": N_("university"),
        "hospital": N_("hospital"),
        "company": N_("company"),
        "infrastructure": N_("facility"),
        "region": N_("region"),
        "cluster": N_("cluster organisation"),
    }
)
FORMATS: Final = {"nifti": "NIfTI", "mrc": "MRC", "mzml": "mzML", "nexus": "NeXus", "tiff": "TIFF"}
"""File formats as their makers write them, in every language."""

WORDS: Final = frozenset(
    {
        # roles of a pilot, offices of the installation
        N_("viewer"),
        N_("reviewer"),
        N_("runner"),
        N_("editor"),
        N_("lead"),
        N_("steward"),
        N_("operator"),
        # states of a pilot
        N_("proposed"),
        N_("declined"),
        N_("withdrawn"),
        N_("approved"),
        N_("active"),
        N_("closing"),
        N_("archived"),
        # classes of data
        N_("open"),
        N_("standard"),
        N_("sensitive"),
        N_("clinical"),
    }
)
"""Words of the tables of other rooms, which are their own English."""


def format_name(format: str) -> str:
    """A file format as its makers write it."""
    return FORMATS.get(format, format)
