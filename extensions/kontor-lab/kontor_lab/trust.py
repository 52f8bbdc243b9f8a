"""Notebooks without outputs are trusted when they are opened.

Jupyter shows pictures and sliders that arrive in an untrusted notebook as plain text. A notebook that came with the
workspace has no signature of this lab, so the second person in it would see text where the first, who runs the cells,
sees a slider. A notebook that holds no output holds nothing that could act by itself; what appears in it later, members
of this pilot have run. A notebook that brings outputs along is still asked for its signature.
"""

from __future__ import annotations

from typing import Any


def trust_without_outputs(notary: Any) -> None:
    """Let `notary` (nbformat.sign.NotebookNotary) accept notebooks without outputs. Doing it again changes nothing."""
    if getattr(notary, "_kontor_trust", False):
        return
    signed = notary.check_signature

    def check_signature(notebook: Any) -> bool:
        return not has_outputs(notebook) or bool(signed(notebook))

    notary.check_signature = check_signature
    notary._kontor_trust = True


def has_outputs(notebook: Any) -> bool:
    """Whether any cell of a notebook (nbformat 4) has an output."""
    return any(cell.get("outputs") for cell in notebook.cells)
