"""What each role of a pilot means, in a sentence for whoever gives or has it."""

from __future__ import annotations

from typing import Final

from kontor.words import N_, Spoken

ROLE_WORDS: Final = Spoken(
    {
        "viewer": N_("Sees the pilot, its people, data and results."),
        "reviewer": N_("Sees everything and writes comments."),
        "runner": N_("Comments, and computes with the pilot's data on its clusters."),
        "editor": N_("Computes, and changes notebooks and files in the workspace."),
        "lead": N_("Works as an editor, and decides who belongs to the pilot and with which role."),
        "steward": N_("Looks after data and agreements; sees everything and changes nothing."),
    }
)
